/**
 * The connection as it lives on from socket to socket: opens lazily, stays alive, comes back.
 *
 * Decides when to connect and when to give up; what is said over the connection is not its concern.
 */
import { backoffDelay } from './backoff.js';
import { openConnection, type Connection } from './connection.js';
import type { Contract } from './contract.js';
import { ConnectionClosedError } from './errors.js';
import { startKeepAlive, type KeepAlive } from './keepalive.js';
import type { Settings } from './options.js';
import { isOffline, later, onNetworkChange } from './platform.js';
import { retryOfClose } from './protocol/codes.js';
import type { ClosingNotice } from './protocol/frames.js';
import type { CloseInfo, Status, StatusChange } from './status.js';

/** What the link tells and asks. */
export interface LinkHandlers {
  /** A connection is open and nothing was sent over it yet. */
  onUp(): void;
  /** A message came. */
  onMessage(data: unknown): void;
  /** The open connection is gone; whether it comes back is decided after this. */
  onDown(error: ConnectionClosedError): void;
  /** The link is closed for good. */
  onClosed(error: ConnectionClosedError): void;
  /** The state changed. */
  onStatus(change: StatusChange): void;
  /** Whether a lost connection is worth restoring. */
  isNeeded(): boolean;
  /** Sends a ping. */
  ping(): void;
}

/** A link to one server. */
export interface Link {
  readonly status: Status;
  /** The error of a closed link. */
  readonly closedBy: ConnectionClosedError | undefined;
  /** Connects if nothing does yet. */
  want(): void;
  /** Sends text; only while connected. */
  send(text: string): void;
  /** The answer to a ping arrived. */
  pong(): void;
  /** The server said that it will close. */
  expectClose(notice: ClosingNotice): void;
  /** Closes for good. */
  close(): void;
}

/** A connection that lasted this long was a success; the next loss starts counting anew. */
const stableAfterMs = 5_000;

/** Creates a link that has not connected yet. */
export function createLink(contract: Contract, settings: Settings, handlers: LinkHandlers): Link {
  return new ReconnectingLink(contract, settings, handlers);
}

class ReconnectingLink implements Link {
  status: Status = 'idle';
  closedBy: ConnectionClosedError | undefined;
  readonly #contract: Contract;
  readonly #settings: Settings;
  readonly #handlers: LinkHandlers;
  #connection: Connection | undefined;
  #keepAlive: KeepAlive | undefined;
  #notice: ClosingNotice | undefined;
  /** The server asked not to be bothered before this moment. */
  #notBefore = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ignoreNetwork: (() => void) | undefined;
  #attempt = 0;
  #openedAt: number | undefined;

  constructor(contract: Contract, settings: Settings, handlers: LinkHandlers) {
    this.#contract = contract;
    this.#settings = settings;
    this.#handlers = handlers;
  }

  want(): void {
    if (this.status !== 'idle') return;
    this.#ignoreNetwork ??= onNetworkChange((isOnline) => {
      this.#networkChanged(isOnline);
    });
    const pauseMs = this.#orderedPause();
    if (pauseMs === 0) this.#open();
    else this.#openLater(pauseMs);
    this.#setStatus('connecting');
  }

  send(text: string): void {
    this.#connection?.send(text);
  }

  pong(): void {
    this.#keepAlive?.pong();
  }

  expectClose(notice: ClosingNotice): void {
    this.#notice = notice;
  }

  close(): void {
    if (this.status === 'closed') return;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#stopConnection();
    this.#finish({ code: 1000, reason: 'Closed by the application', retry: 'never' });
    connection?.end(1000, '');
  }

  #open(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const connection = openConnection(this.#settings, {
      onOpen: () => {
        if (this.#connection === connection) this.#opened();
      },
      onMessage: (data) => {
        if (this.#connection !== connection) return;
        this.#keepAlive?.heard();
        this.#handlers.onMessage(data);
      },
      onEnd: (code, reason) => {
        if (this.#connection === connection) this.#ended(code, reason);
      },
    });
    this.#connection = connection;
  }

  #openLater(delayMs: number): void {
    this.#timer = later(() => {
      this.#open();
    }, delayMs);
  }

  #opened(): void {
    this.#openedAt = Date.now();
    const { heartbeatMs } = this.#settings;
    if (heartbeatMs !== undefined) {
      this.#keepAlive = startKeepAlive({
        heartbeatMs,
        messagesOnly: this.#contract.activity === 'message',
        ping: () => {
          this.#handlers.ping();
        },
        onSilence: () => {
          this.#connection?.end(4408, 'No sign of life');
        },
      });
    }
    this.#setStatus('connected');
    // A listener may have closed the client.
    if (!this.#isClosed()) this.#handlers.onUp();
  }

  #ended(code: number, reason: string): void {
    const notice = this.#notice;
    this.#notice = undefined;
    if (notice?.retry_after_ms !== undefined) this.#notBefore = Date.now() + notice.retry_after_ms;
    const wasOpen = this.#openedAt !== undefined;
    if (this.#openedAt !== undefined && Date.now() - this.#openedAt >= stableAfterMs) this.#attempt = 0;
    this.#connection = undefined;
    this.#stopConnection();
    const retry = notice?.code === code ? notice.retry : retryOfClose(code, reason, this.#contract);
    const close: CloseInfo = { code, reason, retry };
    if (wasOpen) this.#handlers.onDown(new ConnectionClosedError(code, reason, retry));
    // A callback may have closed the client meanwhile.
    if (this.#isClosed()) return;
    if (retry === 'never') this.#finish(close);
    else if (!this.#handlers.isNeeded()) this.#setStatus('idle', { close });
    else this.#scheduleRetry(close);
  }

  /** How much is left of the pause that the server asked for, in milliseconds. */
  #orderedPause(): number {
    return Math.max(0, this.#notBefore - Date.now());
  }

  #scheduleRetry(close: CloseInfo): void {
    // `later` asks for a pause: its first wait is drawn from twice the range of `now`.
    if (this.#attempt === 0 && close.retry === 'later') this.#attempt = 1;
    const delayMs = backoffDelay(this.#attempt, this.#settings.backoff, this.#orderedPause(), Math.random);
    this.#attempt += 1;
    this.#timer = later(() => {
      this.#retry();
    }, delayMs);
    this.#setStatus('reconnecting', { close, retryInMs: delayMs });
  }

  #retry(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#handlers.isNeeded()) {
      this.#setStatus('idle');
      return;
    }
    if (!isOffline()) {
      this.#open();
      return;
    }
    // `online` will wake us; the timer is for platforms whose word is not to be relied upon.
    this.#openLater(this.#settings.backoff.maxMs);
  }

  #networkChanged(isOnline: boolean): void {
    if (this.status === 'connected') this.#keepAlive?.probe();
    else if (isOnline && this.#timer !== undefined && this.#orderedPause() === 0) this.#retry();
  }

  #stopConnection(): void {
    this.#keepAlive?.stop();
    this.#keepAlive = undefined;
    this.#openedAt = undefined;
  }

  #finish(close: CloseInfo): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#ignoreNetwork?.();
    this.closedBy = new ConnectionClosedError(close.code, close.reason, close.retry);
    this.#setStatus('closed', { close });
    this.#handlers.onClosed(this.closedBy);
  }

  #isClosed(): boolean {
    return this.status === 'closed';
  }

  #setStatus(status: Status, change: Omit<StatusChange, 'status' | 'previous'> = {}): void {
    const previous = this.status;
    this.status = status;
    this.#handlers.onStatus({ status, previous, ...change });
  }
}
