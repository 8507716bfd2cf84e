/**
 * Frames and their envelope: `{"type","id"?,"topic"?,"payload"?}` as PROTOCOL.md describes it, or one of other members.
 *
 * Pure data: reads parsed JSON and writes text; knows no socket.
 */
import type { EnvelopeContract } from '../contract.js';
import type { Failure, FieldError } from '../errors.js';
import { stringifyJson, type Int64 } from '../json.js';
import type { Retry } from './codes.js';

/** An incoming frame. */
export interface Frame {
  /** `<route>.<verb>`, a request's answer, a broadcast or a control message. */
  readonly type: string;
  /** Of the request it answers. */
  readonly id?: string | number;
  /** Of the topic it belongs to. */
  readonly topic?: string;
  /** Typed by the document. */
  readonly payload?: unknown;
  /** Position of the publication, where the topic has history. */
  readonly offset?: Int64;
  /** Changes whenever offsets start anew. */
  readonly epoch?: string;
  /** Of the reply to a subscriber that comes back: whether all that it missed follows. */
  readonly recovered?: boolean;
  /** Why it does not. */
  readonly reason?: string;
  /** How many values this one stands for. */
  readonly conflated?: number;
  /** How many older values were dropped just before it. */
  readonly dropped?: number;
  /** When the server sent it, where the envelope says so. */
  readonly timestamp?: string;
}

/** Where a subscriber stands: it knows everything up to this offset. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** What the server says before a close that it plans. */
export interface ClosingNotice {
  /** Name of the condition: `shutting-down`. */
  readonly condition: string;
  /** Close code to come. */
  readonly code: number;
  /** Close reason to come. */
  readonly reason: string;
  /** What to do then. */
  readonly retry: Retry;
  /** Not to come back sooner than this. */
  readonly retry_after_ms?: number;
}

/** The members that have a value. */
export function given<T extends object>(members: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

/** The frame in a parsed message; `undefined` where it is not one. */
export function asFrame(message: unknown, envelope?: EnvelopeContract): Frame | undefined {
  if (!isObject(message)) return undefined;
  if (envelope === undefined) {
    return typeof message['type'] === 'string' ? (message as unknown as Frame) : undefined;
  }
  const { tag = 'type', body = 'payload', timestamp } = envelope;
  const type = message[tag];
  if (typeof type !== 'string') return undefined;
  const sent = timestamp === undefined ? undefined : message[timestamp];
  const time = typeof sent === 'string' ? { timestamp: sent } : {};
  if (body !== 'flat') return { ...(message as unknown as Frame), type, payload: message[body], ...time };
  const id = message['id'];
  const beside = Object.entries(message).filter(([key]) => key !== tag && key !== timestamp);
  const mark = typeof id === 'string' || typeof id === 'number' ? { id } : {};
  return { type, payload: Object.fromEntries(beside), ...mark, ...time };
}

/** Text of an outgoing frame. */
export function encodeFrame(
  type: string,
  id: string | undefined,
  payload?: unknown,
  envelope: EnvelopeContract = {},
  since?: Position,
): string {
  const { tag = 'type', clientTag = tag, body = 'payload' } = envelope;
  // What is undefined is not written.
  const head = { [clientTag]: type, id, since };
  if (body === 'flat') return stringifyJson({ ...head, ...(isObject(payload) ? payload : {}) });
  return stringifyJson({ ...head, [body]: payload });
}

/** Whether an answer says that something failed. */
export function isFailure({ type, payload }: Frame): boolean {
  return type === 'error' || (isObject(payload) && payload['status'] === 'error');
}

/** Reads the payload of a frame that says why something failed. */
export function readFailure(frame: Frame): Failure {
  const payload = isObject(frame.payload) ? frame.payload : {};
  return {
    code: text(payload['code'], 'internal'),
    message: text(payload['message'], 'The request failed'),
    retry: readRetry(payload['retry']) ?? 'never',
    errors: Array.isArray(payload['errors']) ? (payload['errors'] as FieldError[]) : [],
    details: payload['details'],
  };
}

/** Reads the notice of a `closing` frame; `undefined` where it is malformed. */
export function readClosingNotice(frame: Frame): ClosingNotice | undefined {
  const payload = frame.payload;
  if (!isObject(payload) || typeof payload['code'] !== 'number') return undefined;
  const after = payload['retry_after_ms'];
  return {
    condition: text(payload['condition'], ''),
    code: payload['code'],
    reason: text(payload['reason'], ''),
    retry: readRetry(payload['retry']) ?? 'later',
    ...(typeof after === 'number' ? { retry_after_ms: after } : {}),
  };
}

/** How many updates the server dropped, as a `resync` tells. */
export function readDropped(payload: unknown): number {
  return isObject(payload) ? Number(payload['dropped'] ?? 0) : 0;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readRetry(value: unknown): Retry | undefined {
  return value === 'never' || value === 'later' || value === 'now' ? value : undefined;
}

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
