/**
 * One socket, opened once and ended once.
 *
 * Turns the events of a WebSocket into three callbacks with guarantees: nothing after the end, exactly one end,
 * and an end even where the socket never says so. Knows no frames and does not reconnect.
 */
import type { Contract } from './contract.js';
import { later } from './platform.js';

/** The part of a WebSocket that the runtime uses; the browsers' class and those of the usual packages have it. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
}

/** A class of such sockets. */
export interface WebSocketConstructor {
  new (url: string, protocols?: string[]): WebSocketLike;
  /** The same for one API, where the class has to know something of it. */
  readonly forContract?: (contract: Contract) => WebSocketConstructor;
}

/** What a connection needs. */
export interface ConnectionSettings {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly WebSocket: WebSocketConstructor;
  readonly connectTimeoutMs: number;
}

/** What a connection tells. */
export interface ConnectionHandlers {
  /** The handshake succeeded. */
  onOpen(): void;
  /** A message came; text is a string, anything else is not text. */
  onMessage(data: unknown): void;
  /** It is over; called once, and nothing follows. */
  onEnd(code: number, reason: string): void;
}

/** A connection under way or open. */
export interface Connection {
  /** Sends text; only while open. */
  send(text: string): void;
  /** Ends the connection at once, without waiting for the other side; `onEnd` gets the same code and reason. */
  end(code: number, reason: string): void;
}

/** Code of a connection that broke without a close frame. */
const abnormal = 1006;

/** Starts to open a socket. */
export function openConnection(settings: ConnectionSettings, handlers: ConnectionHandlers): Connection {
  let ended = false;
  const finish = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    handlers.onEnd(code, reason);
  };
  const timer = later(() => {
    finish(abnormal, 'No connection in time');
    closeQuietly(socket, 1000, '');
  }, settings.connectTimeoutMs);
  const socket = construct(settings, (error) => {
    queueMicrotask(() => {
      finish(abnormal, error instanceof Error ? error.message : 'No connection');
    });
  });
  socket?.addEventListener('open', () => {
    clearTimeout(timer);
    if (!ended) handlers.onOpen();
  });
  socket?.addEventListener('message', (event) => {
    if (!ended) handlers.onMessage(event.data);
  });
  socket?.addEventListener('close', (event) => {
    finish(event.code, event.reason);
  });
  // An error is always followed by a close; the listener only keeps the platform from calling it unhandled.
  socket?.addEventListener('error', () => undefined);
  return {
    send(text) {
      socket?.send(text);
    },
    end(code, reason) {
      finish(code, reason);
      closeQuietly(socket, code, reason);
    },
  };
}

/** Browsers throw here where a page may not connect at all, such as to `ws:` from a secure page. */
function construct(
  settings: ConnectionSettings,
  onFailure: (error: unknown) => void,
): WebSocketLike | undefined {
  try {
    return new settings.WebSocket(settings.url, [...settings.protocols]);
  } catch (error) {
    onFailure(error);
    return undefined;
  }
}

/** Clients may send only 1000 and the codes from 3000 on; a socket that refuses to close is gone already. */
function closeQuietly(socket: WebSocketLike | undefined, code: number, reason: string): void {
  try {
    if (code === 1000 || (code >= 3000 && code <= 4999)) socket?.close(code, reason);
    else socket?.close();
  } catch {
    return;
  }
}
