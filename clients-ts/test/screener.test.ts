/** The generated client of the screener against the real one: lists of symbols, acknowledgements, ticks of what is held. */
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import {
  createScreenerClient,
  screenerHttp,
  type ScreenerClient,
  type Tick,
} from '../generated/screener/index.js';
import { useApp } from './appServer.js';

const { serve, closeLater } = useApp('screener');

/** A client with every tick it has been told so far, and a wait for more. */
function listen(url: string): {
  client: ScreenerClient;
  ticks: Tick[];
  until: (enough: (ticks: Tick[]) => boolean) => Promise<void>;
} {
  const client = closeLater(createScreenerClient({ url, WebSocket, backoff: { baseMs: 10, maxMs: 100 } }));
  const ticks: Tick[] = [];
  let wake = (): void => undefined;
  client.ticks.on((tick) => {
    ticks.push(tick);
    wake();
  });
  const until = async (enough: (ticks: Tick[]) => boolean): Promise<void> => {
    while (!enough(ticks)) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { client, ticks, until };
}

test('what is asked for is acknowledged, and only that ticks', async () => {
  const { url } = await serve();
  const { client, ticks, until } = listen(url);
  await expect(client.subscribe({ action: 'subscribe', symbols: ['SBIN', 'NSE:TCS-EQ'] })).resolves.toEqual({
    type: 'ack',
    action: 'subscribe',
    count: 2,
  });
  await until((all) => new Set(all.map(({ symbol }) => symbol)).size === 2);
  expect(ticks.every(({ ltp }) => ltp > 0)).toBe(true);
  const left = await client.unsubscribe({ action: 'unsubscribe', symbols: ['SBIN'] });
  expect(left).toEqual({ type: 'ack', action: 'unsubscribe', count: 1 });
  ticks.length = 0;
  await until((all) => all.length >= 2);
  expect(new Set(ticks.map(({ symbol }) => symbol))).toEqual(new Set(['NSE:TCS-EQ']));
});

test('two clients own their sets, and a bare ping is answered', async () => {
  const { url, origin } = await serve();
  const one = listen(url);
  const other = listen(url);
  await one.client.subscribe({ action: 'subscribe', symbols: ['SBIN'] });
  await other.client.subscribe({ action: 'subscribe', symbols: ['INFY', 'SBIN'] });
  await expect(one.client.barePing('ping')).resolves.toEqual({ type: 'pong' });
  await one.until((ticks) => ticks.length >= 2);
  expect(one.ticks.every(({ symbol }) => symbol === 'NSE:SBIN-EQ')).toBe(true);
  one.client.close();
  const status = await screenerHttp(origin).status();
  expect(status).toEqual({ connected: true, subscribed_symbols: ['NSE:INFY-EQ', 'NSE:SBIN-EQ'] });
});

test('symbols are held over HTTP, too, and given up again', async () => {
  const http = screenerHttp((await serve()).origin);
  await expect(http.pin({ symbols: ['SBIN', 'NSE:TCS-EQ'] })).resolves.toEqual({
    status: 'subscribed',
    subscribed_symbols: ['NSE:SBIN-EQ', 'NSE:TCS-EQ'],
  });
  const { status, total_symbols } = await http.health();
  expect(['READY', 'DEGRADED']).toContain(status);
  expect(total_symbols).toBe(2);
  await expect(http.marketStatus()).resolves.toHaveProperty('market_status');
  await expect(http.disconnect()).resolves.toEqual({ status: 'disconnected', subscribed_symbols: [] });
  const refused = http.pin({ symbols: ['NO SUCH'] });
  await expect(refused).rejects.toMatchObject({
    type: 'pin',
    code: 'invalid-payload',
    errors: [{ pointer: '/symbols/0', rule: 'pattern' }],
  });
});

test('a client that comes back subscribes again and goes on', async () => {
  const first = await serve();
  const { client, ticks, until } = listen(first.url);
  const show = (): Promise<unknown> => client.subscribe({ action: 'subscribe', symbols: ['SBIN'] });
  await show();
  await until((all) => all.length >= 1);
  const back = new Promise<void>((resolve) => {
    client.on('status', ({ status, previous }) => {
      if (status === 'connected' && previous === 'reconnecting') resolve();
    });
  });
  await first.stop();
  await serve([], first.port);
  await back;
  ticks.length = 0;
  await show();
  await until((all) => all.length >= 1);
}, 30_000);
