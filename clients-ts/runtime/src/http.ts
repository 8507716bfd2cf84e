/**
 * Requests over plain HTTP: what a document offers beside its socket, for generated code that types it.
 *
 * An entry point of its own, `bellwire/http`: pages that only use the socket do not load it. Failures are the same as
 * there. Nothing is kept or repeated; caches are the platform's.
 */
import { onAbort } from './emitter.js';
import { ConnectionClosedError, RequestError, TimeoutError, type Failure } from './errors.js';
import { parseJson, stringifyJson } from './json.js';
import { later } from './platform.js';
import { isObject, readFailure } from './protocol/frames.js';
import type { RequestOptions } from './requests.js';
import type { TokenSource } from './token.js';

/** How requests are made; every option has a default. */
export interface HttpOptions {
  /** A token, or where to get one; asked before every request and sent as `Authorization: Bearer`. */
  readonly token?: TokenSource | undefined;
  /** The function to use. Default: the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How long a request may take, the answer's body included, in milliseconds. Default: 10 000. */
  readonly requestTimeoutMs?: number | undefined;
}

/** What a server always tells of its health; a request of the document at that path adds to it. */
export interface ServerHealth {
  /** `draining`: it is about to stop. */
  readonly status: 'healthy' | 'draining';
  /** How many connections are open. */
  readonly active_connections: number;
  /** When this was so, ISO 8601 in UTC. */
  readonly timestamp: string;
}

/** One request, as the generator writes it down. */
export interface HttpCall {
  /** What errors call it. */
  readonly type: string;
  /** The HTTP method; `GET` by default. */
  readonly method?: string;
  /** Path, `{member}` expressions included: `/charts/{timeframe}.png`. */
  readonly path: string;
  /** What stands in the path for members that are left out. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Whether the payload is the body; without that, what the path does not name goes into the query. */
  readonly body?: true;
  /** How lists are written in the query: repeated, or as JSON. */
  readonly lists?: 'json';
  /** What the answer is, where it is not JSON: bytes, or not looked at. */
  readonly answer?: 'bytes' | 'nothing';
}

/** Makes a request; generated code knows what it resolves with. */
export type Http = <Answer>(call: HttpCall, payload?: unknown, options?: RequestOptions) => Promise<Answer>;

/** Requests to the server at this address, `http://localhost:8000`; the empty one is the page's own. */
export function createHttp(base: string | URL, options: HttpOptions = {}): Http {
  const { token, requestTimeoutMs = 10_000 } = options;
  const origin = base.toString().replace(/\/+$/, '');
  return async <Answer>(call: HttpCall, payload?: unknown, { signal, timeoutMs }: RequestOptions = {}) => {
    const { path, body } = written(call, payload);
    const make = async (signal: AbortSignal): Promise<unknown> => {
      const bearer = typeof token === 'function' ? await token() : token;
      const headers = {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      };
      const init = { method: call.method ?? 'GET', headers, signal, ...(body === undefined ? {} : { body }) };
      return answered(call, () => (options.fetch ?? fetch)(origin + path, init));
    };
    return (await inTime(call.type, timeoutMs ?? requestTimeoutMs, signal, make)) as Answer;
  };
}

/** Ends the work when its time is up or its caller gives up, whatever it is waiting for. */
async function inTime<Value>(
  type: string,
  timeoutMs: number,
  given: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  given?.throwIfAborted();
  const control = new AbortController();
  const { signal } = control;
  const timer = later(() => {
    control.abort(new TimeoutError(type, timeoutMs));
  }, timeoutMs);
  const detach = onAbort(given, () => {
    control.abort(given?.reason);
  });
  const ended = new Promise<never>((_resolve, reject) => {
    onAbort(signal, () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of an AbortSignal is whatever its owner chose
      reject(signal.reason);
    });
  });
  try {
    return await Promise.race([ended, work(signal)]);
  } finally {
    clearTimeout(timer);
    detach();
  }
}

/** The path with its query, and the body; throws `TypeError` where the path lacks a member or would lead elsewhere. */
function written(call: HttpCall, payload: unknown): { readonly path: string; readonly body?: string } {
  const rest: Record<string, unknown> = isObject(payload) ? { ...payload } : {};
  let path = call.path.replace(/\{([^}]+)\}/g, (_match, name: string) => {
    const value = rest[name] ?? call.defaults?.[name] ?? '';
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a copy of our own
    delete rest[name];
    if (value === '') throw new TypeError(`The path ${call.path} needs the member ${name}`);
    return encodeURIComponent(text(value));
  });
  // Encoded or not, `fetch` would walk up: `/accounts/../orders` is `/orders`.
  if (/\/\.\.?(\/|$)/.test(path)) throw new TypeError(`The path ${call.path} cannot lead to ${path}`);
  // What is no object goes as it is.
  if (call.body) return { path, body: stringifyJson(path === call.path ? payload : rest) };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined || value === null) continue;
    const isList = Array.isArray(value) && call.lists !== 'json';
    const items = isList ? value.map(text) : [text(value)];
    // One that comes once is split at commas, and empty items do not count.
    if (isList && (items.length === 0 || (items.length === 1 && items[0]?.includes(',')))) items.push('');
    for (const item of items) query.append(name, item);
  }
  const pairs = query.toString();
  if (pairs !== '') path += `?${pairs}`;
  return { path };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : stringifyJson(value);
}

/** What came back, or why nothing did. */
async function answered(call: HttpCall, ask: () => Promise<Response>): Promise<unknown> {
  let answer: Response;
  let body: Blob | string;
  try {
    answer = await ask();
    body = answer.ok && call.answer === 'bytes' ? await answer.blob() : await answer.text();
  } catch {
    // What the platform says of a failed request may repeat its headers, and so the token.
    throw new ConnectionClosedError(1006, 'No answer', 'later');
  }
  if (typeof body !== 'string') return body;
  const value = readJson(body);
  if (!answer.ok) throw new RequestError(call.type, failure(answer.status, value));
  if (call.answer === 'nothing' || answer.status === 204) return undefined;
  if (value === undefined) throw new RequestError(call.type, failure(answer.status, value));
  return value;
}

function readJson(body: string): unknown {
  try {
    return parseJson(body);
  } catch {
    return undefined;
  }
}

/** Codes of the framework that have a status of their own, for answers of a proxy between. */
const codes: Readonly<Record<number, string>> = {
  400: 'invalid-json',
  401: 'not-authenticated',
  403: 'forbidden',
  404: 'unknown-type',
  429: 'rate-limited',
  503: 'shutting-down',
  504: 'request-timeout',
};

function failure(status: number, payload: unknown): Failure {
  if (isObject(payload) && typeof payload['code'] === 'string')
    return readFailure({ type: 'error', payload });
  return {
    code: codes[status] ?? 'internal',
    message: `The server answered ${String(status)} in words of its own`,
    retry: status >= 500 || status === 429 ? 'later' : 'never',
    errors: [],
  };
}
