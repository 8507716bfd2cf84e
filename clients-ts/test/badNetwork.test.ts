/** A network that cuts, stalls and tears connections, and a server that restarts: what is lost is told, and all comes back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SubscribeOptions } from 'bellwire';
import { WebSocket } from 'ws';
import { beforeAll, expect, test, vi } from 'vitest';
import {
  createTradingClient,
  type Notification,
  type Trade,
  type TradingClient,
} from '../generated/trading/index.js';
import { BadNetwork, chance } from './badNetwork.js';
import { BUILD_TIMEOUT_MS, buildApp, startApp, useCleanUps, type AppServer } from './appServer.js';

const accountId = 'TEST-001';
const symbol = 'NUMBERED';
const doLater = useCleanUps();
let program: string;

beforeAll(async () => {
  program = await buildApp('trading');
}, BUILD_TIMEOUT_MS);

async function serve(history: string, port = 0): Promise<AppServer> {
  const few = ['--queue', '64KiB', '--send-buffer', '16KiB'];
  const flags = ['--feed', 'synthetic', '--publish-token', 'secret', '--history-file', history, ...few];
  const server = await startApp(program, flags, port);
  doLater(() => server.stop('SIGKILL'));
  return server;
}

/** A back end that publishes numbers to one topic, one after another. */
class Publisher {
  /** What the server took; what it did not may have been published all the same. */
  readonly taken: number[] = [];
  readonly #send: (number: number) => Promise<boolean>;
  #isStopped = false;
  #next = 1;
  readonly #done: Promise<void>;

  constructor(port: number, frameOf: (number: number) => object) {
    const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' };
    const url = `http://127.0.0.1:${String(port)}/api/v1/publish`;
    this.#send = (number) =>
      fetch(url, { method: 'POST', headers, body: JSON.stringify(frameOf(number)) }).then(
        (answer) => answer.ok,
        () => false,
      );
    this.#done = this.#run();
  }

  /** Stops, and publishes a last number to a server that is there. */
  async stop(): Promise<number> {
    this.#isStopped = true;
    await this.#done;
    expect(await this.#send(this.#next)).toBe(true);
    return this.#next;
  }

  async #run(): Promise<void> {
    for (; !this.#isStopped; this.#next += 1) {
      if (await this.#send(this.#next)) this.taken.push(this.#next);
      await sleep(2);
    }
  }
}

/** What one subscriber saw of numbers, and where it had to know that some may be missing. */
class Follower<Update> {
  last = 0;
  readonly #log: string[] = [];
  /** Pairs of numbers between which nobody said that something is missing. */
  readonly #joints: (readonly [number, number])[] = [];
  #mayLack = true;
  readonly #numberOf: (value: Update) => number;
  /** What to subscribe with. */
  readonly options: SubscribeOptions<Update, Update[]> = {
    onUpdate: (value, { dropped }) => {
      this.#saw(value, this.#mayLack || dropped > 0);
    },
    onSnapshot: ([newest]) => {
      if (newest !== undefined) this.#saw(newest, true);
    },
    onStatus: (status) => {
      if (status === 'stale') this.#mayLack = true;
      this.#log.push(status);
    },
    onRecovery: ({ recovered, reason }) => {
      this.#mayLack = !recovered;
      this.#log.push(reason ?? 'recovered');
    },
  };

  constructor(numberOf: (value: Update) => number) {
    this.#numberOf = numberOf;
  }

  /** What the server took and this one missed without a word. */
  missed(taken: readonly number[]): unknown[] {
    return this.#joints
      .filter(([from, to]) => to <= from || taken.some((number) => number > from && number < to))
      .map((joint) => [joint, this.#log]);
  }

  #saw(value: Update, mayLack: boolean): void {
    const number = this.#numberOf(value);
    if (!mayLack) this.#joints.push([this.last, number]);
    this.#mayLack = false;
    this.last = number;
    this.#log.push(String(number));
  }
}

/** Asks for something again and again; says how many answers are still due. */
function ask(client: TradingClient, until: () => boolean): { readonly due: number; done: Promise<void> } {
  const state = { due: 0, done: Promise.resolve() };
  state.done = (async () => {
    while (!until()) {
      state.due += 1;
      void client.orders
        .cancel({ accountId, orderId: 'none' })
        .catch(() => undefined)
        .finally(() => (state.due -= 1));
      await sleep(20);
    }
  })();
  return state;
}

test.each([1, 2, 3])(
  'nothing is lost without a word, and nothing hangs (seed %i)',
  { timeout: 60_000 },
  async (seed) => {
    const folder = await mkdtemp(join(tmpdir(), 'bellwire-network-'));
    doLater(() => rm(folder, { recursive: true }));
    const history = join(folder, 'history.json');
    const server = await serve(history);
    const random = chance(seed);
    const network = new BadNetwork(server.port, random);
    doLater(() => {
      network.close();
    });
    const url = `ws://127.0.0.1:${String(await network.listen())}/api/v1/ws`;
    const client = createTradingClient({ url, WebSocket, backoff: { baseMs: 10, maxMs: 100 } });
    doLater(() => {
      client.close();
    });
    const surprises: unknown[] = [];
    client.on('unknown', (message) => surprises.push(message));

    const notices = new Follower<Notification>(({ title }) => Number(title));
    const trades = new Follower<Trade>(({ quantity }) => quantity);
    const handles = [
      client.notifications.subscribe({ accountId }, notices.options),
      client.trades.subscribe({ symbol }, trades.options),
      client.quotes.subscribe({ symbols: ['AAPL', 'MSFT'] }),
      client.orderbook.subscribe({ symbol: 'AAPL' }),
    ];
    const message = 'x'.repeat(2_000);
    const noticing = new Publisher(server.port, (number) => ({
      type: 'notifications.update',
      params: { accountId },
      payload: { category: 'info', title: String(number), message, time: 1 },
    }));
    const trading = new Publisher(server.port, (quantity) => ({
      type: 'trades.update',
      params: { symbol },
      payload: { trade_id: message, symbol, price: 1, quantity, side: 'buy', time: 1 },
    }));
    let isOver = false;
    const requests = ask(client, () => isOver);

    for (let step = 0; step < 60; step += 1) {
      await sleep(random() * 70);
      network.misbehave();
      if (step === 30) {
        await server.stop();
        await serve(history, server.port);
      }
    }
    network.heal();
    const [lastNotice, lastTrade] = [await noticing.stop(), await trading.stop()];
    isOver = true;
    await requests.done;
    await vi.waitFor(
      () => {
        expect(handles.map(({ status }) => status)).toEqual(handles.map(() => 'live'));
        expect([notices.last, trades.last, requests.due]).toEqual([lastNotice, lastTrade, 0]);
      },
      { timeout: 20_000 },
    );
    expect(noticing.taken.length).toBeGreaterThan(50);
    expect([notices.missed(noticing.taken), trades.missed(trading.taken)]).toEqual([[], []]);
    expect(surprises).toEqual([]);
  },
);
