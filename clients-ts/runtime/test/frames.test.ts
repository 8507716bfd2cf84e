/**
 * The golden frames of the protocol, replayed with the client on one side and the file as the server.
 *
 * What our client never says (broken frames, an unsubscribe from what it does not hold) is passed over; the server's
 * answer to it is delivered all the same, and must do no harm. Tokens are the business of another module
 * (`token.test.ts`): here nobody asked for the answers to them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Contract } from '../src/contract.js';
import { parseJson } from '../src/json.js';
import type { Frame } from '../src/protocol/frames.js';
import type { Subscription } from '../src/subscription.js';
import { consent, harness, settled, type FakeSocket, type Harness, type Sent } from './fakeSocket.js';

interface Step {
  readonly '→'?:
    | string
    | {
        readonly type?: string;
        readonly id?: unknown;
        readonly since?: { readonly offset: number };
        readonly payload?: object;
      };
  readonly '←'?: Frame;
  readonly close?: { readonly code: number; readonly reason: string };
}

interface Dialogue {
  readonly about: string;
  readonly steps: readonly Step[];
}

const contract: Contract = {
  address: '/',
  heartbeatMs: 30_000,
  activity: 'message',
  topics: {
    bars: { shape: { symbol: {}, resolution: { default: '1' } }, snapshot: true },
    quotes: { shape: { symbol: {} }, snapshot: true },
    trades: { shape: { symbol: {} } },
    depth: { shape: { symbol: {} }, snapshot: true },
    orders: { shape: { symbol: {} }, snapshot: true },
  },
  requests: { 'orders.place': {}, 'orders.cancelAll': {} },
  broadcasts: { notice: {} },
};

const folder = new URL('../../../tests/frames/', import.meta.url);
const dialogues = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, parseJson(readFileSync(new URL(name, folder), 'utf8')) as Dialogue] as const);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** The client's side of a dialogue. */
class Replay {
  /** What the client told its application, in order. */
  readonly heard: unknown[] = [];
  readonly #of: Harness;
  readonly #socket: FakeSocket;
  readonly #handles: Subscription<object, unknown, unknown>[] = [];
  /** What the client sent last, and the outcome it waits for. */
  #sent: Sent | undefined;
  #outcome: Promise<unknown> | undefined;
  #since: { readonly offset: number } | undefined;

  constructor() {
    this.#of = harness(contract);
    const { client } = this.#of;
    client.broadcast('notice').on((payload) => this.heard.push(payload));
    client.on('closing', (notice) => this.heard.push(notice));
    client.on('unknown', (message) => this.heard.push(message));
    this.#socket = this.#of.open();
  }

  get status(): string {
    return this.#of.client.status;
  }

  /** Makes the client say what the dialogue says, where it can. */
  say(wanted: NonNullable<Step['→']>): void {
    this.#sent = undefined;
    this.#outcome = undefined;
    if (typeof wanted === 'string' || wanted.type === undefined) return;
    this.#since = wanted.since;
    const [, route = '', verb = ''] = /^(.*)\.(\w+)$/.exec(wanted.type) ?? [];
    if (verb === 'subscribe') this.#outcome = this.#subscribe(route, wanted.payload ?? {}).ready;
    else if (verb === 'unsubscribe') this.#handles.pop()?.unsubscribe();
    else if (wanted.type in (contract.requests ?? {})) {
      this.#outcome = this.#of.client.request(wanted.type, wanted.payload);
    } else if (wanted.type === 'ping') vi.advanceTimersByTime(10_000);
    this.#outcome?.catch(() => undefined);
    if (this.#socket.sent.length === 0) return;
    this.#sent = this.#socket.next();
    const { id: _id, ...said } = this.#sent;
    // The client writes out the parameters it holds, where the dialogue may leave defaults to the server.
    const exactly: unknown =
      verb === 'unsubscribe' ? expect.objectContaining(wanted.payload ?? {}) : wanted.payload;
    expect(said).toEqual({ type: wanted.type, ...(wanted.payload && { payload: exactly }) });
  }

  /** Lets the client hear a frame, and checks what it makes of it. */
  async hear(frame: Frame): Promise<void> {
    await this.#hold(frame);
    const answers = [`${this.#sent?.type ?? ''}.response`, this.#sent?.type === 'ping' ? 'pong' : ''];
    const isAnswer = this.#sent !== undefined && answers.includes(frame.type);
    this.heard.length = 0;
    // Our client says where it stood only after a lost connection (see `recovery.test.ts`); here it begins there.
    const begins = frame.recovered === true && this.#since ? { offset: this.#since.offset } : {};
    this.#socket.receive(isAnswer ? { ...frame, ...begins, id: this.#sent?.id } : frame);
    await settled();
    if (isAnswer) await this.#checkOutcome(frame.payload as Record<string, unknown>);
    else if (frame.type.startsWith('authenticate.')) expect(this.heard).toEqual([frame]);
    else if (frame.type.endsWith('.response')) expect(this.heard).toEqual([]);
    else expect(this.heard).toContainEqual(expectedOf(frame));
  }

  close(code: number, reason: string): void {
    this.#socket.drop(code, reason);
  }

  end(): void {
    this.#of.client.close();
    expect(this.#of.reported).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  }

  #subscribe(route: string, params: object): Subscription<object, unknown, unknown> {
    const handle = this.#of.client.topic<object, unknown, unknown>(route).subscribe(params, {
      onUpdate: (value, meta) => this.heard.push({ value, meta }),
      onSnapshot: (value, meta) => this.heard.push({ value, meta }),
      onResync: (dropped, meta) => this.heard.push({ value: { dropped }, meta }),
      onError: (error) => this.heard.push(error),
    });
    this.#handles.push(handle);
    return handle;
  }

  /** Dialogues of loaded servers begin in the middle: the topic is held already. */
  async #hold({ topic }: Frame): Promise<void> {
    if (topic === undefined || this.#handles.length > 0) return;
    const [, route = '', params = ''] = /^([^:]*):(.*)$/.exec(topic) ?? [];
    this.#subscribe(route, JSON.parse(params) as object);
    const ask = this.#socket.next();
    this.#socket.reply(ask, consent(ask, topic));
    await settled();
  }

  async #checkOutcome(payload: Record<string, unknown> | undefined): Promise<void> {
    const { status, message, topic, result, ...rest } = payload ?? {};
    if (status === 'error') await expect(this.#outcome).rejects.toMatchObject({ message, ...rest });
    else if (this.#sent?.type.endsWith('.subscribe')) {
      await expect(this.#outcome).resolves.toEqual({ topic, params: rest });
    } else if (this.#outcome !== undefined) await expect(this.#outcome).resolves.toEqual(result);
  }
}

/** What the application must be told of a frame. */
function expectedOf(frame: Frame): unknown {
  const { type, topic, payload, offset, epoch, conflated = 1, dropped = 0 } = frame;
  const position = { ...(offset !== undefined && { offset }), ...(epoch !== undefined && { epoch }) };
  if (type.endsWith('.ended')) return expect.objectContaining({ ...(payload as object), type });
  if (topic !== undefined) return { value: payload, meta: { topic, conflated, dropped, ...position } };
  return type === 'error' ? frame : payload;
}

test.each(dialogues)('%s', async (_name, { steps }) => {
  const replay = new Replay();
  for (const step of steps) {
    if (step['→'] !== undefined) replay.say(step['→']);
    if (step['←'] !== undefined) await replay.hear(step['←']);
    if (step.close !== undefined) {
      replay.close(step.close.code, step.close.reason);
      expect(replay.status).toBe([1012, 4401].includes(step.close.code) ? 'reconnecting' : 'closed');
    }
  }
  replay.end();
});
