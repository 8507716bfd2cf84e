/** What an application may set, the defaults, and the address that follows from both. */
import type { Backoff } from './backoff.js';
import type { WebSocketConstructor } from './connection.js';
import type { Contract } from './contract.js';
import { callSafely, type Report } from './emitter.js';
import { globalSocket, platform } from './platform.js';

/** Options of a client; every one has a default. */
export interface ClientOptions {
  /**
   * Where the server is: the full address of the socket, or only its origin (`ws://localhost:8000`), to which the
   * path of the contract is added. `http` and `https` mean `ws` and `wss`. Default: the origin of the page.
   */
  readonly url?: string | URL | undefined;
  /** Values for the parameters of the address. */
  readonly parameters?: Readonly<Record<string, string | undefined>> | undefined;
  /** The socket class to use. Default: the global one; Node.js has one from version 22. */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /** How long a request may take, waiting to be sent included, in milliseconds. Default: 10 000. */
  readonly requestTimeoutMs?: number | undefined;
  /** How long an attempt to connect may take, in milliseconds. Default: 10 000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How many requests may wait to be sent; one more is rejected. Default: 100. */
  readonly maxQueuedRequests?: number | undefined;
  /** How many values an async iteration holds for a slow reader; beyond it the oldest go. Default: 1024. */
  readonly bufferSize?: number | undefined;
  /** Whether to send pings, to stay connected and to notice a silent server. Default: `true`. */
  readonly keepAlive?: boolean | undefined;
  /** How long this server bears a silent client, where it was started with another value than the document's. */
  readonly heartbeatMs?: number | undefined;
  /** Bounds of the random wait before a reconnection. Default: `{ baseMs: 500, maxMs: 20_000 }`. */
  readonly backoff?: Backoff | undefined;
  /** Gets what callbacks throw and nobody else handles. Default: the platform's `reportError`, else the console. */
  readonly onError?: Report | undefined;
}

/** Options with every default applied. */
export interface Settings {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly WebSocket: WebSocketConstructor;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly maxQueuedRequests: number;
  readonly bufferSize: number;
  /** Absent where nothing is to be kept alive. */
  readonly heartbeatMs: number | undefined;
  readonly backoff: Backoff;
  readonly report: Report;
}

/** Applies the defaults; throws `TypeError` on options that can never work. */
export function settle(contract: Contract, options: ClientOptions): Settings {
  const Socket = options.WebSocket ?? globalSocket();
  return {
    url: socketUrl(contract, options),
    protocols: contract.subprotocol === undefined ? [] : [contract.subprotocol],
    WebSocket: Socket.forContract?.(contract) ?? Socket,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    maxQueuedRequests: options.maxQueuedRequests ?? 100,
    bufferSize: options.bufferSize ?? 1024,
    heartbeatMs: options.keepAlive === false ? undefined : (options.heartbeatMs ?? contract.heartbeatMs),
    backoff: options.backoff ?? { baseMs: 500, maxMs: 20_000 },
    report: (error) => {
      callSafely(reportGlobally, options.onError ?? reportGlobally, error);
    },
  };
}

function socketUrl(contract: Contract, options: ClientOptions): string {
  const base = options.url?.toString() ?? platform.location?.origin;
  if (base === undefined) throw new TypeError('The option `url` is required');
  const url = new URL(base);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') throw new TypeError(`Not a socket address: ${base}`);
  url.hash = '';
  const path = fillParameters(contract, options.parameters ?? {});
  // `new URL` gives every origin the path `/`; only then is there room for the contract's own.
  if (url.pathname === '/') url.pathname = path;
  return url.toString();
}

function fillParameters(contract: Contract, values: Readonly<Record<string, string | undefined>>): string {
  const path = contract.address.replace(/\{([^}]+)\}/g, (_match, name: string) => {
    const value = values[name] ?? contract.parameters?.[name]?.default;
    if (value === undefined)
      throw new TypeError(`The address ${contract.address} needs the parameter ${name}`);
    return encodeURIComponent(value);
  });
  // Encoded or not, `URL` would walk up.
  if (/\/\.\.?(\/|$)/.test(path))
    throw new TypeError(`The address ${contract.address} cannot lead to ${path}`);
  return path;
}

function reportGlobally(error: unknown): void {
  if (platform.reportError === undefined) console.error(error);
  else platform.reportError(error);
}
