/**
 * Topic strings: the route and the canonical JSON of the declared parameters.
 *
 * The server writes the same bytes from the same parameters, so equal subscriptions are recognised without asking.
 * The rules stand in PROTOCOL.md, the proof in `tests/vectors/topics.json`, which both sides read.
 */
import type { ParamShape } from './contract.js';
import { isObject } from './protocol/frames.js';

const largestInt64 = 2n ** 64n;
const smallestInt64 = -(2n ** 63n);

/** The topic of a route and parameters; `shape` holds the declared members with their defaults. */
export function canonicalTopic(route: string, params: unknown, shape: ParamShape): string {
  return `${route}:${canonicalJson(declaredMembers(params, shape))}`;
}

/** Every declared member and no other: absent ones take their default, `null` and nothing are the empty string. */
function declaredMembers(params: unknown, shape: ParamShape): Map<string, unknown> {
  const given = isObject(params) ? params : {};
  const members = new Map<string, unknown>();
  for (const [key, member] of Object.entries(shape)) {
    const own = Object.hasOwn(given, key) ? given[key] : undefined;
    const value = own === undefined ? member.default : own;
    const nested = member.members !== undefined && isObject(value);
    members.set(key, nested ? declaredMembers(value, member.members) : (value ?? ''));
  }
  return members;
}

/** RFC 8785, with one addition: integers that fit 64 bits keep all their digits. */
function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return canonicalInteger(value);
  if (Array.isArray(value)) return `[${value.map((item: unknown) => canonicalJson(item ?? null)).join(',')}]`;
  if (value instanceof Map) return canonicalObject([...(value as Map<string, unknown>)]);
  if (isObject(value)) return canonicalObject(Object.entries(value));
  return JSON.stringify(value);
}

function canonicalInteger(value: bigint): string {
  const fits = value >= smallestInt64 && value < largestInt64;
  return fits ? value.toString() : JSON.stringify(Number(value));
}

function canonicalObject(entries: [string, unknown][]): string {
  const members = entries
    .filter(([, value]) => value !== undefined)
    // Without a locale, `<` compares UTF-16 code units, which is what RFC 8785 asks for.
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${canonicalJson(value)}`);
  return `{${members.join(',')}}`;
}
