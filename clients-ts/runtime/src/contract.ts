/**
 * What a client has to know of its API at run time: the one object a generated client hands to the runtime.
 *
 * It holds names, defaults and matchers, never types: those stand in the generated signatures. One contract describes
 * one endpoint; a document with several endpoints yields several contracts and as many clients.
 */
import type { Retry } from './protocol/codes.js';

/** One endpoint, as the generator writes it down. */
export interface Contract {
  /** Path of the socket, `{parameter}` expressions included: `/api/v1/ws`. */
  readonly address: string;
  /** Parameters of the address, by name. */
  readonly parameters?: Readonly<Record<string, AddressParameter>>;
  /** WebSocket subprotocol to offer; absent offers none. */
  readonly subprotocol?: string;
  /** How frames wrap payloads; absent means `{type, id?, topic?, payload?}`. */
  readonly envelope?: EnvelopeContract;
  /** Name of a token in the query of the address, for `withToken`; `token` by default. */
  readonly tokenParameter?: string;
  /**
   * How long the server bears a silent client, in milliseconds. Absent means that the endpoint knows no `ping`
   * message, and the client sends none.
   */
  readonly heartbeatMs?: number;
  /** What counts as a sign of life; `any` by default. */
  readonly activity?: 'any' | 'message';
  /** How many messages per second the server takes, twice as many in a burst; absent means as many as one likes. */
  readonly messagesPerSecond?: number;
  /** What to do after a close, by close code; codes not listed follow the rules of the protocol. */
  readonly closes?: Readonly<Record<number, Retry>>;
  /** Closes that share a code with others and are told from them by their reason; these go before `closes`. */
  readonly closeReasons?: readonly CloseReason[];
  /** Topics by route: `bars`. */
  readonly topics?: Readonly<Record<string, TopicContract>>;
  /** Requests by the name they have on the wire: `orders.place`. */
  readonly requests?: Readonly<Record<string, RequestContract>>;
  /** Broadcasts by the name they have on the wire: `notice`. */
  readonly broadcasts?: Readonly<Record<string, BroadcastContract>>;
  /** Operations written in plain AsyncAPI, by their name in the document. */
  readonly operations?: Readonly<Record<string, OperationContract>>;
}

/** The members of a frame around its payload, where they differ from the standard envelope. */
export interface EnvelopeContract {
  /** Member that says what a frame of the server is; `type` by default. */
  readonly tag?: string;
  /** Member that says what a frame of a client is; by default the same as `tag`. */
  readonly clientTag?: string;
  /** Member that holds the payload; `flat` where its members stand beside the tag; `payload` by default. */
  readonly body?: string;
  /** Member that says when the server sent a frame; absent where none does. */
  readonly timestamp?: string;
}

/** A close known by its reason. */
export interface CloseReason {
  /** Close code. */
  readonly code: number;
  /** How the reason begins. */
  readonly reason: string;
  /** What to do after it. */
  readonly retry: Retry;
}

/** A parameter of an address. */
export interface AddressParameter {
  /** Used when the caller gives none; without it the parameter is required. */
  readonly default?: string;
}

/** A topic. */
export interface TopicContract {
  /** The declared parameters, of which the topic string is made. */
  readonly shape: ParamShape;
  /** Whether a new subscriber gets a `<route>.snapshot`; `false` by default. */
  readonly snapshot?: boolean;
}

/**
 * The declared members of a topic's parameters, by wire key.
 *
 * A member called `__proto__` must be written as a computed key (`['__proto__']: {}`), else it is not a member.
 */
export type ParamShape = Readonly<Record<string, ParamMember>>;

/** One declared member. */
export interface ParamMember {
  /** Stands in for an absent member; without it the empty string does. */
  readonly default?: unknown;
  /** The declared members of a nested object; absent where the value is taken as it is. */
  readonly members?: ParamShape;
}

/** A request of the standard envelope. */
export interface RequestContract {
  /** How long to wait for the reply, where the client's own setting is not wanted. */
  readonly timeoutMs?: number;
  /** Sent without an id and not answered, failures included; `false` by default. */
  readonly notification?: boolean;
}

/** A message to every connection. */
export interface BroadcastContract {
  /** Sent once to each new connection rather than on publication. */
  readonly onConnect?: boolean;
}

/** An operation written in plain AsyncAPI; its messages are whole frames. */
export interface OperationContract {
  /** Who speaks, seen from the server: `receive` is sent by the client, `send` by the server. */
  readonly action: 'receive' | 'send';
  /** The operation's messages. */
  readonly messages: readonly MessageContract[];
  /** Messages of the declared reply; absent where there is none. */
  readonly reply?: readonly MessageContract[];
}

/** A message of a plain operation. */
export interface MessageContract {
  /** Its name in the document. */
  readonly name: string;
  /** How a frame is recognised as this message. */
  readonly match: Matcher;
  /** Where the correlation id stands, as a pointer into the frame. */
  readonly correlation?: Correlation;
}

/** Place and type of a correlation id. */
export interface Correlation {
  /** JSON pointer into the frame: `/reqid`. */
  readonly pointer: string;
  /** Type of the ids that the client makes up where the caller's message has none. */
  readonly type: 'integer' | 'string';
}

/** How a frame is recognised: by a tag, by its shape, or as bare text. Tags are tried first, shapes in their order. */
export type Matcher =
  | {
      readonly kind: 'tag';
      /** JSON pointer of the tag: `/type`, `/action`. */
      readonly pointer: string;
      /** The value it must have. */
      readonly value: string | number | boolean;
    }
  | { readonly kind: 'shape'; readonly shape: FrameShape }
  | {
      readonly kind: 'text';
      /** Source of a regular expression that the text must match; absent takes any text that is not JSON. */
      readonly pattern?: string;
      /** The only texts allowed; absent allows all. */
      readonly values?: readonly string[];
    };

/** What can be checked of a value without a schema validator; every member present must hold. */
export interface FrameShape {
  /** Type of the value, or the types it may have; `integer` is a number without a fraction. */
  readonly type?: JsonType | readonly JsonType[];
  /** Keys an object must have. */
  readonly required?: readonly string[];
  /** What the members of an object must be, where they are present. */
  readonly members?: Readonly<Record<string, FrameShape>>;
  /** What the first items of an array must be; all of them must be present. */
  readonly items?: readonly FrameShape[];
  /** The only values allowed. */
  readonly values?: readonly (string | number | boolean | null)[];
}

/** The types of JSON Schema. */
export type JsonType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';
