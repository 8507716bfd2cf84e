/**
 * Every subscription of a client, and what of it stands on the wire.
 *
 * Handles with the same canonical topic share one entry, and an entry is subscribed once per connection. Per entry
 * only one message is under way at a time, so that a quick leave and return cannot overtake each other on the server.
 * Entries that have something to say take turns, as fast as the server listens; what it is, is decided at their turn.
 */
import { backoffDelay, type Backoff } from './backoff.js';
import type { Contract, TopicContract } from './contract.js';
import type { Report } from './emitter.js';
import {
  comeBack,
  hasNewcomers,
  isGap,
  lackUpdatesOnly,
  moveOn,
  readSubscribed,
  stopWaiting,
  type Entry,
  type FrameKind,
} from './entry.js';
import { known, RequestError, TimeoutError, type ConnectionClosedError, type Failure } from './errors.js';
import { parseJson, stringifyJson } from './json.js';
import type { Pace } from './pace.js';
import { later } from './platform.js';
import { readFailure, type Frame, type Position } from './protocol/frames.js';
import type { Answer } from './requests.js';
import { SubscriptionHandle, type Recovery, type SubscribeOptions, type Subscribed } from './subscription.js';
import { canonicalTopic } from './topic.js';

/** What the registry needs. */
export interface SubscriptionsSettings {
  readonly contract: Contract;
  readonly bufferSize: number;
  readonly backoff: Backoff;
  readonly report: Report;
  readonly pace: Pace;
  /** How long an answer may take. */
  readonly requestTimeoutMs: number;
  /** Asks the server; only called while connected. */
  ask(type: string, payload: unknown, onAnswer: (answer: Answer) => void, since?: Position): void;
  /** A connection is needed. */
  want(): void;
}

/** The subscriptions of one client. */
export interface Subscriptions {
  /** How many distinct topics are held. */
  readonly size: number;
  /** Adds a subscriber. */
  subscribe(route: string, params: unknown, options: SubscribeOptions<unknown, unknown>): SubscriptionHandle;
  /** A frame came; says whether it belonged to a topic. */
  deliver(frame: Frame): boolean;
  /** A connection is open: subscribes to everything held. */
  connected(): void;
  /** The connection is lost. */
  disconnected(): void;
  /** The client is closed for good. */
  closed(error: ConnectionClosedError): void;
}

/** Creates an empty registry. */
export function createSubscriptions(settings: SubscriptionsSettings): Subscriptions {
  return new SubscriptionRegistry(settings);
}

class SubscriptionRegistry implements Subscriptions {
  readonly #settings: SubscriptionsSettings;
  /** By canonical topic. */
  readonly #entries = new Map<string, Entry>();
  /** By the topic that the server returned, which is what its frames say; only what it holds. */
  readonly #held = new Map<string, Entry>();
  /** Which types of frames belong to topics: `bars.update`. */
  readonly #kinds: ReadonlyMap<string, FrameKind>;
  /** Counts connections, so that answers of an earlier one are known as such; 0 while there is none. */
  #connection = 0;
  #lastConnection = 0;
  #closedBy: ConnectionClosedError | undefined;

  constructor(settings: SubscriptionsSettings) {
    this.#settings = settings;
    this.#kinds = frameKinds(settings.contract);
  }

  get size(): number {
    return this.#entries.size;
  }

  subscribe(route: string, params: unknown, options: SubscribeOptions<unknown, unknown>): SubscriptionHandle {
    const contract = known(this.#settings.contract.topics?.[route], 'topic', route);
    // A copy: what the caller does to the object later is not meant, and what JSON cannot say shows here.
    const copy = params === undefined ? params : parseJson(stringifyJson(params));
    const key = canonicalTopic(route, copy, contract.shape);
    const handle = new SubscriptionHandle({
      topic: key,
      params,
      options,
      bufferSize: this.#settings.bufferSize,
      report: this.#settings.report,
      onRelease: (released) => {
        this.#release(key, released);
      },
    });
    const { signal } = options;
    const error = this.#closedBy;
    if (signal?.aborted === true) {
      afterReturn(() => {
        handle.release(signal.reason);
      });
    } else if (error !== undefined) {
      afterReturn(() => {
        handle.fail(error);
      });
    } else this.#join(this.#entryFor(key, route, copy, contract), handle);
    return handle;
  }

  deliver(frame: Frame): boolean {
    const kind = this.#kinds.get(frame.type);
    const entry = frame.topic === undefined ? undefined : this.#held.get(frame.topic);
    if (kind === undefined) return false;
    // A subscribe without an answer may have been granted all the same, until the server lets go.
    if (entry === undefined) return this.#entries.get(frame.topic ?? '')?.state === 'leaving';
    if (entry.state === 'leaving') return true;
    if (kind === 'ended') {
      this.#ended(entry, frame);
      return true;
    }
    const { position } = entry;
    const isNews = moveOn(entry, kind, frame);
    const wasAwaited = kind === 'snapshot' && this.#admit(entry);
    if (kind === 'snapshot') entry.hasSnapshot = true;
    if (!isNews || entry.handles.size === 0) return true;
    const live = [...entry.handles].filter((handle) => handle.status === 'live');
    // A snapshot that a newcomer asked for is no news to those who were there before.
    const newcomers = kind === 'snapshot' ? live.filter((handle) => handle.wantsSnapshot) : [];
    if (position && kind === 'update' && isGap(position, frame)) {
      for (const handle of live) handle.tell({ recovered: false, reason: 'gap' });
    }
    for (const handle of wasAwaited || newcomers.length > 0 ? newcomers : live) {
      // A callback before this one may have ended it.
      if (handle.status !== 'live') continue;
      if (kind === 'resync') handle.resync(frame, entry.contract.snapshot === true);
      else handle.deliver(kind, frame);
    }
    return true;
  }

  connected(): void {
    this.#lastConnection += 1;
    this.#connection = this.#lastConnection;
    for (const entry of [...this.#entries.values()]) this.#takeTurn(entry);
  }

  disconnected(): void {
    this.#connection = 0;
    for (const entry of [...this.#entries.values()]) {
      this.#standsDown(entry);
      entry.attempt = 0;
      for (const handle of entry.handles) if (handle.status === 'live') handle.setStatus('stale');
      this.#forgetIfEmpty(entry);
    }
  }

  closed(error: ConnectionClosedError): void {
    this.#closedBy = error;
    this.#connection = 0;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    this.#held.clear();
    for (const entry of entries) {
      stopWaiting(entry);
      const handles = [...entry.handles];
      // Whatever is going on with them, in whose callback this may be, is to find nobody left.
      entry.handles.clear();
      // An application that closes its own client does not call that a failure of its subscriptions.
      for (const handle of handles) {
        if (error.code === 1000) handle.unsubscribe();
        else handle.fail(error);
      }
    }
  }

  #entryFor(key: string, route: string, params: unknown, contract: TopicContract): Entry {
    const existing = this.#entries.get(key);
    if (existing !== undefined) return existing;
    const handles = new Set<SubscriptionHandle>();
    const entry: Entry = {
      key,
      route,
      params,
      contract,
      handles,
      state: 'waiting',
      topic: undefined,
      position: undefined,
      hasSnapshot: false,
      consent: undefined,
      attempt: 0,
      timer: undefined,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #join(entry: Entry, handle: SubscriptionHandle): void {
    entry.handles.add(handle);
    if (this.#connection === 0) this.#settings.want();
    else if (entry.state === 'waiting' && entry.timer === undefined) this.#takeTurn(entry);
    // Asking again brings the newcomer its own snapshot; without one there is nothing to ask for.
    else if (entry.state === 'live' && entry.contract.snapshot === true) this.#takeTurn(entry);
    else if (entry.state === 'live') {
      afterReturn(() => {
        if (entry.state === 'live')
          this.#agree(entry, { topic: entry.topic ?? entry.key, params: entry.params }, true);
      });
    }
  }

  #release(key: string, handle: SubscriptionHandle): void {
    const entry = this.#entries.get(key);
    if (entry?.handles.delete(handle) !== true || entry.handles.size > 0) return;
    if (entry.state === 'live') this.#takeTurn(entry);
    else this.#forgetIfEmpty(entry);
  }

  #forgetIfEmpty(entry: Entry): void {
    if (entry.state !== 'waiting' || entry.handles.size > 0) return;
    clearTimeout(entry.timer);
    this.#settings.pace.leave(entry);
    // A callback may have forgotten it already, and have subscribed anew.
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }

  /** Lets an entry say what it has to: at once, or when those before it have. */
  #takeTurn(entry: Entry): void {
    this.#settings.pace.takeTurn(entry, () => {
      this.#speak(entry);
    });
  }

  /** What an entry needs may have changed while it waited: nothing at all, perhaps. */
  #speak(entry: Entry): void {
    const { state, handles, consent } = entry;
    if (state === 'live' && handles.size === 0) this.#leave(entry);
    else if (state === 'waiting' || (state === 'live' && !consent && hasNewcomers(handles))) this.#ask(entry);
  }

  #ask(entry: Entry): void {
    entry.state = 'asking';
    this.#exchange(`${entry.route}.subscribe`, entry, (answer) => {
      if (answer.ok) this.#agreed(entry, answer.payload, answer.frame);
      else this.#refused(entry, answer.error);
    });
  }

  #leave(entry: Entry): void {
    entry.state = 'leaving';
    // Those who come back after a subscribe without an answer still stand where they stood.
    if (entry.handles.size === 0) entry.position = undefined;
    this.#exchange(`${entry.route}.unsubscribe`, entry, (answer) => {
      // Refused for the moment, where too much is sent at once: the server still holds it.
      if (!answer.ok && answer.error instanceof RequestError && answer.error.retry !== 'never') {
        this.#retry(entry, () => {
          this.#leave(entry);
        });
        return;
      }
      this.#standsDown(entry);
      if (entry.handles.size > 0) this.#takeTurn(entry);
      else this.#forgetIfEmpty(entry);
    });
  }

  /** Asks, and calls back with the answer unless the connection is another one by then. */
  #exchange(type: string, entry: Entry, onAnswer: (answer: Answer) => void): void {
    const connection = this.#connection;
    // A callback may have closed the client.
    if (connection === 0) return;
    // What it holds already, the server keeps sending.
    const since = entry.topic === undefined && lackUpdatesOnly(entry.handles) ? entry.position : undefined;
    this.#settings.ask(
      type,
      entry.params,
      (answer) => {
        if (this.#connection === connection) onAnswer(answer);
      },
      since,
    );
  }

  #agreed(entry: Entry, payload: unknown, frame: Frame): void {
    const subscribed = readSubscribed(entry, payload);
    const { key } = this.#held.get(subscribed.topic) ?? entry;
    if (key !== entry.key) {
      this.#refused(entry, new Error(`${key} is also ${entry.key}`));
      return;
    }
    const isHeld = entry.topic !== undefined;
    const recovery = isHeld ? undefined : comeBack(entry, frame);
    entry.state = 'live';
    entry.attempt = 0;
    entry.topic = subscribed.topic;
    this.#held.set(subscribed.topic, entry);
    // Updates may come before the snapshot of those who join what is held: to them they mean nothing yet.
    if (isHeld && entry.hasSnapshot) this.#await(entry, subscribed);
    else this.#agree(entry, subscribed, isHeld, recovery);
    if (entry.handles.size === 0 || hasNewcomers(entry.handles)) this.#takeTurn(entry);
  }

  /** Lets newcomers wait for their snapshot, but not for ever: a service may fail to make one. */
  #await(entry: Entry, consent: Subscribed<unknown>): void {
    entry.consent = consent;
    entry.timer = later(() => {
      entry.hasSnapshot = false;
      this.#admit(entry);
    }, this.#settings.requestTimeoutMs);
  }

  /** Ends the waiting for a snapshot; says whether anyone did. */
  #admit(entry: Entry): boolean {
    const { consent } = entry;
    stopWaiting(entry);
    if (consent) this.#agree(entry, consent, true);
    return consent !== undefined;
  }

  #agree(entry: Entry, subscribed: Subscribed<unknown>, isHeld: boolean, recovery?: Recovery): void {
    const hasSnapshot = entry.contract.snapshot === true;
    const isRecovered = recovery?.recovered === true;
    for (const handle of [...entry.handles]) {
      if (handle.status === 'stale') handle.agreed(subscribed, hasSnapshot && !isRecovered, recovery);
      // No snapshot follows what was missed: newcomers have to ask for theirs.
      else if (handle.status === 'pending' && !(hasSnapshot && isRecovered)) {
        handle.agreed(subscribed, hasSnapshot, undefined, isHeld);
      }
    }
  }

  #refused(entry: Entry, error: unknown): void {
    const { code, retry = 'never' } = error as Partial<Failure>;
    for (const handle of [...entry.handles]) {
      // Newcomers are told at once, unless all that is missing is the next connection; those who had consent before keep
      // it where a later attempt may restore it.
      const isOver = handle.status === 'pending' ? code !== 'shutting-down' : retry === 'never';
      if (isOver && handle.status !== 'live') this.#end(entry, handle, error as Error);
    }
    // Refused only to a newcomer: the server still holds what it granted before.
    if (entry.topic !== undefined) {
      entry.state = 'live';
      if (entry.handles.size === 0 || hasNewcomers(entry.handles)) this.#takeTurn(entry);
    }
    // Without an answer nobody knows what the server did: make sure.
    else if (error instanceof TimeoutError) this.#leave(entry);
    else {
      this.#standsDown(entry);
      this.#forgetIfEmpty(entry);
      if (entry.handles.size > 0) {
        this.#retry(entry, () => {
          this.#takeTurn(entry);
        });
      }
    }
  }

  /** The server took its consent back; those whom it has not reached yet get an answer of their own. */
  #ended(entry: Entry, frame: Frame): void {
    const { state } = entry;
    this.#standsDown(entry);
    entry.position = undefined;
    if (state === 'asking') entry.state = state;
    const error = new RequestError(frame.type, readFailure(frame));
    for (const handle of [...entry.handles]) if (handle.status === 'live') this.#end(entry, handle, error);
    if (entry.handles.size > 0) this.#takeTurn(entry);
    else this.#forgetIfEmpty(entry);
  }

  /** Nothing of the entry is on the wire any more. */
  #standsDown(entry: Entry): void {
    if (entry.topic !== undefined) this.#held.delete(entry.topic);
    stopWaiting(entry);
    entry.topic = undefined;
    entry.state = 'waiting';
  }

  /** Does so after a pause, longer every time. */
  #retry(entry: Entry, action: () => void): void {
    const delayMs = backoffDelay(entry.attempt, this.#settings.backoff, 0, Math.random);
    entry.timer = later(() => {
      entry.timer = undefined;
      action();
    }, delayMs);
    entry.attempt += 1;
  }

  #end(entry: Entry, handle: SubscriptionHandle, error: Error): void {
    entry.handles.delete(handle);
    handle.fail(error);
  }
}

/** Callbacks must not run before the caller of `subscribe` holds the handle they may use. */
function afterReturn(action: () => void): void {
  queueMicrotask(action);
}

function frameKinds(contract: Contract): ReadonlyMap<string, FrameKind> {
  const kinds: readonly FrameKind[] = ['snapshot', 'update', 'resync', 'ended'];
  const routes = Object.keys(contract.topics ?? {});
  return new Map(routes.flatMap((route) => kinds.map((kind) => [`${route}.${kind}`, kind] as const)));
}
