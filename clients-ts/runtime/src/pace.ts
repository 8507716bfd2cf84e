/**
 * How fast to send: the token bucket that the server keeps for this connection, kept here as well, and the line of
 * those who wait for their turn, first come first served.
 *
 * Everything sent is counted. Half of the burst is never used by what waits in the line: it is left for requests, and
 * for a network that delivers late and then all at once.
 */

/** The pace of one client, from connection to connection. */
export interface Pace {
  /** A new connection: the server starts with a full bucket. */
  open(): void;
  /** The server listens no more: everybody waits for the next connection. */
  close(): void;
  /** Whether the server would take something more at once. */
  hasRoom(): boolean;
  /** Something was sent. */
  spend(): void;
  /** Lets somebody speak, once: now, or when those before have. */
  takeTurn(who: object, speak: () => void): void;
  /** Somebody has nothing to say any more. */
  leave(who: object): void;
}

/** The pace of a server that takes so many messages per second, twice that in a burst; by default any number. */
export function createPace(perSecond = 1e9): Pace {
  const burst = 2 * perSecond;
  const line = new Map<object, () => void>();
  let isOpen = false;
  let tokens = 0;
  let filledAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** How many messages the server would take now. */
  const room = (): number => {
    const now = performance.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * perSecond);
    filledAt = now;
    // A token that is all but there counts: sums of fractions never quite reach a whole.
    return tokens + 1e-6;
  };
  const advance = (): void => {
    for (const [who, speak] of line) {
      // Who spoke may have closed the client, or have brought others to speak who used up the pace.
      if (!isOpen || timer !== undefined) return;
      const missing = perSecond + 1 - room();
      if (missing > 0) {
        timer = setTimeout(
          () => {
            timer = undefined;
            advance();
          },
          Math.ceil((missing / perSecond) * 1000),
        );
        return;
      }
      line.delete(who);
      speak();
    }
  };
  return {
    open() {
      isOpen = true;
      tokens = burst;
      filledAt = performance.now();
      advance();
    },
    close() {
      isOpen = false;
      clearTimeout(timer);
      timer = undefined;
    },
    hasRoom: () => isOpen && room() >= 1,
    spend() {
      room();
      tokens -= 1;
    },
    takeTurn(who, speak) {
      line.set(who, speak);
      advance();
    },
    leave(who) {
      line.delete(who);
    },
  };
}
