/**
 * Operations written in plain AsyncAPI: whole frames instead of the standard envelope.
 *
 * An operation with a declared reply resolves with it: by correlation id where the document says where the id stands,
 * else with the first frame that is one of the reply's messages, in the order of asking.
 */
import type { Contract, Correlation, OperationContract } from './contract.js';
import { createListeners, onAbort, type Listeners, type Report, type Unsubscribe } from './emitter.js';
import { QueueFullError, TimeoutError } from './errors.js';
import { stringifyJson } from './json.js';
import { findMessage, readPointer, withPointer } from './match.js';
import type { RequestOptions } from './requests.js';

/** What stands beside a message of a plain operation. */
export interface MessageMeta {
  /** Its name in the document. */
  readonly message: string;
}

/** What the operations need. */
export interface OperationsSettings {
  readonly contract: Contract;
  readonly timeoutMs: number;
  readonly maxQueued: number;
  readonly report: Report;
  /** Sends text if there is a connection, and says whether there was one. */
  send(text: string): boolean;
}

/** The plain operations of one client. */
export interface Operations {
  /** Whether anyone listens or waits. */
  readonly isInUse: boolean;
  /** Sends a message; resolves with the declared reply, or once sent where none is declared. */
  send(name: string, message: unknown, options?: RequestOptions): Promise<unknown>;
  /** Listens to what the server sends. */
  on(
    name: string,
    listener: (message: unknown, meta: MessageMeta) => void,
    signal?: AbortSignal,
  ): Unsubscribe;
  /** A frame came; says whether an operation knows it. */
  deliver(frame: unknown, isJson: boolean): boolean;
  /** A connection is open: sends what waits. */
  flush(): void;
  /** The connection is lost: what was sent fails. */
  failPending(error: Error): void;
  /** The client is closed: everything fails, and listeners go. */
  close(error: Error): void;
}

interface Call {
  readonly operation: OperationContract;
  readonly name: string;
  readonly text: string;
  /** The id in the message; `undefined` where the document correlates by nothing. */
  readonly id: unknown;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Creates the operations of a contract. */
export function createOperations(settings: OperationsSettings): Operations {
  return new PlainOperations(settings);
}

class PlainOperations implements Operations {
  readonly #settings: OperationsSettings;
  readonly #queued = new Set<Call>();
  readonly #pending = new Set<Call>();
  readonly #listeners = new Map<string, Listeners<[unknown, MessageMeta]>>();
  #lastId = 0;

  constructor(settings: OperationsSettings) {
    this.#settings = settings;
    for (const [name, operation] of Object.entries(settings.contract.operations ?? {})) {
      if (operation.action === 'send') this.#listeners.set(name, createListeners(settings.report));
    }
  }

  get isInUse(): boolean {
    return this.#queued.size > 0 || [...this.#listeners.values()].some((listeners) => listeners.size > 0);
  }

  send(name: string, message: unknown, options: RequestOptions = {}): Promise<unknown> {
    const operation = this.#settings.contract.operations?.[name];
    if (operation?.action !== 'receive') throw new TypeError(`No such operation to send: ${name}`);
    const { timeoutMs = this.#settings.timeoutMs, signal } = options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = setTimeout(() => {
        call.reject(new TimeoutError(name, timeoutMs));
      }, timeoutMs);
      const detach = onAbort(signal, () => {
        call.reject(signal?.reason);
      });
      const done = (): void => {
        clearTimeout(timer);
        detach();
        this.#queued.delete(call);
        this.#pending.delete(call);
      };
      const call: Call = {
        operation,
        name,
        ...this.#encode(operation, message),
        resolve: (reply) => {
          done();
          resolve(reply);
        },
        reject: (error) => {
          done();
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of an AbortSignal is whatever its owner chose
          reject(error);
        },
      };
      this.#dispatch(call);
    });
  }

  on(
    name: string,
    listener: (message: unknown, meta: MessageMeta) => void,
    signal?: AbortSignal,
  ): Unsubscribe {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) throw new TypeError(`No such operation to listen to: ${name}`);
    return listeners.add(listener, signal);
  }

  deliver(frame: unknown, isJson: boolean): boolean {
    if (this.#answer(frame, isJson)) return true;
    let isKnown = false;
    for (const [name, listeners] of this.#listeners) {
      const message = findMessage(this.#settings.contract.operations?.[name]?.messages ?? [], frame, isJson);
      if (message === undefined) continue;
      isKnown = true;
      listeners.emit(frame, { message: message.name });
    }
    return isKnown;
  }

  flush(): void {
    const waiting = [...this.#queued];
    this.#queued.clear();
    for (const call of waiting) this.#dispatch(call);
  }

  failPending(error: Error): void {
    for (const call of [...this.#pending]) call.reject(error);
  }

  close(error: Error): void {
    for (const call of [...this.#queued, ...this.#pending]) call.reject(error);
    for (const listeners of this.#listeners.values()) listeners.clear();
  }

  #dispatch(call: Call): void {
    if (!this.#settings.send(call.text)) {
      if (this.#queued.size < this.#settings.maxQueued) this.#queued.add(call);
      else call.reject(new QueueFullError(call.name, this.#settings.maxQueued));
    } else if (call.operation.reply === undefined) call.resolve(undefined);
    else this.#pending.add(call);
  }

  /** Text of a message, with an id of our own where the document has a place for one and the caller left it out. */
  #encode(operation: OperationContract, message: unknown): { readonly text: string; readonly id: unknown } {
    const isText = operation.messages.some(({ match }) => match.kind === 'text');
    if (isText && typeof message === 'string') return { text: message, id: undefined };
    const correlation = findMessage(operation.messages, message, true)?.correlation;
    if (correlation === undefined) return { text: stringifyJson(message), id: undefined };
    const given = readPointer(message, correlation.pointer);
    if (given !== undefined) return { text: stringifyJson(message), id: given };
    const id = this.#nextId(correlation);
    return { text: stringifyJson(withPointer(message, correlation.pointer, id)), id };
  }

  #nextId(correlation: Correlation): string | number {
    this.#lastId += 1;
    return correlation.type === 'integer' ? this.#lastId : String(this.#lastId);
  }

  #answer(frame: unknown, isJson: boolean): boolean {
    for (const call of this.#pending) {
      const message = findMessage(call.operation.reply ?? [], frame, isJson);
      if (message === undefined) continue;
      const pointer = message.correlation?.pointer;
      const isOurs =
        pointer === undefined || call.id === undefined || readPointer(frame, pointer) === call.id;
      if (!isOurs) continue;
      call.resolve(frame);
      return true;
    }
    return false;
  }
}
