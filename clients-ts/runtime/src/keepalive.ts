/**
 * Signs of life in both directions, over one open connection.
 *
 * Pings go out at a third of the heartbeat: two may be lost or late before the server gives up on us. A ping that
 * brings no message at all within another third shows that the server, or the way to it, is gone.
 *
 * Where only messages count as activity, every third brings a ping. Elsewhere the platform answers the server's
 * protocol pings unasked, and ours are only sent when nothing was heard for that long.
 */
import { later } from './platform.js';

/** What a keep-alive needs. */
export interface KeepAliveSettings {
  /** How long the server bears a silent client. */
  readonly heartbeatMs: number;
  /** Whether only messages count as a sign of life. */
  readonly messagesOnly: boolean;
  /** Sends a ping. */
  readonly ping: () => void;
  /** The server is gone. */
  readonly onSilence: () => void;
}

/** A running keep-alive. */
export interface KeepAlive {
  /** Something arrived. */
  heard(): void;
  /** The answer to a ping arrived. */
  pong(): void;
  /** Asks for a sign of life at once: the network may have changed. */
  probe(): void;
  /** Stops every timer. */
  stop(): void;
}

/** A timer this late means that the process slept; messages that came meanwhile must be read before judging. */
const sleptMs = 1000;

/** Starts to keep a connection alive. */
export function startKeepAlive(settings: KeepAliveSettings): KeepAlive {
  const thirdMs = Math.max(1, Math.floor(settings.heartbeatMs / 3));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWaiting = false;
  let hasHeard = false;

  const arm = (step: () => void): void => {
    clearTimeout(timer);
    timer = later(step, thirdMs);
  };
  const ping = (): void => {
    isWaiting = true;
    hasHeard = false;
    const due = Date.now() + thirdMs;
    settings.ping();
    arm(() => {
      judge(due);
    });
  };
  const judge = (due: number): void => {
    if (hasHeard) beat();
    else if (Date.now() - due > sleptMs) ping();
    else settings.onSilence();
  };
  const beat = (): void => {
    isWaiting = false;
    if (settings.messagesOnly || !hasHeard) ping();
    else rest();
  };
  const rest = (): void => {
    isWaiting = false;
    hasHeard = false;
    arm(beat);
  };
  rest();
  return {
    heard() {
      hasHeard = true;
    },
    // The next ping is armed here rather than by a timer: browsers slow down chains of timers in hidden pages to one
    // a minute, but not a timer that an incoming message sets.
    pong() {
      if (isWaiting) rest();
    },
    probe() {
      if (!isWaiting) ping();
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
