/** The states of a client and of a subscription, as applications see them. */
import type { Retry } from './protocol/codes.js';

/**
 * State of a client: `idle` before anything is asked of it, `reconnecting` from a lost connection until the next one,
 * `closed` for good.
 */
export type Status = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed';

/**
 * State of a subscription: `pending` until the server agrees, `live`, `stale` while the connection is lost, `ended`
 * for good.
 */
export type SubscriptionStatus = 'pending' | 'live' | 'stale' | 'ended';

/** How a connection ended. */
export interface CloseInfo {
  /** Close code; 1006 where there was none. */
  readonly code: number;
  /** Reason given by the other side, or by the client where the connection broke. */
  readonly reason: string;
  /** What the client does next. */
  readonly retry: Retry;
}

/** A change of state of a client. */
export interface StatusChange {
  /** The new state. */
  readonly status: Status;
  /** The state before. */
  readonly previous: Status;
  /** How the connection ended, where one did. */
  readonly close?: CloseInfo;
  /** When the next attempt begins, in a state of `reconnecting`. */
  readonly retryInMs?: number;
}
