/** The generated client of the cash-and-carry monitor against the real one: greeted, caught up, told. */
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import { carryHttp, createCarryClient, type CarryClient, type Equity } from '../generated/carry/index.js';
import { useApp, type AppServer } from './appServer.js';
import { mint } from './mint.js';

const TOKEN = 't0ken';
const quiet = ['--demo', 'false', '--publish-token', TOKEN];

const { serve, closeLater } = useApp('carry');

function connect(url: string): CarryClient {
  return closeLater(createCarryClient({ url, WebSocket }));
}

async function publishEquity(server: AppServer, total: string): Promise<void> {
  const data = { total_equity: total, peak_equity: '10500.00', current_equity: total };
  const answer = await fetch(`${server.origin}/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ type: 'equity_update', data }),
  });
  expect(answer.status).toBe(200);
}

/** Waits for what makes `isEnough` true. */
function collect<T>(
  listen: (listener: (value: T) => void) => unknown,
  isEnough: (values: T[]) => boolean,
): Promise<T[]> {
  return new Promise((resolve) => {
    const values: T[] = [];
    listen((value) => {
      values.push(value);
      if (isEnough(values)) resolve(values);
    });
  });
}

test('each client is greeted, and gets in order what was sent to nobody', async () => {
  const server = await serve(quiet);
  for (const total of ['1.00', '2.00', '3.00']) await publishEquity(server, total);
  for (let time = 0; time < 2; time += 1) {
    const client = connect(server.url);
    const greeted = new Promise<number>((resolve) => {
      client.connectionEstablished.on(({ message, queued_messages }) => {
        expect(message).toContain('cash-and-carry');
        resolve(queued_messages);
      });
    });
    const equity = collect<Equity>(
      (listener) => client.equityUpdate.on(listener),
      (values) => values.length === 3,
    );
    client.connect();
    expect(await greeted).toBeGreaterThanOrEqual(3);
    expect((await equity).map(({ total_equity }) => total_equity)).toEqual(['1.00', '2.00', '3.00']);
  }
});

test('the strategy on paper goes through every risk status', async () => {
  const server = await serve(['--interval', '0.005']);
  const client = connect(server.url);
  const statuses = collect<string>(
    (listener) =>
      client.riskStatusUpdate.on((risk) => {
        if ('status' in risk) listener(risk.status);
      }),
    (values) => new Set(values).size === 3,
  );
  const position = collect(
    (listener) => client.positionUpdate.on(listener),
    (values) => values.length === 1,
  );
  client.connect();
  expect((await position)[0]).toMatchObject({ symbol: expect.stringContaining('/USDT') as string });
  expect(new Set(await statuses)).toEqual(new Set(['normal', 'soft_pause', 'hard_stop']));
});

test('where a token is required, a client without one is sent away for good', async () => {
  const server = await serve([...quiet, '--auth-mode', 'required', '--auth-secret', 's'.repeat(32)]);
  const client = connect(server.url);
  const closed = new Promise((resolve) => {
    client.on('status', ({ status, close }) => {
      if (status === 'closed') resolve(close);
    });
  });
  client.connect();
  expect(await closed).toMatchObject({ code: 1008, reason: 'Authentication required' });
});

test('over HTTP the same token is a bearer', async () => {
  const secret = 's'.repeat(32);
  const { origin } = await serve([...quiet, '--auth-mode', 'required', '--auth-secret', secret]);
  const refused = { type: 'service', code: 'not-authenticated', retry: 'never' };
  await expect(carryHttp(origin).service()).rejects.toMatchObject(refused);
  await expect(carryHttp(origin, { token: 'nonsense' }).service()).rejects.toMatchObject(refused);
  const http = carryHttp(origin, { token: () => Promise.resolve(mint(secret, {})) });
  await expect(http.service()).resolves.toMatchObject({ status: 'running', websocket: '/ws' });
  const { status, active_connections, timestamp, queued_messages } = await http.health();
  expect({ status, active_connections }).toEqual({ status: 'healthy', active_connections: 0 });
  expect(new Date(timestamp).toISOString()).toBe(timestamp);
  expect(queued_messages).toBeGreaterThanOrEqual(0);
});
