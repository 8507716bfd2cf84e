/** Tokens between the generated client and the real server: brought in every way, renewed, and refused. */
import { createHmac } from 'node:crypto';
import { withToken, type TokenOptions, type TokenSource } from 'bellwire/token';
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import { createTradingClient, type TradingClient } from '../generated/trading/index.js';
import { useApp, type AppServer } from './appServer.js';

const secret = 'known to this test and its servers';

const app = useApp('trading');
let server: AppServer;

async function serve(): Promise<void> {
  server = await app.serve(['--feed', 'synthetic', '--auth-secret', secret, '--auth-leeway', '1ms']);
}

/** A token for these accounts. */
function mint(accounts: readonly string[], seconds = 600): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: 'user-1', exp: Date.now() / 1000 + seconds, accounts };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function connect(source: TokenSource, options: TokenOptions = {}): TradingClient {
  return app.closeLater(
    createTradingClient({
      url: server.url,
      WebSocket: withToken(source, { WebSocket, ...options }),
    }),
  );
}

test.each(['query', 'subprotocol', 'message'] as const)('by %s a token opens its accounts', async (by) => {
  await serve();
  const client = connect(() => Promise.resolve(mint(['A-1'])), { by });
  await expect(client.orders.subscribe({ accountId: 'A-1' }).ready).resolves.toBeDefined();
  await expect(client.orders.subscribe({ accountId: 'B-1' }).ready).rejects.toMatchObject({
    code: 'forbidden',
    errors: [{ pointer: '/accountId' }],
  });
});

test('a new token takes the place of one that expires, on the same connection', async () => {
  await serve();
  const all = [mint(['A-1'], 2), mint(['B-1'])];
  const client = connect(() => all.shift() ?? 'none is left');
  const statuses: string[] = [];
  client.on('status', ({ status }) => statuses.push(status));
  const ended = new Promise((resolve) => {
    client.orders.subscribe({ accountId: 'A-1' }, { onError: resolve });
  });
  await expect(ended).resolves.toMatchObject({ code: 'forbidden', type: 'orders.ended' });
  await expect(client.orders.subscribe({ accountId: 'B-1' }).ready).resolves.toBeDefined();
  expect(statuses).toEqual(['connecting', 'connected']);
  expect(all).toEqual([]);
});

test('a token that is no good ends the client', async () => {
  await serve();
  const client = connect('nonsense');
  await expect(client.orders.subscribe({ accountId: 'A-1' }).ready).rejects.toMatchObject({
    code: 1008,
    reason: 'Invalid token',
    retry: 'never',
  });
  expect(client.status).toBe('closed');
});
