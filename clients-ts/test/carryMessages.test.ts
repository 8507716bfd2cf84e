/** Every message of the cash-and-carry monitor, from a back end to the generated client; and who is let in. */
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import { createCarryClient, type CarryClient } from '../generated/carry/index.js';
import { useApp, type AppServer } from './appServer.js';
import { PUBLISH_TOKEN, collect, get, post } from './asking.js';

const QUIET = ['--demo', 'false', '--publish-token', PUBLISH_TOKEN];
const WHEN = '2024-01-15T10:30:00.000Z';
const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** One of each, as back ends send them. */
const MESSAGES = {
  position_update: {
    position_id: 'uuid',
    symbol: 'BTC/USDT',
    status: 'open',
    spot_entry_price: '45000.00',
    perp_entry_price: '45010.00',
    spot_quantity: '0.1',
    perp_quantity: '0.1',
    unrealized_pnl: '50.25',
    funding_collected: '12.50',
    leverage: '2',
    strategy_type: 'cross_exchange',
    is_shadow: false,
  },
  equity_update: { total_equity: '10000.00', peak_equity: '10500.00', current_equity: '10000.00' },
  risk_status_update: { status: 'soft_pause', message: 'm', drawdown_pct: '0.04', daily_loss_pct: '0.03' },
  system_log: { level: 'CRITICAL', module: 'm', message: 'm', timestamp: WHEN },
  scout_status: {
    scout_id: 's',
    total_markets: 3,
    total_scanned: 2,
    valid_opportunities: 1,
    scan_duration_seconds: 0.5,
    last_scan_time: WHEN,
    opportunities: [{ symbol: 'BTC/USDT', spread_pct: '0.10', funding_rate: '0.01' }],
  },
  scout_progress: {
    scout_id: 's',
    strategy_type: 'cash_carry',
    status: 'scanning',
    scanned: 1,
    total: 2,
    valid_opportunities: 0,
    progress_percent: 50,
    completed: false,
    timestamp: WHEN,
  },
  worker_status: { status: 'rejected', symbol: 'ETH/USDT', failed_checks: ['spread'] },
};

const { serve, closeLater } = useApp('carry');

function connect(server: AppServer, query = ''): CarryClient {
  return closeLater(createCarryClient({ url: `${server.url}${query}`, WebSocket }));
}

function greeted(client: CarryClient): Promise<number> {
  return new Promise((resolve) => {
    client.connectionEstablished.on(({ type, timestamp, queued_messages }) => {
      expect(type).toBe('connection_established');
      expect(timestamp).toMatch(ISO_8601);
      resolve(queued_messages);
    });
  });
}

async function publish(server: AppServer, type: string, data: unknown): Promise<void> {
  const answer = await post(server, '/publish', { type, data }, PUBLISH_TOKEN);
  expect(await answer.json()).toMatchObject({ subscribers: expect.any(Number) as number });
}

test('every message arrives as it was published, with the time beside it', async () => {
  const server = await serve(QUIET);
  const client = connect(server);
  const arrived: [string, unknown, string][] = [];
  const told = (type: string) => (data: unknown, meta: { timestamp: string }) => {
    arrived.push([type, data, meta.timestamp]);
  };
  client.positionUpdate.on(told('position_update'));
  client.equityUpdate.on(told('equity_update'));
  client.riskStatusUpdate.on(told('risk_status_update'));
  client.scoutStatus.on(told('scout_status'));
  client.scoutProgress.on(told('scout_progress'));
  client.workerStatus.on(told('worker_status'));
  const critical = collect<{ level: string }>(
    (listener) => client.systemLog.on(listener),
    (lines) => lines.at(-1)?.level === 'CRITICAL',
  );
  const done = new Promise<void>((resolve) => {
    client.workerStatus.on(() => {
      resolve();
    });
  });
  await greeted(client);
  for (const [type, data] of Object.entries(MESSAGES)) await publish(server, type, data);
  await done;
  const others = Object.entries(MESSAGES).filter(([type]) => type !== 'system_log');
  expect(arrived.map(([type, data]) => [type, data])).toEqual(others);
  for (const [, , timestamp] of arrived) expect(timestamp).toMatch(ISO_8601);
  expect((await critical).at(-1)).toEqual(MESSAGES.system_log);
});

test('how things stand and what has been done are told apart', async () => {
  const server = await serve(QUIET);
  const client = connect(server);
  const told = collect<string>(
    (listener) =>
      client.riskStatusUpdate.on((risk) => {
        listener('type' in risk ? `${risk.action}: ${risk.positions_affected.join()}` : risk.status);
      }),
    (values) => values.length === 2,
  );
  await greeted(client);
  await publish(server, 'risk_status_update', {
    status: 'emergency',
    reason: 'critical_network_failure',
    message: 'm',
    duration_seconds: 125.5,
  });
  await publish(server, 'risk_status_update', {
    type: 'emergency_action',
    action: 'emergency_close',
    message: 'm',
    positions_affected: ['a', 'b'],
    timestamp: WHEN,
  });
  expect(await told).toEqual(['emergency', 'emergency_close: a,b']);
});

test('what is said comes back', async () => {
  const client = connect(await serve(QUIET));
  const echo = await client.say('hello');
  expect(echo).toEqual({
    type: 'echo',
    timestamp: expect.stringMatching(ISO_8601) as string,
    message: 'Received: hello',
  });
});

test('the last hundred of what was sent to nobody are kept', async () => {
  const server = await serve(QUIET);
  for (let number = 0; number < 130; number += 1) {
    await publish(server, 'equity_update', {
      ...MESSAGES.equity_update,
      total_equity: `${String(number)}.00`,
    });
  }
  expect(await (await get(server, '/health')).json()).toMatchObject({ queued_messages: 100 });
  const client = connect(server);
  const totals = collect<string>(
    (listener) =>
      client.equityUpdate.on(({ total_equity }) => {
        listener(total_equity);
      }),
    (values) => values.at(-1) === '129.00',
  );
  expect(await greeted(client)).toBe(100);
  const numbers = (await totals).map(Number);
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => 130 - numbers.length + at));
  expect(numbers[0]).toBeGreaterThanOrEqual(30);
});

test('a bad token is refused for good, also where none is needed', async () => {
  const server = await serve([...QUIET, '--auth-mode', 'optional', '--auth-secret', 's'.repeat(32)]);
  const client = connect(server, '?token=bad');
  const closed = new Promise((resolve) => {
    client.on('status', ({ status, close }) => {
      if (status === 'closed') resolve(close);
    });
  });
  client.connect();
  expect(await closed).toMatchObject({ code: 1008, reason: 'Invalid token' });
  await greeted(connect(server));
});
