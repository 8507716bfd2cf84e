/** The generated client against the real server: one document, two languages, a socket between them. */
import { ConnectionClosedError, type ClientOptions } from 'bellwire';
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import {
  BarsErrorCode,
  createTradingClient,
  OrderType,
  Resolution,
  Side,
  tradingHttp,
  type Quote,
  type TradingClient,
} from '../generated/trading/index.js';
import { useApp, type AppServer } from './appServer.js';

const flags = ['--feed', 'synthetic', '--bar-interval', '0.05'];

const app = useApp('trading');

function serve(more: readonly string[] = [], port = 0): Promise<AppServer> {
  return app.serve([...flags, ...more], port);
}

function connect(url: string, options: ClientOptions = {}): TradingClient {
  return app.closeLater(
    createTradingClient({ url, WebSocket, backoff: { baseMs: 10, maxMs: 100 }, ...options }),
  );
}

/** Collects until there are enough; leaves the subscription as it is. */
async function take<T>(values: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const value of values) {
    taken.push(value);
    if (taken.length === count) break;
  }
  return taken;
}

test(
  '500 subscriptions in a row are as fast as the server allows, and no faster',
  { timeout: 60_000 },
  async () => {
    // Back ends may publish whatever symbol they like, so that none is unknown.
    const { url } = await serve(['--publish-token', 'token of back ends']);
    const client = connect(url);
    await client.bars.subscribe({ symbol: 'AAPL' }).ready;
    const handles = Array.from({ length: 500 }, (_, index) =>
      client.trades.subscribe({ symbol: `S${String(index)}` }),
    );
    await expect(Promise.all(handles.map(({ ready }) => ready))).resolves.toHaveLength(500);
    // What is left of the burst serves a request at once, however many others wait for their turn.
    for (const handle of handles) handle.unsubscribe();
    await expect(client.orders.cancel({ accountId: 'TEST-001', orderId: 'none' })).rejects.toMatchObject({
      code: 'unknown-order',
    });
    expect(client.status).toBe('connected');
  },
);

test('live bars arrive after the consent, and stop with the last subscriber', async () => {
  const { url } = await serve();
  const client = connect(url);
  const bars = client.bars.subscribe({ symbol: 'AAPL' });
  const updates = bars.updates();
  await expect(bars.ready).resolves.toEqual({
    topic: 'bars:{"resolution":"1","symbol":"AAPL"}',
    params: { symbol: 'AAPL', resolution: '1' },
  });
  expect(bars.topic).toBe('bars:{"resolution":"1","symbol":"AAPL"}');
  for (const bar of await take(updates, 3)) {
    expect(bar).toMatchObject({ time: expect.any(Number) as number, close: expect.any(Number) as number });
  }
  const unknown: unknown[] = [];
  client.on('unknown', (message) => unknown.push(message));
  bars.unsubscribe();
  const again = client.bars.subscribe({ resolution: '1', symbol: 'AAPL' });
  const [first] = await take(again.events(), 2).then((events) => events.slice(1));
  expect(first?.kind).toBe('snapshot');
  expect(unknown).toEqual([]);
});

test('every resolution is a topic of its own, and an unknown symbol is refused with the known ones', async () => {
  const { url } = await serve();
  const client = connect(url);
  for (const resolution of Object.values(Resolution)) {
    const bars = client.bars.subscribe({ symbol: 'AAPL', resolution });
    const { topic } = await bars.ready;
    expect(topic).toBe(`bars:{"resolution":"${resolution}","symbol":"AAPL"}`);
    await take(bars.updates(), 1);
  }
  const unknown = {
    code: BarsErrorCode.UnknownSymbol,
    errors: [
      { pointer: '/symbol', message: 'is not one of "AAPL", "GOOGL", "MSFT", "TSLA"', rule: 'refused' },
    ],
  };
  await expect(client.bars.subscribe({ symbol: 'DOGE' }).ready).rejects.toMatchObject(unknown);
  await expect(client.trades.subscribe({ symbol: 'DOGE' }).ready).rejects.toMatchObject(unknown);
  await expect(client.orderbook.subscribe({ symbol: 'DOGE' }).ready).rejects.toMatchObject(unknown);
  const fills = client.executions.subscribe({ accountId: 'A', symbol: 'DOGE' });
  await expect(fills.ready).rejects.toMatchObject(unknown);
  expect(client.status).toBe('connected');
});

test('a value that the document does not allow ends the connection with what it does', async () => {
  const { url } = await serve();
  const client = connect(url);
  const resolution = '7' as Resolution;
  await expect(client.bars.subscribe({ symbol: 'AAPL', resolution }).ready).rejects.toMatchObject({
    code: 1003,
    reason: 'Could not validate payload: /resolution is not one of "1", "5", "15", "30", "60", "D", "W", "M"',
  });
});

test('the broadcaster tells over plain HTTP what it does', async () => {
  const { url, origin } = await serve(['--bar-symbols', 'AAPL', '--bar-resolutions', '1,5']);
  const settings = {
    is_running: true,
    interval: 0.05,
    symbols: ['AAPL'],
    resolutions: ['1', '5'],
    errors: 0,
  };
  const before = await tradingHttp(origin).broadcaster();
  expect(before).toMatchObject({ ...settings, broadcasts_sent: 0 });
  await take(connect(url).bars.subscribe({ symbol: 'AAPL' }).updates(), 2);
  const after = await tradingHttp(origin).broadcaster();
  expect(after.broadcasts_sent).toBeGreaterThan(1);
  expect(after.broadcasts_skipped).toBeGreaterThan(before.broadcasts_skipped);
});

test('a bar that a back end publishes reaches every subscriber', async () => {
  const { url, origin } = await serve(['--publish-token', 'token of back ends']);
  const all = [connect(url), connect(url)].map((client) => client.bars.subscribe({ symbol: 'ACME' }));
  await Promise.all(all.map(({ ready }) => ready));
  const bars = all.map((bar) => take(bar.updates(), 100));
  for (let time = 0; time < 100; time += 1) {
    const payload = { time, open: 1, high: 2, low: 1, close: 2, volume: 3 };
    const response = await fetch(`${origin}/api/v1/publish`, {
      method: 'POST',
      headers: { authorization: 'Bearer token of back ends' },
      body: JSON.stringify({ type: 'bars.update', params: { symbol: 'ACME' }, payload }),
    });
    expect(await response.json()).toMatchObject({ subscribers: 2 });
  }
  for (const received of await Promise.all(bars)) {
    expect(received.map(({ time }) => time)).toEqual(Array.from({ length: 100 }, (_, time) => time));
  }
});

test('quotes, trades and the best prices of several symbols arrive', async () => {
  const { url } = await serve();
  const client = connect(url);
  let snapshot: readonly Quote[] = [];
  const onSnapshot = (quotes: readonly Quote[]): void => {
    snapshot = quotes;
  };
  const params = { symbols: ['AAPL'], fast_symbols: ['MSFT', 'DOGE'] };
  const quotes = client.quotes.subscribe(params, { onSnapshot });
  const seen = new Set<string>();
  for await (const quote of quotes.updates()) {
    if (quote.s === 'ok') expect(quote.v.spread).toBeCloseTo(quote.v.ask - quote.v.bid);
    if (seen.add(quote.n).size === 2) break;
  }
  const unknown = snapshot.find(({ n }) => n === 'DOGE');
  expect(unknown).toEqual({ s: 'error', n: 'DOGE', v: { error: 'Symbol not found' } });
  const [trade] = await take(client.trades.subscribe({ symbol: 'AAPL' }).updates(), 1);
  expect(trade).toMatchObject({ symbol: 'AAPL', price: expect.any(Number) as number });
  const [book] = await take(client.orderbook.subscribe({ symbol: 'AAPL' }).updates(), 1);
  expect(book?.bids[0]?.[0]).toBeLessThan(book?.asks[0]?.[0] ?? 0);
});

test('a request is answered, and its refusal is typed', async () => {
  const { url } = await serve();
  const client = connect(url);
  const order = { accountId: 'TEST-001', symbol: 'AAPL', type: OrderType.Market, side: Side.Buy, qty: 1 };
  const orders = client.orders.subscribe({ accountId: 'TEST-001' });
  const updates = orders.updates();
  await orders.ready;
  const bars = client.bars.subscribe({ symbol: 'AAPL' });
  await take(bars.updates(), 1);
  const { orderId } = await client.orders.place(order);
  expect((await take(updates, 1))[0]?.id).toBe(orderId);
  await expect(client.orders.place({ ...order, symbol: 'NO-SUCH' })).rejects.toMatchObject({
    name: 'RequestError',
    code: 'unknown-symbol',
    retry: 'never',
  });
});

test('where an invalid payload closes the connection, the client does not come back', async () => {
  const { url } = await serve();
  const client = connect(url);
  const error: unknown = await client.orders
    .place({ accountId: 'TEST-001', symbol: 'AAPL', type: 2, side: 1, qty: -1 })
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConnectionClosedError);
  expect(error).toMatchObject({ code: 1003, retry: 'never' });
  expect(String(error)).toContain('Could not validate payload: /');
  expect(client.status).toBe('closed');
});

test('pings keep a silent client alive; without them it is sent away and returns', async () => {
  const { url } = await serve(['--heartbeat', '300ms']);
  const kept = connect(url, { heartbeatMs: 300 });
  const silent = connect(url, { keepAlive: false });
  const keptStatuses: string[] = [];
  kept.on('status', ({ status }) => keptStatuses.push(status));
  const sentAway = new Promise((resolve) => {
    silent.on('status', ({ close }) => {
      if (close !== undefined) resolve(close);
    });
  });
  const back = new Promise<void>((resolve) => {
    silent.on('status', ({ status, previous }) => {
      if (status === 'connected' && previous === 'reconnecting') resolve();
    });
  });
  kept.connect();
  silent.connect();
  await expect(sentAway).resolves.toMatchObject({ code: 1003, retry: 'now' });
  await back;
  expect(keptStatuses).toEqual(['connecting', 'connected']);
});

test('a restart is announced, and subscriptions survive it', async () => {
  const first = await serve();
  const client = connect(first.url);
  const notices: unknown[] = [];
  client.on('closing', (notice) => notices.push(notice));
  const bars = client.bars.subscribe({ symbol: 'AAPL' });
  await take(bars.updates(), 1);
  const events = bars.events();
  await first.stop();
  expect(notices).toMatchObject([{ condition: 'shutting-down', code: 1012, retry: 'later' }]);
  expect(bars.isStale).toBe(true);
  await serve([], first.port);
  const kinds: string[] = [];
  for await (const event of events) {
    kinds.push(event.kind === 'status' ? event.status : event.kind);
    if (kinds.includes('live') && event.kind === 'update') break;
  }
  expect(kinds).toContain('stale');
}, 30_000);
