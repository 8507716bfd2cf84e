/**
 * Calls under way: those that wait for a connection, and those that wait for an answer.
 *
 * A call that was sent fails with its connection, because nobody can tell whether it was carried out; one that still
 * waits does not.
 */
import { onAbort } from './emitter.js';
import { QueueFullError, TimeoutError } from './errors.js';
import { later } from './platform.js';
import type { RequestOptions } from './requests.js';

/** One call, from asking to its end. */
export interface Call {
  /** What was asked for. */
  readonly type: string;
  /** What to send. */
  readonly text: string;
  /** Ends it without an answer. */
  fail(error: unknown): void;
  /** It has been sent. */
  sent?(): void;
}

/** Where calls go out. */
export interface CallSettings {
  /** How long one may take, where nothing else is said. */
  readonly requestTimeoutMs: number;
  /** How many may wait for a connection. */
  readonly maxQueuedRequests: number;
  /** A number that no other call of the client has. */
  nextId(): number;
  /** Sends text if there is a connection, and says whether there was one. */
  send(text: string): boolean;
}

/** The calls of one kind. */
export class Calls<Kind extends Call> {
  /** Those that wait for a connection. */
  readonly queued: Set<Kind> = new Set<Kind>();
  /** Those that wait for an answer, in the order of asking. */
  readonly pending: Set<Kind> = new Set<Kind>();
  readonly #settings: CallSettings;

  constructor(settings: CallSettings) {
    this.#settings = settings;
  }

  /** Sends a call, or lets it wait. */
  dispatch(call: Kind): void {
    const { maxQueuedRequests } = this.#settings;
    if (this.#settings.send(call.text)) {
      this.pending.add(call);
      call.sent?.();
    } else if (this.queued.size < maxQueuedRequests) this.queued.add(call);
    else call.fail(new QueueFullError(call.type, maxQueuedRequests));
  }

  /**
   * Fails a call that takes too long or is given up, and throws where it was given up before; the returned function ends
   * the watch and forgets the call.
   */
  watch(call: Kind, { timeoutMs = this.#settings.requestTimeoutMs, signal }: RequestOptions): () => void {
    signal?.throwIfAborted();
    const timer = later(() => {
      call.fail(new TimeoutError(call.type, timeoutMs));
    }, timeoutMs);
    const detach = onAbort(signal, () => {
      call.fail(signal?.reason);
    });
    return () => {
      clearTimeout(timer);
      detach();
      this.queued.delete(call);
      this.pending.delete(call);
    };
  }

  /** A connection is open: sends what waits. */
  flush(): void {
    const waiting = [...this.queued];
    this.queued.clear();
    for (const call of waiting) this.dispatch(call);
  }

  /** The connection is lost: what was sent fails. */
  failPending(error: Error): void {
    for (const call of [...this.pending]) call.fail(error);
  }

  /** The client is closed: everything fails. */
  failAll(error: Error): void {
    for (const call of [...this.queued, ...this.pending]) call.fail(error);
  }
}
