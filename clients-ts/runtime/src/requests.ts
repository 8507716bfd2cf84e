/**
 * Requests under way: those that wait for a connection and those that wait for an answer.
 *
 * Bookkeeping only: what to send goes out through `send`, answers come in through `settle`. A request that was sent
 * fails with its connection, because nobody can tell whether it was carried out; one that still waits does not.
 */
import type { EnvelopeContract } from './contract.js';
import { onAbort } from './emitter.js';
import { QueueFullError, RequestError, TimeoutError } from './errors.js';
import { encodeFrame, readReply, type Frame, type Position } from './protocol/frames.js';

/** Options of one request. */
export interface RequestOptions {
  /** How long the request may take, in milliseconds. Default: the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Gives the request up; the server may carry it out nevertheless. */
  readonly signal?: AbortSignal | undefined;
}

/** What the bookkeeping needs. */
export interface RequestsSettings {
  readonly timeoutMs: number;
  readonly maxQueued: number;
  /** How frames wrap payloads, where not as usual. */
  readonly envelope?: EnvelopeContract | undefined;
  /** Sends text if there is a connection, and says whether there was one. */
  send(text: string): boolean;
}

/** How a request ended. */
export type Answer =
  | { readonly ok: true; readonly payload: unknown; readonly frame: Frame }
  | { readonly ok: false; readonly error: unknown };

interface Call {
  readonly id: string;
  readonly type: string;
  readonly text: string;
  readonly finish: (answer: Answer) => void;
}

/** The requests of one client. */
export interface Requests {
  /** How many wait for a connection. */
  readonly queuedCount: number;
  /** Asks, and resolves with the payload of the answer. */
  call(type: string, payload: unknown, options?: RequestOptions): Promise<unknown>;
  /** Asks, and calls back before the next frame is looked at, which a promise would not. */
  ask(
    type: string,
    payload: unknown,
    options: RequestOptions,
    onAnswer: (answer: Answer) => void,
    since?: Position,
  ): void;
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
    else call.finish({ ok: false, error: new QueueFullError(call.type, settings.maxQueued) });
  };
  const fail = (calls: Map<string, Call>, error: Error): void => {
    for (const call of [...calls.values()]) call.finish({ ok: false, error });
  };
  const ask: Requests['ask'] = (
    type,
    payload,
    { timeoutMs = settings.timeoutMs, signal },
    onAnswer,
    since,
  ) => {
    lastId += 1;
    const id = String(lastId);
    const text = encodeFrame(type, id, payload, settings.envelope, since);
    const finish = (answer: Answer): void => {
      clearTimeout(timer);
      detach();
      queued.delete(id);
      pending.delete(id);
      onAnswer(answer);
    };
    const timer = setTimeout(() => {
      finish({ ok: false, error: new TimeoutError(type, timeoutMs) });
    }, timeoutMs);
    const detach = onAbort(signal, () => {
      finish({ ok: false, error: signal?.reason });
    });
    dispatch({ id, type, text, finish });
  };

  return {
    get queuedCount(): number {
      return queued.size;
    },
    ask,
    call(type, payload, options = {}) {
      return new Promise((resolve, reject) => {
        options.signal?.throwIfAborted();
        ask(type, payload, options, (answer) => {
          if (answer.ok) resolve(answer.payload);
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of an AbortSignal is whatever its owner chose
          else reject(answer.error);
        });
      });
    },
    settle(frame) {
      const call = pending.get(String(frame.id));
      if (call === undefined) return false;
      const reply = readReply(frame);
      call.finish(
        reply.ok ? { ...reply, frame } : { ok: false, error: new RequestError(call.type, reply.failure) },
      );
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
