/** A WebSocket without a network: the test plays the server. */
import type { Contract } from '../src/contract.js';
import { createClient, type CoreClient } from '../src/client.js';
import type { ClientOptions } from '../src/options.js';

interface Events {
  open: () => void;
  error: () => void;
  message: (event: { readonly data: unknown }) => void;
  close: (event: { readonly code: number; readonly reason: string }) => void;
}

/** One socket, as the server sees it. */
export class FakeSocket {
  /** What the client sent and the test has not looked at yet. */
  readonly sent: string[] = [];
  /** How the client closed it. */
  closedWith: { readonly code: number | undefined; readonly reason: string | undefined } | undefined;
  readonly url: string;
  readonly protocols: readonly string[];
  readonly #listeners: { [Name in keyof Events]: Events[Name][] } = {
    open: [],
    error: [],
    message: [],
    close: [],
  };

  constructor(url: string, protocols: readonly string[] = []) {
    this.url = url;
    this.protocols = protocols;
  }

  addEventListener<Name extends keyof Events>(type: Name, listener: Events[Name]): void {
    this.#listeners[type].push(listener);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(code?: number, reason?: string): void {
    this.closedWith = { code, reason };
  }

  /** The handshake succeeds. */
  open(): void {
    for (const listener of this.#listeners.open) listener();
  }

  /** The server sends a frame, or text as it is. */
  receive(frame: unknown): void {
    this.receiveRaw(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The server sends anything at all. */
  receiveRaw(data: unknown): void {
    for (const listener of this.#listeners.message) listener({ data });
  }

  /** The connection ends from the other side. */
  drop(code = 1006, reason = ''): void {
    for (const listener of this.#listeners.close) listener({ code, reason });
  }

  /** The oldest frame not looked at yet, parsed. */
  next(): Sent {
    const text = this.sent.shift();
    if (text === undefined) throw new Error('The client sent nothing more');
    return JSON.parse(text) as Sent;
  }

  /** Looks at every frame that was sent. */
  all(): Sent[] {
    return this.sent.splice(0).map((text) => JSON.parse(text) as Sent);
  }

  /** Answers a request of the client. */
  reply(to: Sent, payload: unknown): void {
    this.receive({ type: `${to.type}.response`, id: to.id, payload });
  }
}

/** A frame of the client. */
export interface Sent {
  readonly type: string;
  readonly id: string;
  readonly payload?: Record<string, unknown>;
}

/** A client and the sockets it opened. */
export interface Harness {
  readonly client: CoreClient;
  readonly sockets: FakeSocket[];
  /** What was reported through `onError`. */
  readonly reported: unknown[];
  /** The newest socket. */
  readonly socket: () => FakeSocket;
  /** Opens the newest socket. */
  readonly open: () => FakeSocket;
}

/** Creates a client over fake sockets. */
export function harness(contract: Contract, options: ClientOptions = {}): Harness {
  const sockets: FakeSocket[] = [];
  const reported: unknown[] = [];
  class Socket extends FakeSocket {
    constructor(url: string, protocols?: string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const client = createClient(contract, {
    url: 'ws://test.invalid',
    WebSocket: Socket,
    onError: (error) => reported.push(error),
    ...options,
  });
  const socket = (): FakeSocket => {
    const last = sockets.at(-1);
    if (last === undefined) throw new Error('The client opened no socket');
    return last;
  };
  return {
    client,
    sockets,
    reported,
    socket,
    open: () => {
      socket().open();
      return socket();
    },
  };
}

/** Lets every settled promise call back. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A contract with one topic of each kind, one request and one broadcast. */
export const trading = {
  address: '/api/v1/ws',
  subprotocol: 'bellwire.json.v1',
  heartbeatMs: 30_000,
  activity: 'message',
  topics: {
    bars: { shape: { symbol: {}, resolution: { default: '1' } }, snapshot: true },
    trades: { shape: { symbol: {} } },
  },
  requests: { 'orders.place': {} },
  broadcasts: { notice: {} },
  closes: { 4408: 'now', 1012: 'later', 4000: 'never', 1003: 'never' },
  closeReasons: [{ code: 1003, reason: 'Connection timed out. Heartbeat interval ', retry: 'now' }],
} as const satisfies Contract;

/** The server's consent to a subscription or its end. */
export function consent(to: Sent, topic: string): Record<string, unknown> {
  return { status: 'ok', ...to.payload, message: 'Subscribed', topic };
}
