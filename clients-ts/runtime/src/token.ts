/**
 * Tokens: a socket class that proves who its user is, for the option `WebSocket` of a client.
 *
 * An entry point of its own, `bellwire/token`: pages without tokens do not load it. It asks for a token before it opens
 * a connection, and again when the server says that the one in use is about to expire.
 */
import type { WebSocketConstructor, WebSocketLike } from './connection.js';
import type { Contract, EnvelopeContract } from './contract.js';
import { parseJson } from './json.js';
import { globalSocket } from './platform.js';
import { asFrame, encodeFrame, readClosingNotice, type Frame } from './protocol/frames.js';

/** A token, or where to get one; asked before every connection and before the last token expires. */
export type TokenSource = string | (() => string | Promise<string>);

/** How tokens are sent. */
export interface TokenOptions {
  /**
   * In the query of the address, as a subprotocol, which keeps it out of addresses, or as the first message, where
   * the server gives time for that. Default: `query`.
   */
  readonly by?: 'query' | 'subprotocol' | 'message' | undefined;
  /** Its name in the query. Default: what the document's `securitySchemes` says, else `token`. */
  readonly parameter?: string | undefined;
  /** How frames wrap payloads. Default: as the document says. */
  readonly envelope?: EnvelopeContract | undefined;
  /** The socket class to use. Default: the global one. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

type EventType = 'open' | 'message' | 'close' | 'error';
type Listener = (event?: unknown) => void;

/** Id of our own messages: request ids are numbers in quotes, so it is never one of theirs. */
const tokenId = 'token';
/** What the server says about tokens is short; nothing longer is looked into. */
const longestNotice = 1024;

/** A socket class whose connections bring a token: `createTradingClient({ url, WebSocket: withToken(fetchToken) })`. */
export function withToken(source: TokenSource, options: TokenOptions = {}): WebSocketConstructor {
  const Socket = options.WebSocket ?? globalSocket();
  return class extends TokenSocket {
    /** With what the document says of tokens and frames, where the options do not. */
    static forContract(contract: Contract): WebSocketConstructor {
      const { parameter = contract.tokenParameter, envelope = contract.envelope } = options;
      return withToken(source, { ...options, parameter, envelope });
    }

    constructor(url: string, protocols: readonly string[] = []) {
      super(source, options);
      void this.connect(Socket, url, protocols);
    }
  };
}

class TokenSocket implements WebSocketLike {
  readonly #source: TokenSource;
  readonly #options: TokenOptions;
  readonly #listeners: Record<EventType, Listener[]> = { open: [], message: [], close: [], error: [] };
  #socket: WebSocketLike | undefined;
  #isClosed = false;
  #token = '';

  constructor(source: TokenSource, options: TokenOptions) {
    this.#source = source;
    this.#options = options;
  }

  addEventListener(type: EventType, listener: (event: never) => void): void {
    this.#listeners[type].push(listener as Listener);
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  close(code?: number, reason?: string): void {
    this.#isClosed = true;
    this.#socket?.close(code, reason);
  }

  /** Opens the real socket once there is a token; without one it ends as a connection that failed. */
  protected async connect(
    Socket: WebSocketConstructor,
    url: string,
    protocols: readonly string[],
  ): Promise<void> {
    const { by = 'query', parameter = 'token' } = this.#options;
    try {
      const token = await this.#next();
      if (this.#isClosed) return;
      const address = new URL(url);
      if (by === 'query') address.searchParams.set(parameter, token);
      const offered = by === 'subprotocol' ? [...protocols, `bellwire.bearer.${token}`] : [...protocols];
      this.#attach(new Socket(address.toString(), offered), by === 'message');
    } catch (error) {
      // The address holds the token, and so would what a socket class says of it.
      const reason = this.#token === '' && error instanceof Error ? error.message : 'No connection';
      this.#emit('close', { code: 1006, reason });
    }
  }

  #attach(socket: WebSocketLike, isFirstMessage: boolean): void {
    this.#socket = socket;
    socket.addEventListener('open', () => {
      if (isFirstMessage) this.#authenticate();
      this.#emit('open');
    });
    socket.addEventListener('message', (event) => {
      if (!this.#isOurs(event.data)) this.#emit('message', event);
    });
    socket.addEventListener('close', (event) => {
      this.#isClosed = true;
      this.#emit('close', event);
    });
    socket.addEventListener('error', () => {
      this.#emit('error');
    });
  }

  #emit(type: EventType, event?: unknown): void {
    for (const listener of this.#listeners[type]) listener(event);
  }

  async #next(): Promise<string> {
    this.#token = typeof this.#source === 'string' ? this.#source : await this.#source();
    return this.#token;
  }

  #authenticate(): void {
    this.send(encodeFrame('authenticate', tokenId, { token: this.#token }, this.#options.envelope));
  }

  /** Looks at a message; says whether it answers one of ours. */
  #isOurs(data: unknown): boolean {
    const frame = readNotice(data, this.#options.envelope);
    if (frame?.type === 'closing' && readClosingNotice(frame)?.condition === 'token-expired') {
      void this.#renew();
    }
    return frame?.id === tokenId;
  }

  /** Brings a new token, if there is one; else the server closes, and the next connection asks again. */
  async #renew(): Promise<void> {
    const last = this.#token;
    try {
      // The same again would only be announced to expire again.
      if ((await this.#next()) !== last && !this.#isClosed) this.#authenticate();
    } catch {
      this.#token = last;
    }
  }
}

function readNotice(data: unknown, envelope: EnvelopeContract | undefined): Frame | undefined {
  // Both our id and the condition begin so.
  if (typeof data !== 'string' || data.length > longestNotice || !data.includes('"token')) return undefined;
  try {
    return asFrame(parseJson(data), envelope);
  } catch {
    return undefined;
  }
}
