/**
 * Close codes and error codes of the Bellwire protocol, and what a client does about them.
 *
 * A document may declare its own codes; those come with the contract and win over the rules here.
 */

/** What a client does after a failure: nothing, the same again after a pause, or the same again at once. */
export type Retry = 'never' | 'later' | 'now';

/** The error codes that any request may be answered with, beside those the document declares for it. */
export type FrameworkErrorCode =
  | 'invalid-json'
  | 'unknown-type'
  | 'invalid-payload'
  | 'forbidden'
  | 'not-authenticated'
  | 'too-many-subscriptions'
  | 'rate-limited'
  | 'request-timeout'
  | 'internal'
  | 'shutting-down';

/** Close codes of the WebSocket standard that blame this client: the same again would fail again. */
const terminalCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 1010]);

/** What a document says about closes. */
export interface DeclaredCloses {
  /** Retry class by code. */
  readonly closes?: Readonly<Record<number, Retry>>;
  /** Closes that share a code with others, by the beginning of their reason. */
  readonly closeReasons?: readonly {
    readonly code: number;
    readonly reason: string;
    readonly retry: Retry;
  }[];
}

/** The retry class of a close that the server or the network decided on. */
export function retryOfClose(code: number, reason: string, declared: DeclaredCloses = {}): Retry {
  const byReason = declared.closeReasons?.find(
    (close) => close.code === code && reason.startsWith(close.reason),
  );
  const isTerminal = terminalCodes.has(code) || (code >= 4500 && code <= 4999);
  return byReason?.retry ?? declared.closes?.[code] ?? (isTerminal ? 'never' : 'later');
}
