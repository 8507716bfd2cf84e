/**
 * Requests, each with an id of its own.
 *
 * Bookkeeping only: what to send goes out through `send`, answers come in through `settle`.
 */
import { Calls, type Call, type CallSettings } from './calls.js';
import type { Contract } from './contract.js';
import { RequestError } from './errors.js';
import { encodeFrame, isFailure, readFailure, type Frame, type Position } from './protocol/frames.js';

/** Options of one request. */
export interface RequestOptions {
  /** How long the request may take, in milliseconds. Default: the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Gives the request up; the server may carry it out nevertheless. */
  readonly signal?: AbortSignal | undefined;
}

/** What the bookkeeping needs. */
export interface RequestsSettings extends CallSettings {
  readonly contract: Contract;
}

/** How a request ended. */
export type Answer =
  | { readonly ok: true; readonly payload: unknown; readonly frame: Frame }
  | { readonly ok: false; readonly error: unknown };

interface Request extends Call {
  /** Absent where nothing answers. */
  readonly id: string | undefined;
  finish(answer: Answer): void;
}

/** The requests of one client. */
export interface Requests {
  /** Those under way. */
  readonly calls: Calls<Call>;
  /** Asks, and resolves with the payload of the answer; where none is declared, once it is handed to the socket. */
  call(type: string, payload: unknown, options?: RequestOptions): Promise<unknown>;
  /** Asks at once, and calls back before the next frame is looked at, which a promise would not. */
  readonly ask: (
    type: string,
    payload: unknown,
    onAnswer: (answer: Answer) => void,
    since?: Position,
  ) => void;
  /** A frame came; says whether it answered a request. */
  settle(frame: Frame): boolean;
}

/** Creates an empty bookkeeping. */
export function createRequests(settings: RequestsSettings): Requests {
  const calls = new Calls<Request>(settings);

  const create = (
    type: string,
    payload: unknown,
    options: RequestOptions,
    onAnswer: (answer: Answer) => void,
    since?: Position,
  ): Request => {
    const isUnanswered = settings.contract.requests?.[type]?.notification;
    const id = isUnanswered ? undefined : String(settings.nextId());
    const request: Request = {
      id,
      type,
      text: encodeFrame(type, id, payload, settings.contract.envelope, since),
      finish(answer) {
        stop();
        onAnswer(answer);
      },
      fail(error) {
        request.finish({ ok: false, error });
      },
      sent() {
        if (isUnanswered) request.finish({ ok: true, payload: undefined, frame: { type } });
      },
    };
    const stop = calls.watch(request, options);
    return request;
  };

  return {
    calls,
    ask(type, payload, onAnswer, since) {
      calls.send(create(type, payload, {}, onAnswer, since));
    },
    call(type, payload, options = {}) {
      return new Promise((resolve, reject) => {
        const request = create(type, payload, options, (answer) => {
          if (answer.ok) resolve(answer.payload);
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of an AbortSignal is whatever its owner chose
          else reject(answer.error);
        });
        calls.dispatch(request);
      });
    },
    settle(frame) {
      for (const request of calls.pending) {
        // Messages of other kinds may have ids of their own.
        const isAnswer = frame.type === `${request.type}.response` || frame.type === 'error';
        if (!isAnswer || request.id !== String(frame.id)) continue;
        if (isFailure(frame)) request.fail(new RequestError(request.type, readFailure(frame)));
        else request.finish({ ok: true, payload: frame.payload, frame });
        return true;
      }
      return false;
    },
  };
}
