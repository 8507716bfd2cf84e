/** What the surroundings offer, be they a browser or Node.js; everything may be missing. */
import type { WebSocketConstructor } from './connection.js';

interface Platform {
  readonly WebSocket?: WebSocketConstructor;
  readonly location?: { readonly origin: string };
  readonly navigator?: { readonly onLine?: boolean };
  readonly reportError?: (error: unknown) => void;
  readonly addEventListener?: (type: string, listener: NetworkListener) => void;
  readonly removeEventListener?: (type: string, listener: NetworkListener) => void;
}

type NetworkListener = (event: { readonly type: string }) => void;

/** The global object, as far as the runtime uses it. */
export const platform: Platform = globalThis;

/** The platform's own socket class; throws `TypeError` where there is none. */
export function globalSocket(): WebSocketConstructor {
  const socket = platform.WebSocket;
  if (socket === undefined) throw new TypeError('The option `WebSocket` is required');
  return socket;
}

/** Calls back after a while; what is longer than timers know, `Infinity` too, is the longest that they do, 24 days. */
export function later(action: () => void, delayMs: number): ReturnType<typeof setTimeout> {
  return setTimeout(action, Math.min(delayMs, 2 ** 31 - 1));
}

/** Whether the platform says that there is no network; where nothing is known it counts as present. */
export function isOffline(): boolean {
  return platform.navigator?.onLine === false;
}

/** Calls back with `true` for `online` and `false` for `offline`; the result stops that. */
export function onNetworkChange(listener: (isOnline: boolean) => void): () => void {
  const heard: NetworkListener = ({ type }) => {
    listener(type === 'online');
  };
  platform.addEventListener?.('online', heard);
  platform.addEventListener?.('offline', heard);
  return () => {
    platform.removeEventListener?.('online', heard);
    platform.removeEventListener?.('offline', heard);
  };
}
