/**
 * What a call can fail with.
 *
 * Aborted calls reject with the signal's own reason, as everywhere on the platform. All the others say by `retry`
 * whether the same again may succeed.
 */
import type { Retry } from './protocol/codes.js';

/** One offending member of a payload. */
export interface FieldError {
  /** JSON pointer into the payload: `/symbol`. */
  readonly pointer: string;
  /** The schema keyword that was violated: `required`. */
  readonly rule?: string;
  /** For a person. */
  readonly message: string;
}

/** What the server says about a failure. */
export interface Failure {
  /** A code of the framework, or one the document declares. */
  readonly code: string;
  /** For a person. */
  readonly message: string;
  /** Whether the same again may succeed. */
  readonly retry: Retry;
  /** The offending members of the payload. */
  readonly errors: readonly FieldError[];
  /** Whatever the document declares for this code. */
  readonly details?: unknown;
}

/** The server refused a request or a subscription. */
export class RequestError<Code extends string = string, Details = unknown> extends Error implements Failure {
  override readonly name = 'RequestError';
  /** What was asked for: `orders.place`, `bars.subscribe`. */
  declare readonly type: string;
  /** A code of the framework, or one the document declares. */
  declare readonly code: Code;
  /** Whether the same again may succeed. */
  declare readonly retry: Retry;
  /** The offending members of the payload. */
  declare readonly errors: readonly FieldError[];
  /** Whatever the document declares for this code. */
  declare readonly details: Details | undefined;

  constructor(type: string, failure: Failure & { readonly code: Code; readonly details?: Details }) {
    super(failure.message);
    Object.assign(this, failure, { type });
  }
}

/** The connection ended, or never came to be, before the answer. */
export class ConnectionClosedError extends Error {
  override readonly name = 'ConnectionClosedError';
  /** Close code; 1006 where the connection broke without one, 1000 after `client.close()`. */
  readonly code: number;
  /** The reason that the other side gave. */
  readonly reason: string;
  /** Whether the same again may succeed; the server may have done its work before the connection ended. */
  readonly retry: Retry;

  constructor(code: number, reason: string, retry: Retry) {
    super(
      reason === ''
        ? `Connection closed (${String(code)})`
        : `Connection closed: ${reason} (${String(code)})`,
    );
    this.code = code;
    this.reason = reason;
    this.retry = retry;
  }
}

/** No answer came in time. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  /** What was asked for. */
  readonly type: string;
  /** How long it was waited for. */
  readonly timeoutMs: number;
  /** The same again may succeed; the server may have done its work nevertheless. */
  readonly retry: Retry = 'later';

  constructor(type: string, timeoutMs: number) {
    super(`No answer to ${type} within ${String(timeoutMs)} ms`);
    this.type = type;
    this.timeoutMs = timeoutMs;
  }
}

/** Too many requests wait to be sent already. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  /** What was asked for. */
  readonly type: string;
  /** The same again may succeed once those have been sent. */
  readonly retry: Retry = 'later';

  constructor(type: string, limit: number) {
    super(`${type} was not sent: ${String(limit)} wait already`);
    this.type = type;
  }
}

/** What the contract must name, or the caller has mistyped it. */
export function known<T>(value: T | undefined, what: string, name: string): T {
  if (value === undefined) throw new TypeError(`No such ${what}: ${name}`);
  return value;
}

/** Whether a failure is a refusal by the server, with this code if one is given. */
export function isRequestError<Code extends string = string>(
  error: unknown,
  code?: Code,
): error is RequestError<Code> {
  return error instanceof RequestError && (code === undefined || error.code === code);
}
