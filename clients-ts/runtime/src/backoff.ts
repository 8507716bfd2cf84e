/**
 * How long to wait before the next try: full jitter, so that a crowd of clients does not return at one moment.
 *
 * Pure: chance comes in as a parameter, and nothing here waits.
 */

/** Bounds of the wait. */
export interface Backoff {
  /** Upper bound of the first wait; doubles with every attempt. */
  readonly baseMs: number;
  /** The upper bound never exceeds this. */
  readonly maxMs: number;
}

/** The wait before attempt number `attempt` (from 0), never below `atLeastMs`. */
export function backoffDelay(
  attempt: number,
  backoff: Backoff,
  atLeastMs: number,
  random: () => number,
): number {
  // Past 2^30 the bound is reached in any case, and larger exponents would only risk infinity.
  const ceiling = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(attempt, 30));
  return Math.max(atLeastMs, Math.floor(random() * ceiling));
}
