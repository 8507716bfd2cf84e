/** The generated client against the trading bot's dashboard: what is told, what is kept, what is posted. */
import type { ClientOptions } from 'bellwire';
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import {
  createBotClient,
  type BotClient,
  type BotState,
  type Event,
  type EventInput,
} from '../generated/bot/index.js';
import { useApp, type AppServer } from './appServer.js';

const { serve, closeLater } = useApp('bot');

function connect(url: string, options: ClientOptions = {}): BotClient {
  return closeLater(createBotClient({ url, WebSocket, backoff: { baseMs: 10, maxMs: 100 }, ...options }));
}

type Snapshot = BotState['/api/state'];

/** The next snapshot a client gets; listening connects it. */
function snapshot(client: BotClient): Promise<Snapshot> {
  return new Promise((resolve) => {
    const stop = client.stateSnapshot.on(({ data }) => {
      stop();
      resolve(data);
    });
  });
}

async function read<Path extends keyof BotState>(
  server: AppServer,
  path: Path,
  query = '',
): Promise<BotState[Path]> {
  const answer = await fetch(`http://127.0.0.1:${String(server.port)}${path}${query}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as BotState[Path];
}

async function push(server: AppServer, event: EventInput): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${String(server.port)}/api/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });
  await expect(answer.json()).resolves.toMatchObject({ status: 'ok' });
}

/** Every event as it arrives, newest first: the log that a dashboard keeps. */
function log(client: BotClient, events: Event[] = []): Event[] {
  client.accountUpdate.on((event) => events.unshift({ type: 'ACCOUNT_UPDATE', ...event }));
  client.positionUpdate.on((event) => events.unshift({ type: 'POSITION_UPDATE', ...event }));
  client.scanStart.on((event) => events.unshift({ type: 'SCAN_START', ...event }));
  client.scanSummary.on((event) => events.unshift({ type: 'SCAN_SUMMARY', ...event }));
  client.tradeExecution.on((event) => events.unshift({ type: 'TRADE_EXECUTION', ...event }));
  client.researchStart.on((event) => events.unshift({ type: 'RESEARCH_START', ...event }));
  client.researchResult.on((event) => events.unshift({ type: 'RESEARCH_RESULT', ...event }));
  client.criticReview.on((event) => events.unshift({ type: 'CRITIC_REVIEW', ...event }));
  client.statArbHedge.on((event) => events.unshift({ type: 'STAT_ARB_HEDGE', ...event }));
  client.statArbFlatten.on((event) => events.unshift({ type: 'STAT_ARB_FLATTEN', ...event }));
  return events;
}

test('the snapshot is typed, and the same as over HTTP', async () => {
  const server = await serve(['--no-demo']);
  await push(server, { type: 'ACCOUNT_UPDATE', account: { balance: 100, currency: 'USD' } });
  await push(server, { type: 'ACCOUNT_UPDATE', account: { balance: 90 } });
  await push(server, { type: 'SCAN_SUMMARY', symbols: { EURUSD: 'OK' }, count: 1 });
  const trade = { symbol: 'EURUSD', direction: 'BUY', price: 1.085, lot: 0.1 } as const;
  await push(server, { type: 'TRADE_EXECUTION', ...trade });
  const state = await snapshot(connect(server.url));
  expect(state.account).toEqual({ balance: 90, currency: 'USD' });
  expect(state.scan_summary).toMatchObject({ symbols: { EURUSD: 'OK' }, count: 1 });
  expect(state.recent_trades).toMatchObject([trade]);
  const types = state.events.map(({ type }) => type);
  expect(types).toEqual(['TRADE_EXECUTION', 'SCAN_SUMMARY', 'ACCOUNT_UPDATE', 'ACCOUNT_UPDATE']);
  await expect(read(server, '/api/state')).resolves.toEqual(state);
  await expect(read(server, '/api/account')).resolves.toEqual(state.account);
  await expect(read(server, '/api/positions')).resolves.toEqual([]);
  await expect(read(server, '/api/scan')).resolves.toEqual(state.scan_summary);
  await expect(read(server, '/api/trades', '?limit=1')).resolves.toEqual(state.recent_trades);
});

test('snapshot and events make one log, in the order of the server', async () => {
  const server = await serve(['--interval', '0.01', '--seed', '3']);
  const client = connect(server.url);
  const since = log(client);
  const { events } = await snapshot(client);
  const enough = new Promise<void>((resolve) => {
    client.accountUpdate.on(() => {
      if (since.length > 100) resolve();
    });
  });
  await enough;
  const known = [...since, ...events];
  const kept = (await read(server, '/api/state')).events;
  // The server may have gone on by some events when it is asked.
  const start = kept.findIndex((event) => JSON.stringify(event) === JSON.stringify(known[0]));
  expect(start).toBeGreaterThanOrEqual(0);
  const common = kept.slice(start);
  expect(known.slice(0, common.length)).toEqual(common);
  expect(common.length).toBeGreaterThan(100);
});

test('after a restart a client is told the state anew', async () => {
  const first = await serve(['--no-demo']);
  const client = connect(first.url);
  await snapshot(client);
  const again = snapshot(client);
  await first.stop();
  const second = await serve(['--no-demo'], first.port);
  await expect(again).resolves.toMatchObject({ events: [] });
  const started = new Promise((resolve) => {
    client.scanStart.on(resolve);
  });
  await push(second, { type: 'SCAN_START', count: 12, timestamp: '2026-02-24T10:00:00.123456+00:00' });
  await expect(started).resolves.toEqual({ count: 12, timestamp: '2026-02-24T10:00:00.123456+00:00' });
}, 30_000);
