/** The generated client against the trading bot's dashboard: what is told, what is kept, what is posted. */
import { isRequestError, type ClientOptions } from 'bellwire';
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import {
  botHttp,
  createBotClient,
  type BotClient,
  type BotHttp,
  type Event,
  type EventInput,
} from '../generated/bot/index.js';
import { useApp, type AppServer } from './appServer.js';

const { serve, closeLater } = useApp('bot');

function connect(url: string, options: ClientOptions = {}): BotClient {
  return closeLater(createBotClient({ url, WebSocket, backoff: { baseMs: 10, maxMs: 100 }, ...options }));
}

type Snapshot = Awaited<ReturnType<BotHttp['getStateSnapshot']>>;

/** The next snapshot a client gets; listening connects it. */
function snapshot(client: BotClient): Promise<Snapshot> {
  return new Promise((resolve) => {
    const stop = client.stateSnapshot.on(({ data }) => {
      stop();
      resolve(data);
    });
  });
}

async function push(server: AppServer, event: EventInput): Promise<void> {
  await expect(botHttp(server.origin).pushEvent(event)).resolves.toMatchObject({ status: 'ok' });
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
  const http = botHttp(server.origin);
  await expect(http.getStateSnapshot()).resolves.toEqual(state);
  await expect(http.getAccount()).resolves.toEqual(state.account);
  await expect(http.getPositions()).resolves.toEqual([]);
  await expect(http.getScanSummary()).resolves.toEqual(state.scan_summary);
  await expect(http.getRecentTrades()).resolves.toEqual(state.recent_trades);
  await expect(http.service()).resolves.toMatchObject({ status: 'running', websocket: '/ws' });
});

test('lists are shortened, and what does not fit is refused as on the socket', async () => {
  const http = botHttp((await serve(['--no-demo'])).origin);
  for (const price of [1, 2, 3]) {
    await http.pushEvent({ type: 'TRADE_EXECUTION', symbol: 'EURUSD', direction: 'BUY', price, lot: 0.1 });
  }
  const trades = await http.getRecentTrades({ limit: 2 });
  expect(trades.map(({ price }) => price)).toEqual([3, 2]);
  const refused = await http.getRecentTrades({ limit: 51 }).catch((error: unknown) => error);
  expect(isRequestError(refused, 'invalid-payload')).toBe(true);
  expect(refused).toMatchObject({ type: 'recent_trades', retry: 'never', errors: [{ pointer: '/limit' }] });
  const unknown = http.pushEvent({ type: 'SCAN_ENDED' } as unknown as EventInput);
  await expect(unknown).rejects.toMatchObject({ type: 'pushEvent', code: 'invalid-payload' });
  await expect(http.getAccount({ signal: AbortSignal.abort('done') })).rejects.toBe('done');
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
  const kept = (await botHttp(server.origin).getStateSnapshot()).events;
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
