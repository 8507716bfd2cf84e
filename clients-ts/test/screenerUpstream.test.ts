/** The screener between an upstream of the test's own and the generated client. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { expect, test } from 'vitest';
import {
  createScreenerClient,
  screenerHttp,
  type ScreenerClient,
  type Tick,
} from '../generated/screener/index.js';
import { useApp, type AppServer } from './appServer.js';
import { PUBLISH_TOKEN, eventually, get, post } from './asking.js';

/** A Friday noon in Mumbai, and the Saturday after it. */
const NOON = '2026-01-23T12:00:00+05:30';
const SATURDAY = '2026-01-24T12:00:00+05:30';

const { serve, closeLater, doLater } = useApp('screener');

/** An upstream that notes what it is told. */
interface Upstream {
  readonly url: string;
  readonly told: { action: string; symbols: string[] }[];
  say(tick: Tick): void;
  hangUp(): void;
}

async function upstream(): Promise<Upstream> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const hangUp = (): void => {
    for (const socket of server.clients) socket.terminate();
  };
  doLater(() => {
    hangUp();
    server.close();
  });
  const told: Upstream['told'] = [];
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) =>
      told.push(JSON.parse(data.toString()) as Upstream['told'][number]),
    );
  });
  return {
    url: `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    told,
    say(tick) {
      for (const socket of server.clients) socket.send(JSON.stringify(tick));
    },
    hangUp,
  };
}

function listen(server: AppServer): { client: ScreenerClient; ticks: Tick[]; next: () => Promise<Tick> } {
  const client = closeLater(createScreenerClient({ url: server.url, WebSocket }));
  const ticks: Tick[] = [];
  let wake = (): void => undefined;
  client.ticks.on((tick) => {
    ticks.push(tick);
    wake();
  });
  const next = async (): Promise<Tick> => {
    for (;;) {
      const tick = ticks.shift();
      if (tick !== undefined) return tick;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { client, ticks, next };
}

async function health(server: AppServer, status: string): Promise<Record<string, unknown>> {
  return eventually(async () => {
    const health = (await (await get(server, '/api/system/health')).json()) as Record<string, unknown>;
    return health['status'] === status ? health : undefined;
  });
}

test('the union goes upstream once, and each client gets the ticks it holds', async () => {
  const exchange = await upstream();
  const server = await serve(['--feed', exchange.url, '--now', NOON]);
  const one = listen(server);
  const other = listen(server);
  expect(await one.client.subscribe({ action: 'subscribe', symbols: ['SBIN', 'TCS'] })).toMatchObject({
    count: 2,
  });
  expect(await other.client.subscribe({ action: 'subscribe', symbols: ['NSE:TCS-EQ'] })).toMatchObject({
    count: 1,
  });
  await eventually(async () => Promise.resolve(exchange.told.flatMap(({ symbols }) => symbols)[1]));
  expect(exchange.told.flatMap(({ symbols }) => symbols)).toEqual(['NSE:SBIN-EQ', 'NSE:TCS-EQ']);
  exchange.say({ symbol: 'NSE:SBIN-EQ', ltp: 500.5, ch: 1.2 });
  exchange.say({ symbol: 'NSE:TCS-EQ', ltp: 3000 });
  expect(await one.next()).toEqual({ symbol: 'NSE:SBIN-EQ', ltp: 500.5, ch: 1.2 });
  expect(await other.next()).toEqual({ symbol: 'NSE:TCS-EQ', ltp: 3000 });
  expect(await one.client.unsubscribe({ action: 'unsubscribe', symbols: ['TCS'] })).toMatchObject({
    count: 1,
  });
  for (let ltp = 1; ltp <= 50; ltp += 1) exchange.say({ symbol: 'NSE:TCS-EQ', ltp });
  const values: number[] = [];
  while (values.at(-1) !== 50) values.push((await other.next()).ltp);
  expect(values.length).toBeLessThan(10);
});

test('a list that does not fit is refused with a code, and the client keeps what it holds', async () => {
  const exchange = await upstream();
  const server = await serve(['--feed', exchange.url, '--now', NOON, '--max-symbols', '2']);
  const { client, next } = listen(server);
  await client.subscribe({ action: 'subscribe', symbols: ['A'] });
  await expect(client.subscribe({ action: 'subscribe', symbols: ['B', 'C'] })).rejects.toMatchObject({
    name: 'RequestError',
    code: 'too-many-interests',
  });
  await expect(client.subscribe({ action: 'subscribe', symbols: ['no such'] })).rejects.toMatchObject({
    code: 'invalid-payload',
    errors: [{ pointer: '/symbols/0' }],
  });
  expect(await client.subscribe({ action: 'subscribe', symbols: ['B'] })).toMatchObject({ count: 2 });
  await eventually(async () => Promise.resolve(exchange.told.flatMap(({ symbols }) => symbols)[1]));
  exchange.say({ symbol: 'NSE:A-EQ', ltp: 1 });
  expect(await next()).toMatchObject({ symbol: 'NSE:A-EQ' });
});

test('outside market hours nothing connects, and the last values are served', async () => {
  const exchange = await upstream();
  const flags = ['--feed', exchange.url, '--now', SATURDAY, '--publish-token', PUBLISH_TOKEN];
  const server = await serve(flags);
  const { client, next } = listen(server);
  await client.subscribe({ action: 'subscribe', symbols: ['SBIN'] });
  const tick = { symbol: 'NSE:SBIN-EQ', ltp: 499, ch: -1 };
  expect((await post(server, '/publish', tick, PUBLISH_TOKEN)).status).toBe(200);
  expect(await next()).toEqual(tick);
  const late = listen(server);
  await late.client.subscribe({ action: 'subscribe', symbols: ['SBIN'] });
  expect(await late.next()).toEqual(tick);
  expect(await screenerHttp(server.origin).marketStatus()).toEqual({
    market_status: 'CLOSED_WEEKEND',
    fyers_connected: false,
  });
  expect(exchange.told).toEqual([]);
});

test('a lost upstream is degraded, and clients go on where it comes back', async () => {
  const exchange = await upstream();
  const server = await serve(['--feed', exchange.url, '--now', NOON, '--retry', '1']);
  const { client, next } = listen(server);
  await client.subscribe({ action: 'subscribe', symbols: ['SBIN'] });
  await health(server, 'READY');
  await eventually(async () => Promise.resolve(exchange.told[0]));
  exchange.hangUp();
  expect(await health(server, 'DEGRADED')).toMatchObject({ fyers: 'DOWN', market_status: 'OPEN' });
  await health(server, 'READY');
  await eventually(async () => Promise.resolve(exchange.told[1]));
  exchange.say({ symbol: 'NSE:SBIN-EQ', ltp: 501 });
  expect(await next()).toMatchObject({ ltp: 501 });
}, 30_000);

test('symbols are pinned and given up over HTTP, and nobody loses what it holds', async () => {
  const exchange = await upstream();
  const server = await serve(['--feed', exchange.url, '--now', NOON]);
  const { client } = listen(server);
  await client.subscribe({ action: 'subscribe', symbols: ['SBIN'] });
  const http = screenerHttp(server.origin);
  expect(await http.pin({ symbols: ['TCS'] })).toEqual({
    status: 'subscribed',
    subscribed_symbols: ['NSE:SBIN-EQ', 'NSE:TCS-EQ'],
  });
  expect(await http.disconnect()).toEqual({ status: 'in_use', subscribed_symbols: ['NSE:SBIN-EQ'] });
  const refused = await post(server, '/api/websocket/subscribe', { symbols: ['A', 7] });
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({ errors: [{ pointer: '/symbols/1' }] });
});
