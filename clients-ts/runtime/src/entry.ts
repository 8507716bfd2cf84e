/**
 * One topic that is subscribed to: where it stands, and what a frame or a reply changes of that.
 *
 * It sends nothing and calls nobody back; what follows from a change is decided in `subscriptions.ts`.
 */
import type { TopicContract } from './contract.js';
import { isObject, readDropped, type Frame, type Position } from './protocol/frames.js';
import type { Recovery, Subscribed, SubscriptionHandle } from './subscription.js';

/**
 * Handles with the same canonical topic.
 *
 * It is `waiting` while it has nothing on the wire, `asking` until the reply to a subscribe, `live` with consent, and
 * `leaving` until the reply to an unsubscribe.
 */
export interface Entry {
  /** Canonical topic. */
  readonly key: string;
  /** Route of the topic. */
  readonly route: string;
  /** Its parameters, as they are sent. */
  readonly params: unknown;
  /** What the document says of it. */
  readonly contract: TopicContract;
  /** Who subscribes. */
  readonly handles: Set<SubscriptionHandle>;
  /** What of it is on the wire. */
  state: 'waiting' | 'asking' | 'live' | 'leaving';
  /** The server's name for it, as long as the server is known to hold the subscription. */
  topic: string | undefined;
  /** What has been delivered of a topic with history. */
  position: Position | undefined;
  /** The server has a snapshot of it: one came since the subscription began. */
  hasSnapshot: boolean;
  /** The server's consent to newcomers who wait for the snapshot that follows it. */
  consent: Subscribed<unknown> | undefined;
  /** How often it was refused since it was granted. */
  attempt: number;
  /** Of the next attempt, or of the wait for a snapshot. */
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** What the frames of a topic say. */
export type FrameKind = 'snapshot' | 'update' | 'resync' | 'ended';

/** Whether anyone has not got consent yet. */
export function hasNewcomers(handles: ReadonlySet<SubscriptionHandle>): boolean {
  return [...handles].some(({ status }) => status !== 'live');
}

/** Nobody waits for a snapshot or another attempt any more. */
export function stopWaiting(entry: Entry): void {
  clearTimeout(entry.timer);
  entry.timer = undefined;
  entry.consent = undefined;
}

/** Whether all that those who come back lack is updates; a snapshot that was due is lost with its connection. */
export function lackUpdatesOnly(handles: ReadonlySet<SubscriptionHandle>): boolean {
  const returning = [...handles].filter(({ status }) => status === 'stale');
  return returning.length > 0 && !returning.some(({ wantsSnapshot }) => wantsSnapshot);
}

/** Where the topic stands after this frame; `false` where it was delivered before. */
export function moveOn(entry: Entry, kind: FrameKind, { offset, epoch, payload }: Frame): boolean {
  const { position } = entry;
  if (position === undefined) return true;
  if (kind === 'resync') {
    entry.position = { ...position, offset: position.offset + readDropped(payload) };
  } else if (offset !== undefined) {
    if (kind === 'update' && Number(offset) <= position.offset) return false;
    entry.position = { epoch: epoch ?? position.epoch, offset: Number(offset) };
  }
  return true;
}

/** Whether updates are missing before this one beside those that the server says it dropped. */
export function isGap(position: Position, { offset, dropped = 0 }: Frame): boolean {
  return offset !== undefined && Number(offset) > position.offset + dropped + 1;
}

/** Where a new subscription stands, and what became of what was missed since an earlier one. */
export function comeBack(
  entry: Entry,
  { epoch, offset, recovered, reason = 'too-old' }: Frame,
): Recovery | undefined {
  const { position } = entry;
  if (position && recovered === true) return { recovered };
  entry.hasSnapshot = false;
  entry.position =
    epoch === undefined || offset === undefined ? undefined : { epoch, offset: Number(offset) };
  return position && { recovered: false, reason };
}

/** The reply's payload is the status, a message and the topic beside the validated parameters. */
export function readSubscribed(entry: Entry, payload: unknown): Subscribed<unknown> {
  if (!isObject(payload)) return { topic: entry.key, params: entry.params };
  const { status: _status, message: _message, topic, ...params } = payload;
  return { topic: typeof topic === 'string' ? topic : entry.key, params };
}
