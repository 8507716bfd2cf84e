/**
 * Requests under way: those that wait for a connection and those that wait for an answer.
 *
 * Bookkeeping only: what to send goes out through `send`, answers come in through `settle`. A request that was sent
 * fails with its connection, because nobody can tell whether it was carried out; one that still waits does not.
 */
import { onAbort } from './emitter.js';
import { QueueFullError, RequestError, TimeoutError } from './errors.js';
import { encodeFrame, readReply, type Frame } from './protocol/frames.js';

/** Options of one request. */
export interface RequestOptions {
  /** How long the request may take, in milliseconds. Default: the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Gives the request up; the server may carry it out nevertheless. */
  readonly signal?: AbortSignal;
}

/** What the bookkeeping needs. */
export interface RequestsSettings {
  readonly timeoutMs: number;
  readonly maxQueued: number;
  /** Sends text if there is a connection, and says whether there was one. */
  send(text: string): boolean;
}

interface Call {
  readonly id: string;
  readonly type: string;
  readonly text: string;
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The requests of one client. */
export interface Requests {
  /** How many wait for a connection. */
  readonly queuedCount: number;
  /** Asks, and resolves with the payload of the answer. */
  call(type: string, payload: unknown, options?: RequestOptions): Promise<unknown>;
  /** A frame came; says whether it answered a request. */
  settle(frame: Frame): boolean;
  /** A connection is open: sends what waits. */
  flush(): void;
  /** The connection is lost: what was sent fails. */
  failPending(error: Error): void;
  /** The client is closed: everything fails. */
  failAll(error: Error): void;
}

/** Creates an empty bookkeeping. */
export function createRequests(settings: RequestsSettings): Requests {
  const queued = new Map<string, Call>();
  const pending = new Map<string, Call>();
  let lastId = 0;

  const dispatch = (call: Call): void => {
    if (settings.send(call.text)) pending.set(call.id, call);
    else if (queued.size < settings.maxQueued) queued.set(call.id, call);
    else call.reject(new QueueFullError(call.type, settings.maxQueued));
  };
  const forget = (id: string): void => {
    queued.delete(id);
    pending.delete(id);
  };
  const fail = (calls: Map<string, Call>, error: Error): void => {
    for (const call of [...calls.values()]) call.reject(error);
  };

  return {
    get queuedCount(): number {
      return queued.size;
    },
    call(type, payload, { timeoutMs = settings.timeoutMs, signal } = {}) {
      return new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        lastId += 1;
        const id = String(lastId);
        const text = encodeFrame(type, id, payload);
        const timer = setTimeout(() => {
          call.reject(new TimeoutError(type, timeoutMs));
        }, timeoutMs);
        const detach = onAbort(signal, () => {
          call.reject(signal?.reason);
        });
        const done = (): void => {
          clearTimeout(timer);
          detach();
          forget(id);
        };
        const call: Call = {
          id,
          type,
          text,
          resolve: (answer) => {
            done();
            resolve(answer);
          },
          reject: (error) => {
            done();
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of an AbortSignal is whatever its owner chose
            reject(error);
          },
        };
        dispatch(call);
      });
    },
    settle(frame) {
      const call = pending.get(String(frame.id));
      if (call === undefined) return false;
      const reply = readReply(frame);
      if (reply.ok) call.resolve(reply.payload);
      else call.reject(new RequestError(call.type, reply.failure));
      return true;
    },
    flush() {
      const waiting = [...queued.values()];
      queued.clear();
      for (const call of waiting) dispatch(call);
    },
    failPending(error) {
      fail(pending, error);
    },
    failAll(error) {
      fail(queued, error);
      fail(pending, error);
    },
  };
}
