/** The same client over real sockets, against a server of twenty lines: what only the platform can get wrong. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createClient, type CoreClient } from '../src/client.js';
import { ConnectionClosedError } from '../src/errors.js';
import type { ClientOptions } from '../src/options.js';
import type { StatusChange } from '../src/status.js';
import { trading, type Sent } from './fakeSocket.js';

const cleanUps: (() => void)[] = [];

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** A server that consents to every subscription and publishes one update. */
async function startServer(port = 0): Promise<{ readonly server: WebSocketServer; readonly port: number }> {
  const server = new WebSocketServer({ port, host: '127.0.0.1' });
  cleanUps.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const { type, id, payload } = JSON.parse(data.toString()) as Sent;
      const topic = `bars:${JSON.stringify(payload)}`;
      socket.send(
        JSON.stringify({ type: `${type}.response`, id, payload: { status: 'ok', ...payload, topic } }),
      );
      socket.send(JSON.stringify({ type: 'bars.update', topic, payload: server.clients.size }));
    });
  });
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function start(port: number, options: ClientOptions = {}): CoreClient {
  const client = createClient(trading, {
    url: `ws://127.0.0.1:${String(port)}`,
    WebSocket,
    backoff: { baseMs: 1, maxMs: 20 },
    ...options,
  });
  cleanUps.push(() => {
    client.close();
  });
  return client;
}

async function nextStatus(client: CoreClient, wanted: string): Promise<StatusChange> {
  return new Promise((resolve) => {
    client.on('status', (change) => {
      if (change.status === wanted) resolve(change);
    });
  });
}

test('subscribes, receives, and does so again after the server vanished and came back', async () => {
  const { server, port } = await startServer();
  const client = start(port);
  const bars = client.topic<object, number>('bars').subscribe({ symbol: 'A' });
  const events = bars.events();
  await expect(bars.ready).resolves.toMatchObject({ params: { symbol: 'A' } });
  expect([...server.clients][0]?.protocol).toBe('bellwire.json.v1');
  const lost = nextStatus(client, 'reconnecting');
  for (const socket of server.clients) socket.terminate();
  server.close();
  expect((await lost).close).toMatchObject({ code: 1006, retry: 'later' });
  await startServer(port);
  const kinds: string[] = [];
  for await (const event of events) {
    kinds.push(event.kind === 'status' ? event.status : event.kind);
    if (kinds.length === 5) break;
  }
  expect(kinds).toEqual(['live', 'update', 'stale', 'live', 'update']);
});

test('a refused connection is tried again', async () => {
  const { server, port } = await startServer();
  server.close();
  await once(server, 'close');
  const client = start(port);
  const statuses: string[] = [];
  client.on('status', ({ status }) => statuses.push(status));
  client.connect();
  await nextStatus(client, 'reconnecting');
  await startServer(port);
  await nextStatus(client, 'connected');
  expect(statuses.slice(0, 2)).toEqual(['connecting', 'reconnecting']);
});

test('a server that accepts and says nothing is given up', async () => {
  const silent: Server = createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  cleanUps.push(() => silent.close());
  const client = start((silent.address() as AddressInfo).port, { connectTimeoutMs: 50 });
  const gaveUp = nextStatus(client, 'reconnecting');
  client.connect();
  expect((await gaveUp).close?.reason).toBe('No connection in time');
});

test('a close for good arrives with its code and reason', async () => {
  const { server, port } = await startServer();
  server.on('connection', (socket) => {
    socket.close(1003, 'Could not decode message');
  });
  const client = start(port);
  const closed = nextStatus(client, 'closed');
  const order = client.request('orders.place').catch((error: unknown) => error);
  expect((await closed).close).toEqual({ code: 1003, reason: 'Could not decode message', retry: 'never' });
  expect(await order).toBeInstanceOf(ConnectionClosedError);
});

test('closing says goodbye to the server', async () => {
  const { server, port } = await startServer();
  const client = start(port);
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  client.connect();
  const [socket] = await accepted;
  await nextStatus(client, 'connected');
  const ended = once(socket, 'close') as Promise<[number]>;
  client.close();
  expect((await ended)[0]).toBe(1000);
});
