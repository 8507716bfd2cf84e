/** Tokens between the generated client and the real server: brought in every way, renewed, and refused. */
import { withToken, type TokenOptions, type TokenSource } from 'bellwire/token';
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import { createTradingClient, type TradingClient } from '../generated/trading/index.js';
import { useApp, type AppServer } from './appServer.js';
import { mint } from './mint.js';

const secret = 'known to this test and its servers';

const app = useApp('trading');
let server: AppServer;

async function serve(): Promise<void> {
  server = await app.serve(['--feed', 'synthetic', '--auth-secret', secret, '--auth-leeway', '1ms']);
}

/** A token for these accounts. */
const owning = (accounts: readonly string[], seconds?: number): string => mint(secret, { accounts }, seconds);

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
  const client = connect(() => Promise.resolve(owning(['A-1'])), { by });
  await expect(client.orders.subscribe({ accountId: 'A-1' }).ready).resolves.toBeDefined();
  await expect(client.orders.subscribe({ accountId: 'B-1' }).ready).rejects.toMatchObject({
    code: 'forbidden',
    errors: [{ pointer: '/accountId' }],
  });
});

test('a new token takes the place of one that expires, on the same connection', async () => {
  await serve();
  const all = [owning(['A-1'], 2), owning(['B-1'])];
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
