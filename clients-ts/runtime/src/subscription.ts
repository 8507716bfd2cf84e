/**
 * A subscription as the application holds it: callbacks, async iteration, and a promise for the server's consent.
 *
 * It only passes on what the registry in `subscriptions.ts` feeds it; what goes over the wire is decided there.
 */
import { callSafely, onAbort, type Report } from './emitter.js';
import type { Int64 } from './json.js';
import { given, readDropped, type Frame } from './protocol/frames.js';
import type { SubscriptionStatus } from './status.js';
import { createStream, type Stream, type StreamSource } from './stream.js';

/** What stands beside a value. */
export interface Meta {
  /** Topic string, as the server writes it. */
  readonly topic: string;
  /** Position of the publication, where the topic has history. */
  readonly offset?: Int64;
  /** Changes whenever offsets start anew. */
  readonly epoch?: string;
  /** How many values this one stands for; 1 unless the server merged some. */
  readonly conflated: number;
  /** When the server sent it, where the envelope says so. */
  readonly timestamp?: string;
  /** How many older values the server dropped just before this one; 0 unless this reader was too slow. */
  readonly dropped: number;
}

/** What an iteration over a subscription yields. */
export type SubscriptionEvent<Update, Snapshot> =
  | { readonly kind: 'snapshot'; readonly value: Snapshot; readonly meta: Meta }
  | { readonly kind: 'update'; readonly value: Update; readonly meta: Meta }
  /** The server dropped values of a slow connection; a snapshot follows where the topic has one. */
  | { readonly kind: 'resync'; readonly dropped: number; readonly meta: Meta }
  | { readonly kind: 'recovery'; readonly recovery: Recovery }
  | { readonly kind: 'status'; readonly status: SubscriptionStatus };

/** What became of the updates that were missed while the connection was lost, where the topic has history. */
export interface Recovery {
  /** Whether they follow, each of them; else the application starts afresh, from the snapshot where there is one. */
  readonly recovered: boolean;
  /**
   * Why they do not: `too-old`, also where nobody says; `new-epoch`, `too-much`, `ahead`, or `gap` where an update is
   * missing.
   */
  readonly reason?: string | undefined;
}

/** The server's consent. */
export interface Subscribed<Params> {
  /** Topic string, as the server writes it. */
  readonly topic: string;
  /** The parameters, validated, defaults applied. */
  readonly params: Params;
}

/** Callbacks and settings of one subscription. */
export interface SubscribeOptions<Update, Snapshot> {
  /** A value was published. */
  readonly onUpdate?: ((value: Update, meta: Meta) => void) | undefined;
  /** The present state, before the updates to it; again after every reconnection that did not recover the updates. */
  readonly onSnapshot?: ((value: Snapshot, meta: Meta) => void) | undefined;
  /** The server dropped so many values of a slow connection; a snapshot follows where the topic has one. */
  readonly onResync?: ((dropped: number, meta: Meta) => void) | undefined;
  /** What was missed follows, or does not; only where the topic has history. */
  readonly onRecovery?: ((recovery: Recovery) => void) | undefined;
  /** The state of the subscription changed. */
  readonly onStatus?: ((status: SubscriptionStatus) => void) | undefined;
  /** The subscription ended with this error. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
  /** How many values an iteration holds for a slow reader. Default: the client's `bufferSize`. */
  readonly bufferSize?: number | undefined;
}

/** A held subscription; iterating over it yields everything that happens. */
export interface Subscription<Params, Update, Snapshot = never, Validated = Params> extends AsyncIterable<
  SubscriptionEvent<Update, Snapshot>
> {
  /** The parameters as given. */
  readonly params: Params;
  /** Topic string. */
  readonly topic: string;
  /** State of the subscription. */
  readonly status: SubscriptionStatus;
  /** Whether the last value may be out of date, because the connection is lost. */
  readonly isStale: boolean;
  /** Whether the last reconnection lost nothing; `undefined` before it, and where the topic has no history. */
  readonly recovered: boolean | undefined;
  /**
   * Resolves when the server agrees, for one that joins others with its snapshot where there is one; rejects when it
   * refuses or the subscription ends before.
   */
  readonly ready: Promise<Subscribed<Validated>>;
  /** The updates from now on; ends with the subscription, and leaving it early does not end the subscription. */
  updates(): Stream<Update>;
  /** Updates, snapshots and changes of state from now on. */
  events(): Stream<SubscriptionEvent<Update, Snapshot>>;
  /** Lets go; the last one to let go of equal subscriptions ends them on the wire. */
  unsubscribe(): void;
}

/** What a handle is made with. */
export interface HandleSettings {
  readonly topic: string;
  readonly params: unknown;
  readonly options: SubscribeOptions<unknown, unknown>;
  readonly bufferSize: number;
  readonly report: Report;
  /** The application lets go. */
  readonly onRelease: (handle: SubscriptionHandle) => void;
}

type AnyEvent = SubscriptionEvent<unknown, unknown>;

/** The registry's side of a subscription. */
export class SubscriptionHandle implements Subscription<unknown, unknown, unknown> {
  readonly params: unknown;
  topic: string;
  status: SubscriptionStatus = 'pending';
  recovered: boolean | undefined;
  /** Whether the next snapshot is meant for this one. */
  wantsSnapshot = false;
  readonly #settings: HandleSettings;
  readonly #sinks = new Set<StreamSource<AnyEvent>>();
  readonly #updateSinks = new Set<StreamSource<unknown>>();
  readonly #ready: Promise<Subscribed<unknown>>;
  #agree: (subscribed: Subscribed<unknown>) => void = () => undefined;
  #refuse: (error: unknown) => void = () => undefined;
  #detachSignal: () => void = () => undefined;
  #isObserved = false;
  /** Whether it joined what was held already: updates may come before its snapshot. */
  #isLate = false;

  constructor(settings: HandleSettings) {
    this.#settings = settings;
    this.topic = settings.topic;
    this.params = settings.params;
    this.#ready = new Promise((resolve, reject) => {
      this.#agree = resolve;
      this.#refuse = reject;
    });
    // Whoever does not look at `ready` learns of the refusal elsewhere; it must not count as unhandled.
    this.#ready.catch(() => undefined);
    const signal = settings.options.signal;
    this.#detachSignal = onAbort(signal, () => {
      this.release(signal?.reason);
    });
  }

  get ready(): Promise<Subscribed<unknown>> {
    this.#isObserved = true;
    return this.#ready;
  }

  get isStale(): boolean {
    return this.status === 'stale';
  }

  updates(): Stream<unknown> {
    return this.#open(this.#updateSinks);
  }

  events(): Stream<AnyEvent> {
    return this.#open(this.#sinks);
  }

  [Symbol.asyncIterator](): Stream<AnyEvent> {
    return this.events();
  }

  unsubscribe(): void {
    this.release(new DOMException('Unsubscribed', 'AbortError'));
  }

  /** The server agrees; values may follow. */
  agreed(subscribed: Subscribed<unknown>, hasSnapshot: boolean, recovery?: Recovery, isLate = false): void {
    this.topic = subscribed.topic;
    this.recovered = recovery?.recovered;
    this.wantsSnapshot = hasSnapshot;
    this.#isLate = isLate;
    this.#agree(subscribed);
    this.setStatus('live');
    if (recovery) this.tell(recovery);
  }

  /** Says what became of missed updates. */
  tell(recovery: Recovery): void {
    // A callback before this one may have ended it.
    if (this.status === 'ended') return;
    const { options, report } = this.#settings;
    this.recovered = recovery.recovered;
    callSafely(report, options.onRecovery, recovery);
    for (const sink of this.#sinks) sink.push({ kind: 'recovery', recovery });
  }

  /** Passes on a snapshot or an update. */
  deliver(kind: 'snapshot' | 'update', frame: Frame): void {
    const meta = metaOf(this.topic, frame);
    const { options, report } = this.#settings;
    const value = frame.payload;
    if (kind === 'snapshot' || !this.#isLate) this.wantsSnapshot = false;
    callSafely(report, kind === 'update' ? options.onUpdate : options.onSnapshot, value, meta);
    for (const sink of this.#sinks) sink.push({ kind, value, meta });
    if (kind === 'update') for (const sink of this.#updateSinks) sink.push(value);
  }

  /** Passes on that values were lost. */
  resync(frame: Frame, hasSnapshot: boolean): void {
    const meta = metaOf(this.topic, frame);
    const dropped = readDropped(frame.payload);
    this.wantsSnapshot = hasSnapshot;
    callSafely(this.#settings.report, this.#settings.options.onResync, dropped, meta);
    for (const sink of this.#sinks) sink.push({ kind: 'resync', dropped, meta });
  }

  /** Changes the state and says so. */
  setStatus(status: SubscriptionStatus): void {
    if (this.status === status || this.status === 'ended') return;
    this.status = status;
    for (const sink of this.#sinks) sink.push({ kind: 'status', status });
    callSafely(this.#settings.report, this.#settings.options.onStatus, status);
  }

  /** Ends the subscription because of a failure. */
  fail(error: Error): void {
    if (this.status === 'ended') return;
    const { options, report } = this.#settings;
    const isHeard =
      this.#isObserved || options.onError !== undefined || this.#sinks.size + this.#updateSinks.size > 0;
    this.#end(error, error);
    callSafely(report, options.onError, error);
    if (!isHeard) report(error);
  }

  /** Lets go, for this reason. */
  release(reason: unknown): void {
    if (this.status === 'ended') return;
    this.#end(reason);
    this.#settings.onRelease(this);
  }

  #end(refusal: unknown, error?: Error): void {
    this.#detachSignal();
    this.#refuse(refusal);
    this.setStatus('ended');
    for (const sink of [...this.#sinks, ...this.#updateSinks]) sink.end(error);
    this.#sinks.clear();
    this.#updateSinks.clear();
  }

  #open<T>(sinks: Set<StreamSource<T>>): Stream<T> {
    this.#isObserved = true;
    const capacity = this.#settings.options.bufferSize ?? this.#settings.bufferSize;
    const source = createStream<T>(capacity, () => sinks.delete(source));
    if (this.status === 'ended') source.end();
    else sinks.add(source);
    return source.stream;
  }
}

function metaOf(topic: string, frame: Frame): Meta {
  const { conflated = 1, dropped = 0, offset, epoch, timestamp } = frame;
  return { topic: frame.topic ?? topic, conflated, dropped, ...given({ offset, epoch, timestamp }) };
}
