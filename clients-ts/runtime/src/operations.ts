/**
 * Operations written in plain AsyncAPI: whole frames instead of the standard envelope.
 *
 * An operation with a declared reply resolves with it: by correlation id where the document says where the id stands,
 * else with the first frame that is one of the reply's messages, in the order of asking.
 */
import { Calls, type Call, type CallSettings } from './calls.js';
import type { Contract, OperationContract } from './contract.js';
import { createListeners, type Listeners, type Report, type Unsubscribe } from './emitter.js';
import { known, RequestError } from './errors.js';
import { stringifyJson } from './json.js';
import { findMessage, readPointer, withPointer } from './match.js';
import { readFailure, type Frame } from './protocol/frames.js';
import type { RequestOptions } from './requests.js';

/** What stands beside a message of a plain operation. */
export interface MessageMeta {
  /** Its name in the document. */
  readonly message: string;
}

/** What the operations need. */
export interface OperationsSettings extends CallSettings {
  readonly contract: Contract;
  readonly report: Report;
}

/** The plain operations of one client. */
export interface Operations {
  /** Those under way. */
  readonly calls: Calls<Call>;
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
  /**
   * An `error` frame came that nothing else knows; says whether it ended a call: the one of its id. Without an id, the
   * only one there is, unless a message without a reply may be meant.
   */
  refuse(frame: Frame): boolean;
  /** The client is closed: everything fails, and listeners go. */
  close(error: Error): void;
}

interface Sent extends Call {
  readonly operation: OperationContract;
  /** The id in the message; `undefined` where the document correlates by nothing. */
  readonly id: unknown;
  readonly resolve: (reply: unknown) => void;
}

/** Creates the operations of a contract. */
export function createOperations(settings: OperationsSettings): Operations {
  return new PlainOperations(settings);
}

class PlainOperations implements Operations {
  readonly #settings: OperationsSettings;
  readonly calls: Calls<Sent>;
  readonly #listeners = new Map<string, Listeners<[unknown, MessageMeta]>>();
  /** When an error without an id can no more be about a message that has no reply. */
  #clearAt = 0;

  constructor(settings: OperationsSettings) {
    this.#settings = settings;
    this.calls = new Calls(settings);
    for (const [name, operation] of Object.entries(settings.contract.operations ?? {})) {
      if (operation.action === 'send') this.#listeners.set(name, createListeners(settings.report));
    }
  }

  get isInUse(): boolean {
    return (
      this.calls.queued.size > 0 || [...this.#listeners.values()].some((listeners) => listeners.size > 0)
    );
  }

  send(name: string, message: unknown, options: RequestOptions = {}): Promise<unknown> {
    const found = this.#settings.contract.operations?.[name];
    const operation = known(found?.action === 'receive' ? found : undefined, 'operation', name);
    return new Promise((resolve, reject) => {
      const call: Sent = {
        operation,
        type: name,
        ...this.#encode(operation, message),
        resolve: (reply) => {
          stop();
          resolve(reply);
        },
        fail: (error) => {
          stop();
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of an AbortSignal is whatever its owner chose
          reject(error);
        },
        sent: () => {
          if (operation.reply !== undefined) return;
          this.#clearAt = Date.now() + this.#settings.requestTimeoutMs;
          call.resolve(undefined);
        },
      };
      const stop = this.calls.watch(call, options);
      this.calls.dispatch(call);
    });
  }

  on(
    name: string,
    listener: (message: unknown, meta: MessageMeta) => void,
    signal?: AbortSignal,
  ): Unsubscribe {
    return known(this.#listeners.get(name), 'operation', name).add(listener, signal);
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

  refuse(frame: Frame): boolean {
    const { pending } = this.calls;
    const mayBeAnother = pending.size > 1 || Date.now() < this.#clearAt;
    for (const call of pending) {
      if (frame.id === undefined ? mayBeAnother : String(call.id) !== String(frame.id)) continue;
      call.fail(new RequestError(call.type, readFailure(frame)));
      return true;
    }
    return false;
  }

  close(error: Error): void {
    this.calls.failAll(error);
    for (const listeners of this.#listeners.values()) listeners.clear();
  }

  /** Text of a message, with an id of our own where the document has a place for one and the caller left it out. */
  #encode(operation: OperationContract, message: unknown): { readonly text: string; readonly id: unknown } {
    const isText = operation.messages.some(({ match }) => match.kind === 'text');
    if (isText && typeof message === 'string') return { text: message, id: undefined };
    const correlation = findMessage(operation.messages, message, true)?.correlation;
    const given = correlation && readPointer(message, correlation.pointer);
    if (correlation === undefined || given !== undefined) return { text: stringifyJson(message), id: given };
    const number = this.#settings.nextId();
    const id = correlation.type === 'integer' ? number : String(number);
    return { text: stringifyJson(withPointer(message, correlation.pointer, id)), id };
  }

  #answer(frame: unknown, isJson: boolean): boolean {
    for (const call of this.calls.pending) {
      const message = findMessage(call.operation.reply ?? [], frame, isJson);
      if (message === undefined) continue;
      const pointer = message.correlation?.pointer;
      // As text: the caller's id may be a `bigint` that comes back as a number.
      const isOurs =
        pointer === undefined ||
        String(call.id) === String(readPointer(frame, pointer)) ||
        call.id === undefined;
      if (!isOurs) continue;
      call.resolve(frame);
      return true;
    }
    return false;
  }
}
