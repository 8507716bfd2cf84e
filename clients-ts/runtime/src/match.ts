/**
 * Recognises the messages of plain operations, as far as that goes without a schema validator.
 *
 * Pure functions over parsed JSON, or over the text itself where it is not JSON.
 */
import type { FrameShape, JsonType, MessageContract } from './contract.js';
import { isObject } from './protocol/frames.js';

/** By their source, as contracts have it. */
const expressions = new Map<string, RegExp | undefined>();

/** The message that a frame is: tags first, then shapes in their order; bare text only matches text. */
export function findMessage(
  messages: readonly MessageContract[],
  frame: unknown,
  isJson: boolean,
): MessageContract | undefined {
  if (!isJson) return messages.find(({ match }) => match.kind === 'text' && fitsText(match, String(frame)));
  const tagged = messages.find(
    ({ match }) => match.kind === 'tag' && readPointer(frame, match.pointer) === match.value,
  );
  return tagged ?? messages.find(({ match }) => match.kind === 'shape' && fitsShape(match.shape, frame));
}

/** The value at a JSON pointer; `undefined` where there is none. */
export function readPointer(value: unknown, pointer: string): unknown {
  let current = value;
  for (const segment of segments(pointer)) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, segment)) return undefined;
    current = (current as Record<string, unknown>)[segment];
  }
  return current;
}

/**
 * A copy with another value at a JSON pointer, and with the objects on the way that are absent; the value itself where
 * the pointer leads nowhere.
 */
export function withPointer(value: unknown, pointer: string, member: unknown): unknown {
  const set = (target: unknown, path: readonly string[]): unknown => {
    const [segment, ...rest] = path;
    if (segment === undefined) return member;
    if (Array.isArray(target)) {
      return target.map((item: unknown, index) => (String(index) === segment ? set(item, rest) : item));
    }
    const isPlace = isObject(target) || target === undefined;
    return isPlace ? { ...target, [segment]: set(target?.[segment], rest) } : target;
  };
  return set(value, segments(pointer));
}

function segments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function fitsText(
  match: { readonly pattern?: string; readonly values?: readonly string[] },
  text: string,
): boolean {
  if (match.values !== undefined && !match.values.includes(text)) return false;
  return match.pattern === undefined || expressionOf(match.pattern)?.test(text) === true;
}

/** Built once, not for every frame; `undefined` where the pattern is none in this language. */
function expressionOf(pattern: string): RegExp | undefined {
  if (!expressions.has(pattern)) {
    let expression: RegExp | undefined;
    try {
      expression = new RegExp(pattern, 'u');
    } catch {
      // Nothing fits it, and the frame is surfaced as unknown.
    }
    expressions.set(pattern, expression);
  }
  return expressions.get(pattern);
}

function fitsShape(shape: FrameShape, value: unknown): boolean {
  if (shape.type !== undefined && ![shape.type].flat().some((type) => hasType(value, type))) return false;
  if (shape.values !== undefined && !shape.values.some((allowed) => allowed === value)) return false;
  if (shape.required?.every((key) => isObject(value) && Object.hasOwn(value, key)) === false) return false;
  if (shape.items !== undefined && !fitsItems(shape.items, value)) return false;
  return Object.entries(shape.members ?? {}).every(
    ([key, member]) => !isObject(value) || !Object.hasOwn(value, key) || fitsShape(member, value[key]),
  );
}

function fitsItems(items: readonly FrameShape[], value: unknown): boolean {
  if (!Array.isArray(value) || value.length < items.length) return false;
  return items.every((item, index) => fitsShape(item, value[index]));
}

function hasType(value: unknown, type: JsonType): boolean {
  if (value === null) return type === 'null';
  if (Array.isArray(value)) return type === 'array';
  if (typeof value === 'bigint') return type === 'integer' || type === 'number';
  return typeof value === type || (type === 'integer' && Number.isInteger(value));
}
