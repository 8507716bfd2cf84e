/**
 * Calls under way: those that wait to be sent, and those that wait for an answer.
 *
 * A call that was sent fails with its connection, because nobody can tell whether it was carried out; one that still
 * waits does not.
 */
import { onAbort } from './emitter.js';
import { QueueFullError, TimeoutError } from './errors.js';
import type { Pace } from './pace.js';
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
  /** How many may wait to be sent. */
  readonly maxQueuedRequests: number;
  /** A number that no other call of the client has. */
  nextId(): number;
  /** When to send. */
  readonly pace: Pace;
  /** Sends text; only while connected. */
  send(text: string): void;
}

/** The calls of one kind. */
export class Calls<Kind extends Call> {
  /** Those that wait for a connection, or for the server to listen. */
  readonly queued: Set<Kind> = new Set<Kind>();
  /** Those that wait for an answer, in the order of asking. */
  readonly pending: Set<Kind> = new Set<Kind>();
  readonly #settings: CallSettings;

  constructor(settings: CallSettings) {
    this.#settings = settings;
  }

  /** Sends a call, or lets it wait behind those that do already. */
  dispatch(call: Kind): void {
    const { queued } = this;
    const { maxQueuedRequests, pace } = this.#settings;
    if (queued.size === 0 && pace.hasRoom()) this.send(call);
    else if (queued.size < maxQueuedRequests) {
      queued.add(call);
      pace.takeTurn(call, () => {
        queued.delete(call);
        this.send(call);
      });
    } else call.fail(new QueueFullError(call.type, maxQueuedRequests));
  }

  /** Sends a call whose turn it is. */
  send(call: Kind): void {
    this.#settings.send(call.text);
    this.pending.add(call);
    call.sent?.();
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
      this.#settings.pace.leave(call);
      this.queued.delete(call);
      this.pending.delete(call);
    };
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
