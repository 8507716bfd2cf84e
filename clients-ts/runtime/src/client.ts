/**
 * A client of one endpoint: puts the parts together and routes what comes in.
 *
 * Generated clients are typed faces of a [`CoreClient`]; it can be used without one, with less help from the compiler.
 */
import type { Contract } from './contract.js';
import { createListeners, type Listeners, type Report, type Unsubscribe } from './emitter.js';
import { known, type ConnectionClosedError } from './errors.js';
import { parseJson } from './json.js';
import { createLink, type Link, type LinkHandlers } from './link.js';
import { createOperations, type MessageMeta, type Operations } from './operations.js';
import { settle, type ClientOptions, type Settings } from './options.js';
import { createPace, type Pace } from './pace.js';
import {
  asFrame,
  encodeFrame,
  isObject,
  readClosingNotice,
  type ClosingNotice,
  type Frame,
} from './protocol/frames.js';
import { createRequests, type RequestOptions, type Requests } from './requests.js';
import type { Status, StatusChange } from './status.js';
import type { SubscribeOptions, Subscription } from './subscription.js';
import { createSubscriptions, type Subscriptions } from './subscriptions.js';

/** What a client tells about itself, by name of the event. */
export interface ClientEvents {
  /** The state changed. */
  readonly status: StatusChange;
  /** The server announced that it will close the connection. */
  readonly closing: ClosingNotice;
  /**
   * A message came that nothing here knows: a parsed frame, or the text where it is not JSON; also an `error` without an
   * id where several messages may be meant.
   */
  readonly unknown: unknown;
}

/** Options of a listener. */
export interface ListenOptions {
  /** Takes the listener back. */
  readonly signal?: AbortSignal | undefined;
}

/** Something to subscribe to. */
export interface Subscribable<Params, Update, Snapshot = never, Validated = Params> {
  /** Subscribes; connects if need be. Equal subscriptions share one on the wire. */
  subscribe(
    params: Params,
    options?: SubscribeOptions<Update, Snapshot>,
  ): Subscription<Params, Update, Snapshot, Validated>;
}

/** What stands beside a broadcast in an envelope with timestamps. */
export interface BroadcastMeta {
  /** When the server sent it, ISO 8601 in UTC. */
  readonly timestamp: string;
}

/** Something to listen to. */
export interface Broadcast<Payload, Args extends unknown[] = []> {
  /** Calls back for every message until taken back or aborted; connects if need be. */
  on(listener: (payload: Payload, ...args: Args) => void, options?: ListenOptions): Unsubscribe;
}

/** A client without the types of its API; what a generated client extends. */
export interface CoreClient {
  /** State of the client. */
  readonly status: Status;
  /** Connects now instead of at the first need, and stays connected though nothing is subscribed to. */
  connect(): void;
  /** Closes for good: subscriptions end, and requests fail. */
  close(): void;
  /** Listens to the client itself. */
  on<Name extends keyof ClientEvents>(
    event: Name,
    listener: (event: ClientEvents[Name]) => void,
    options?: ListenOptions,
  ): Unsubscribe;
  /** A topic of the contract, by route. */
  topic<Params, Update, Snapshot = never, Validated = Params>(
    route: string,
  ): Subscribable<Params, Update, Snapshot, Validated>;
  /** Sends a request of the contract and resolves with its reply. */
  request<Reply>(name: string, payload?: unknown, options?: RequestOptions): Promise<Reply>;
  /** A broadcast of the contract. */
  broadcast<Payload>(name: string): Broadcast<Payload, [meta: BroadcastMeta]>;
  /** Sends a message of a plain operation; resolves with the declared reply, or once sent where there is none. */
  send<Reply = void>(operation: string, message: unknown, options?: RequestOptions): Promise<Reply>;
  /** The messages of a plain operation that the server sends. */
  receive<Message>(operation: string): Broadcast<Message, [meta: MessageMeta]>;
}

/** Creates a client; it connects at the first subscription, request or listener to a broadcast. */
export function createClient(contract: Contract, options: ClientOptions = {}): CoreClient {
  return new Client(contract, settle(contract, options));
}

/** Id of our own pings: request ids are numbers in quotes, so it is never one of theirs. */
const pingId = 'ping';

type EventListeners = { readonly [Name in keyof ClientEvents]: Listeners<[ClientEvents[Name]]> };

class Client implements CoreClient {
  readonly #contract: Contract;
  readonly #link: Link;
  readonly #pace: Pace;
  readonly #requests: Requests;
  readonly #subscriptions: Subscriptions;
  readonly #operations: Operations;
  readonly #broadcasts: ReadonlyMap<string, Listeners<[unknown, BroadcastMeta]>>;
  readonly #events: EventListeners;
  #isKeptOpen = false;

  constructor(contract: Contract, settings: Settings) {
    const { report } = settings;
    let lastId = 0;
    const pace = createPace(contract.messagesPerSecond);
    const common = {
      ...settings,
      contract,
      pace,
      nextId: (): number => (lastId += 1),
      send: (text: string): void => {
        pace.spend();
        this.#link.send(text);
      },
    };
    this.#contract = contract;
    this.#pace = pace;
    this.#events = eventListeners(report);
    this.#broadcasts = new Map(
      Object.keys(contract.broadcasts ?? {}).map((name) => [name, createListeners(report)]),
    );
    this.#link = createLink(contract, settings, this.#linkHandlers(common.send));
    this.#requests = createRequests(common);
    this.#operations = createOperations(common);
    this.#subscriptions = createSubscriptions({
      ...common,
      ask: this.#requests.ask,
      want: () => {
        this.#link.want();
      },
    });
  }

  get status(): Status {
    return this.#link.status;
  }

  connect(): void {
    this.#isKeptOpen = true;
    this.#link.want();
  }

  close(): void {
    this.#link.close();
  }

  on<Name extends keyof ClientEvents>(
    event: Name,
    listener: (event: ClientEvents[Name]) => void,
    options: ListenOptions = {},
  ): Unsubscribe {
    return known(Object.hasOwn(this.#events, event) ? this.#events[event] : undefined, 'event', event).add(
      listener,
      options.signal,
    );
  }

  topic<Params, Update, Snapshot = never, Validated = Params>(
    route: string,
  ): Subscribable<Params, Update, Snapshot, Validated> {
    return {
      subscribe: (params, options = {}) =>
        // The registry handles values of any type; which ones they are, the contract's author vouches for.
        this.#subscriptions.subscribe(
          route,
          params,
          options as SubscribeOptions<unknown, unknown>,
        ) as unknown as Subscription<Params, Update, Snapshot, Validated>,
    };
  }

  request<Reply>(name: string, payload?: unknown, options: RequestOptions = {}): Promise<Reply> {
    const request = known(this.#contract.requests?.[name], 'request', name);
    const timeoutMs = options.timeoutMs ?? request.timeoutMs;
    const answer = this.#ask(() => this.#requests.call(name, payload, { ...options, timeoutMs }));
    return answer.then((reply) => (isObject(reply) ? reply['result'] : undefined) as Reply);
  }

  broadcast<Payload>(name: string): Broadcast<Payload, [meta: BroadcastMeta]> {
    const listeners = known(this.#broadcasts.get(name), 'broadcast', name);
    return {
      on: (listener, options = {}) => {
        this.#link.want();
        return listeners.add(listener as (payload: unknown, meta: BroadcastMeta) => void, options.signal);
      },
    };
  }

  send<Reply = void>(operation: string, message: unknown, options: RequestOptions = {}): Promise<Reply> {
    return this.#ask(() => this.#operations.send(operation, message, options)) as Promise<Reply>;
  }

  /** Asks something of the server, unless it is all over. */
  #ask(ask: () => Promise<unknown>): Promise<unknown> {
    const { closedBy } = this.#link;
    if (closedBy !== undefined) return Promise.reject(closedBy);
    const answer = ask();
    this.#link.want();
    return answer;
  }

  receive<Message>(operation: string): Broadcast<Message, [meta: MessageMeta]> {
    return {
      on: (listener, options = {}) => {
        this.#link.want();
        return this.#operations.on(operation, listener as MessageListener, options.signal);
      },
    };
  }

  #linkHandlers(send: (text: string) => void): LinkHandlers {
    return {
      onUp: () => {
        this.#subscriptions.connected();
        this.#pace.open();
      },
      onMessage: (data) => {
        this.#receive(data);
      },
      onDown: (error) => {
        this.#pace.close();
        this.#subscriptions.disconnected();
        this.#requests.calls.failPending(error);
        this.#operations.calls.failPending(error);
      },
      onClosed: (error) => {
        this.#closed(error);
      },
      onStatus: (change) => {
        this.#events.status.emit(change);
      },
      isNeeded: () => this.#isNeeded(),
      ping: () => {
        send(encodeFrame('ping', pingId, undefined, this.#contract.envelope));
      },
    };
  }

  #isNeeded(): boolean {
    if (this.#isKeptOpen || this.#subscriptions.size > 0 || this.#requests.calls.queued.size > 0) return true;
    return this.#operations.isInUse || [...this.#broadcasts.values()].some((listeners) => listeners.size > 0);
  }

  #closed(error: ConnectionClosedError): void {
    this.#pace.close();
    this.#subscriptions.closed(error);
    this.#requests.calls.failAll(error);
    this.#operations.close(error);
    for (const listeners of this.#broadcasts.values()) listeners.clear();
    for (const listeners of Object.values(this.#events)) listeners.clear();
  }

  #receive(data: unknown): void {
    if (typeof data !== 'string') {
      this.#events.unknown.emit(data);
      return;
    }
    const message = tryParse(data);
    const frame = message.isJson ? asFrame(message.value, this.#contract.envelope) : undefined;
    if (frame !== undefined && this.#route(frame)) return;
    if (this.#operations.deliver(message.value, message.isJson)) return;
    if (frame?.type === 'error' && this.#operations.refuse(frame)) return;
    this.#events.unknown.emit(message.value);
  }

  /** Handles a frame of the envelope; says whether it was one that something here knows. */
  #route(frame: Frame): boolean {
    if (frame.id !== undefined && this.#requests.settle(frame)) return true;
    if (this.#subscriptions.deliver(frame)) return true;
    const listeners = this.#broadcasts.get(frame.type);
    listeners?.emit(frame.payload, { timestamp: frame.timestamp ?? '' });
    return listeners !== undefined || this.#control(frame) || this.#isLateReply(frame);
  }

  #control(frame: Frame): boolean {
    // Refused or not: it was heard.
    if (frame.id === pingId && (frame.type === 'pong' || frame.type === 'error')) {
      this.#link.pong();
      return true;
    }
    const notice = frame.type === 'closing' ? readClosingNotice(frame) : undefined;
    if (notice === undefined) return false;
    this.#link.expectClose(notice);
    // It would refuse whatever comes now.
    if (notice.condition === 'shutting-down') this.#pace.close();
    this.#events.closing.emit(notice);
    return true;
  }

  /** The answer to a request that was given up: nobody waits for it, and it is no surprise. */
  #isLateReply(frame: Frame): boolean {
    if (frame.id === undefined || !frame.type.endsWith('.response')) return false;
    const name = frame.type.slice(0, -'.response'.length);
    const route = name.replace(/\.(?:un)?subscribe$/, '');
    return (
      name in (this.#contract.requests ?? {}) || (route !== name && route in (this.#contract.topics ?? {}))
    );
  }
}

type MessageListener = (message: unknown, meta: MessageMeta) => void;

function eventListeners(report: Report): EventListeners {
  return {
    status: createListeners(report),
    closing: createListeners(report),
    unknown: createListeners(report),
  };
}

function tryParse(text: string): { readonly isJson: boolean; readonly value: unknown } {
  try {
    return { isJson: true, value: parseJson(text) };
  } catch {
    return { isJson: false, value: text };
  }
}
