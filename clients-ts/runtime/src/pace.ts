/**
 * How fast to send: the token bucket that the server keeps for this connection, kept here as well.
 *
 * Only what may wait asks for its turn; everything sent is counted. Half of the burst is never used by what waits: it
 * is left for requests, and for a network that delivers late and then all at once.
 */

/** The pace of one connection. */
export interface Pace {
  /** A new connection: the server starts with a full bucket. */
  reset(): void;
  /** Something was sent. */
  spend(): void;
  /** How long that which may wait has to, in milliseconds; 0 is its turn. */
  waitMs(): number;
}

/** The pace of a server that takes so many messages per second, twice that in a burst; by default any number. */
export function createPace(perSecond = 1e9): Pace {
  const burst = 2 * perSecond;
  let tokens = burst;
  let filledAt = performance.now();
  const fill = (): void => {
    const now = performance.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * perSecond);
    filledAt = now;
  };
  return {
    reset() {
      tokens = burst;
      filledAt = performance.now();
    },
    spend() {
      fill();
      tokens -= 1;
    },
    waitMs() {
      fill();
      // A token that is all but there counts: sums of fractions never quite reach a whole.
      const missing = perSecond + 1 - tokens - 1e-6;
      return missing <= 0 ? 0 : Math.ceil((missing / perSecond) * 1000);
    },
  };
}
