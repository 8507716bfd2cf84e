/** Every event of the bot's dashboard, whichever way it is pushed: told, logged and retained in one order. */
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import { botHttp, createBotClient, type BotClient, type Event } from '../generated/bot/index.js';
import { useApp, type AppServer } from './appServer.js';
import { PUBLISH_TOKEN, get, post } from './asking.js';

const WHEN = '2026-02-24T10:00:00.123456+00:00';

/** One of each, as bots send them. */
const EVENTS: Event[] = [
  { type: 'ACCOUNT_UPDATE', account: { leverage: 100, day_pl: -1.5 }, timestamp: WHEN },
  { type: 'POSITION_UPDATE', positions: [], timestamp: WHEN },
  { type: 'SCAN_START', count: 12, timestamp: WHEN },
  { type: 'SCAN_SUMMARY', symbols: { XAUUSD: 'Cooldown' }, count: 1, candidates: 0, timestamp: WHEN },
  { type: 'TRADE_EXECUTION', symbol: 'EURUSD', direction: 'BUY', price: 1.085, lot: 0.1, timestamp: WHEN },
  { type: 'RESEARCH_START', symbol: 'EURUSD', data: { rows: [1, null, 'x'] }, timestamp: WHEN },
  {
    type: 'RESEARCH_RESULT',
    symbol: 'EURUSD',
    action: 'BUY',
    confidence: 87.5,
    reason: 'r',
    timestamp: WHEN,
  },
  { type: 'CRITIC_REVIEW', symbol: 'EURUSD', score: 7, lesson: 'wait', analysis: '…', timestamp: WHEN },
  { type: 'STAT_ARB_HEDGE', symbol: 'A/B', message: 'hedged', timestamp: WHEN },
  { type: 'STAT_ARB_FLATTEN', symbol: 'A/B', message: 'closed', timestamp: WHEN },
];

const { serve, closeLater } = useApp('bot');

/** A dashboard: its log, newest first, begun with the snapshot's. */
interface Dashboard {
  readonly client: BotClient;
  readonly log: Event[];
  /** Waits until the log is so long. */
  readonly until: (length: number) => Promise<void>;
}

async function dashboard(server: AppServer): Promise<Dashboard> {
  const client = closeLater(createBotClient({ url: server.url, WebSocket }));
  const log: Event[] = [];
  let wake = (): void => undefined;
  const add = (event: Event): void => {
    log.unshift(event);
    wake();
  };
  client.accountUpdate.on((event) => {
    add({ type: 'ACCOUNT_UPDATE', ...event });
  });
  client.positionUpdate.on((event) => {
    add({ type: 'POSITION_UPDATE', ...event });
  });
  client.scanStart.on((event) => {
    add({ type: 'SCAN_START', ...event });
  });
  client.scanSummary.on((event) => {
    add({ type: 'SCAN_SUMMARY', ...event });
  });
  client.tradeExecution.on((event) => {
    add({ type: 'TRADE_EXECUTION', ...event });
  });
  client.researchStart.on((event) => {
    add({ type: 'RESEARCH_START', ...event });
  });
  client.researchResult.on((event) => {
    add({ type: 'RESEARCH_RESULT', ...event });
  });
  client.criticReview.on((event) => {
    add({ type: 'CRITIC_REVIEW', ...event });
  });
  client.statArbHedge.on((event) => {
    add({ type: 'STAT_ARB_HEDGE', ...event });
  });
  client.statArbFlatten.on((event) => {
    add({ type: 'STAT_ARB_FLATTEN', ...event });
  });
  await new Promise<void>((resolve) => {
    client.stateSnapshot.on(({ data }) => {
      log.push(...data.events);
      resolve();
    });
  });
  const until = async (length: number): Promise<void> => {
    while (log.length < length) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { client, log, until };
}

async function loggedBy(server: AppServer): Promise<Event[]> {
  const state = (await (await get(server, '/api/state')).json()) as { events: Event[] };
  return state.events;
}

test('every event arrives as it was pushed, by either way', async () => {
  const server = await serve(['--no-demo', '--publish-token', PUBLISH_TOKEN]);
  const { log, until } = await dashboard(server);
  for (const event of EVENTS) {
    expect(await botHttp(server.origin).pushEvent(event)).toEqual({ status: 'ok', clients: 1 });
    expect(await (await post(server, '/publish', event, PUBLISH_TOKEN)).json()).toEqual({ subscribers: 1 });
  }
  await until(2 * EVENTS.length);
  expect(log).toEqual(EVENTS.flatMap((event) => [event, event]).reverse());
  expect(await loggedBy(server)).toEqual(log);
});

test('whoever pushes at the same time, the order is one for snapshots, clients and HTTP', async () => {
  const server = await serve(['--no-demo']);
  const push = async (from: number): Promise<void> => {
    for (let count = from; count < from + 20; count += 1) {
      const answer = await post(server, '/api/events', { type: 'SCAN_START', count });
      expect(answer.status).toBe(200);
    }
  };
  const early = await dashboard(server);
  const pushing = Promise.all([push(0), push(100), push(200), push(300)]);
  const late = [await dashboard(server), await dashboard(server)];
  await pushing;
  const kept = await loggedBy(server);
  expect(kept).toHaveLength(80);
  for (const { log, until } of [early, ...late]) {
    await until(80);
    expect(log).toEqual(kept);
  }
});

test('lists are shortened by a limit, and a bad one is refused with its place', async () => {
  const server = await serve(['--no-demo']);
  const { until } = await dashboard(server);
  for (let price = 1; price <= 60; price += 1) {
    await post(server, '/api/events', {
      type: 'TRADE_EXECUTION',
      symbol: 'A',
      direction: 'SELL',
      price,
      lot: 1,
    });
  }
  await until(60);
  const prices = async (path: string): Promise<number[]> => {
    const trades = (await (await get(server, path)).json()) as { price: number }[];
    return trades.map(({ price }) => price);
  };
  expect(await prices('/api/trades')).toEqual(Array.from({ length: 50 }, (_, at) => 60 - at));
  expect(await prices('/api/trades?limit=3')).toEqual([60, 59, 58]);
  for (const path of ['/api/trades?limit=0', '/api/trades?limit=51', '/api/positions?limit=x']) {
    const answer = await get(server, path);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: 'invalid-payload', errors: [{ pointer: '/limit' }] });
  }
});

test('an event that does not fit is refused with the pointer and what is allowed', async () => {
  const server = await serve(['--no-demo']);
  const trade = { type: 'TRADE_EXECUTION', symbol: 'A', direction: 'HOLD', price: 1, lot: 1 };
  for (const [event, pointer, allowed] of [
    [{ type: 'NO_SUCH' }, '/type', '"SCAN_START"'],
    [trade, '/direction', '"BUY", "SELL"'],
  ] as const) {
    const answer = await post(server, '/api/events', event);
    expect(answer.status).toBe(422);
    const { code, errors } = (await answer.json()) as {
      code: string;
      errors: { pointer: string; message: string }[];
    };
    expect(code).toBe('invalid-payload');
    expect(errors).toContainEqual(
      expect.objectContaining({ pointer, message: expect.stringContaining(allowed) as string }),
    );
  }
  expect(await loggedBy(server)).toEqual([]);
});
