/** Coming back to topics with history: what was missed arrives once, or the application is told. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Subscription } from '../src/subscription.js';
import { consent, harness, settled, trading, type FakeSocket, type Harness } from './fakeSocket.js';

const topic = 'bars:{"resolution":"1","symbol":"A"}';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
});

interface Held {
  readonly handle: Subscription<{ symbol: string }, unknown, unknown>;
  readonly log: unknown[];
}

function hold(of: Harness): Held {
  const log: unknown[] = [];
  const handle = of.client.topic<{ symbol: string }, unknown, unknown>('bars').subscribe(
    { symbol: 'A' },
    {
      onUpdate: (value) => log.push(value),
      onSnapshot: (value) => log.push(['snapshot', value]),
      onResync: (dropped) => log.push(['resync', dropped]),
      onRecovery: (recovery) => log.push(recovery),
      onStatus: (status) => log.push(status),
    },
  );
  return { handle, log };
}

/** Answers the subscribe that waits, and returns it. */
async function agree(socket: FakeSocket, members: object): Promise<{ readonly since?: unknown }> {
  const ask = socket.next();
  socket.receive({ type: `${ask.type}.response`, id: ask.id, ...members, payload: consent(ask, topic) });
  await settled();
  return ask as { readonly since?: unknown };
}

const update = (offset: number, more: object = {}): object => ({
  type: 'bars.update',
  topic,
  offset,
  ...more,
  payload: offset,
});

/** A client that knows everything up to offset 6, and has lost its connection. */
async function lost(): Promise<Harness & Held> {
  const of = harness(trading, { keepAlive: false });
  const held = hold(of);
  const socket = of.open();
  expect((await agree(socket, { epoch: 'e', offset: 4 })).since).toBeUndefined();
  socket.receive({ type: 'bars.snapshot', topic, epoch: 'e', offset: 5, payload: 5 });
  socket.receive(update(6));
  socket.drop();
  expect(held.log.splice(0)).toEqual(['live', ['snapshot', 5], 6, 'stale']);
  expect(held.handle.recovered).toBeUndefined();
  await vi.advanceTimersByTimeAsync(20_000);
  return { ...of, ...held };
}

test('what was missed arrives, each once and in order', async () => {
  const { open, handle, log } = await lost();
  const socket = open();
  const ask = await agree(socket, { epoch: 'e', offset: 8, recovered: true });
  expect(ask.since).toEqual({ epoch: 'e', offset: 6 });
  for (const offset of [6, 7, 8, 8, 9]) socket.receive(update(offset));
  expect(log).toEqual(['live', { recovered: true }, 7, 8, 9]);
  expect(handle.recovered).toBe(true);
});

test.each([
  [{ epoch: 'f', offset: 2, recovered: false, reason: 'new-epoch' }, 'new-epoch'],
  [{ epoch: 'f', offset: 2 }, 'too-old'],
])('what cannot be recovered is told, and the state starts afresh: %j', async (members, reason) => {
  const { open, handle, log, socket: newest } = await lost();
  const socket = open();
  await agree(socket, members);
  socket.receive({ type: 'bars.snapshot', topic, epoch: 'f', offset: 3, payload: 3 });
  socket.receive(update(4));
  expect(log).toEqual(['live', { recovered: false, reason }, ['snapshot', 3], 4]);
  expect(handle.recovered).toBe(false);
  socket.drop();
  await vi.advanceTimersByTimeAsync(20_000);
  open();
  expect((await agree(newest(), { epoch: 'f', offset: 4, recovered: true })).since).toEqual({
    epoch: 'f',
    offset: 4,
  });
});

test('who leaves on coming back is told no more', async () => {
  const log: unknown[] = [];
  const of = harness(trading, { keepAlive: false });
  const handle = of.client.topic('bars').subscribe(
    { symbol: 'A' },
    {
      onRecovery: (recovery) => log.push(recovery),
      onStatus: (status) => {
        log.push(status);
        if (log.length === 3) handle.unsubscribe();
      },
    },
  );
  await agree(of.open(), { epoch: 'e', offset: 4 });
  of.socket().drop();
  await vi.advanceTimersByTimeAsync(20_000);
  await agree(of.open(), { epoch: 'e', offset: 5 });
  expect(log).toEqual(['live', 'stale', 'live', 'ended']);
});

test('a missing update is noticed; one that the server owns up to is no surprise', async () => {
  const { open, log } = await lost();
  const socket = open();
  await agree(socket, { epoch: 'e', offset: 6, recovered: true });
  log.length = 0;
  socket.receive(update(9, { dropped: 2 }));
  socket.receive({ type: 'bars.resync', topic, payload: { dropped: 3 } });
  socket.receive(update(13));
  socket.receive(update(15));
  expect(log).toEqual([9, ['resync', 3], 13, { recovered: false, reason: 'gap' }, 15]);
});

test.each<[string, (socket: FakeSocket) => void]>([
  ['the first', () => undefined],
  [
    'the one after a resync',
    (socket) => {
      socket.receive({ type: 'bars.snapshot', topic, epoch: 'e', offset: 5, payload: 5 });
      socket.receive({ type: 'bars.resync', topic, payload: { dropped: 7 } });
    },
  ],
])('a snapshot that was due, %s, is asked for again after a lost connection', async (_which, before) => {
  const of = harness(trading, { keepAlive: false });
  const { handle, log } = hold(of);
  const first = of.open();
  await agree(first, { epoch: 'e', offset: 5 });
  before(first);
  first.drop();
  log.length = 0;
  await vi.advanceTimersByTimeAsync(20_000);
  const socket = of.open();
  expect((await agree(socket, { epoch: 'e', offset: 14 })).since).toBeUndefined();
  socket.receive({ type: 'bars.snapshot', topic, epoch: 'e', offset: 14, payload: 14 });
  socket.receive(update(15));
  expect(log).toEqual(['live', { recovered: false, reason: 'too-old' }, ['snapshot', 14], 15]);
  expect(handle.recovered).toBe(false);
});

test('where one of several lacks a snapshot, all start afresh', async () => {
  const of = harness(trading, { keepAlive: false });
  const first = hold(of);
  const old = of.open();
  await agree(old, { epoch: 'e', offset: 4 });
  old.receive(update(5));
  const second = hold(of);
  await agree(old, { epoch: 'e', offset: 5 });
  old.receive(update(6));
  old.drop();
  await vi.advanceTimersByTimeAsync(20_000);
  const socket = of.open();
  expect((await agree(socket, { epoch: 'e', offset: 7 })).since).toBeUndefined();
  socket.receive({ type: 'bars.snapshot', topic, epoch: 'e', offset: 7, payload: 7 });
  const since = ['live', { recovered: false, reason: 'too-old' }, ['snapshot', 7]];
  expect(first.log).toEqual(['live', 5, 6, 'stale', ...since]);
  expect(second.log).toEqual(['live', 6, 'stale', ...since]);
});

test('a topic without snapshots lacks none after a resync', async () => {
  const of = harness(trading, { keepAlive: false });
  const trades = 'trades:{"symbol":"A"}';
  of.client.topic<{ symbol: string }, unknown>('trades').subscribe({ symbol: 'A' });
  const first = of.open();
  const members = { epoch: 'e', payload: { status: 'ok', topic: trades } };
  first.receive({ type: 'trades.subscribe.response', id: first.next().id, offset: 5, ...members });
  first.receive({ type: 'trades.resync', topic: trades, payload: { dropped: 7 } });
  first.drop();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(of.open().next()).toMatchObject({ since: { epoch: 'e', offset: 12 } });
});

test('who joins meanwhile gets a snapshot of its own', async () => {
  const of = await lost();
  const second = hold(of);
  const socket = of.open();
  expect((await agree(socket, { epoch: 'e', offset: 7, recovered: true })).since).toBeDefined();
  socket.receive(update(7));
  expect((await agree(socket, { epoch: 'e', offset: 7 })).since).toBeUndefined();
  socket.receive({ type: 'bars.snapshot', topic, epoch: 'e', offset: 7, payload: 'now' });
  socket.receive(update(8));
  expect(of.log).toEqual(['live', { recovered: true }, 7, 8]);
  expect(second.log).toEqual(['live', ['snapshot', 'now'], 8]);
});

test('a subscribe without an answer loses no position', async () => {
  const { open, handle, log } = await lost();
  const socket = open();
  expect(socket.next()).toMatchObject({ since: { epoch: 'e', offset: 6 } });
  await vi.advanceTimersByTimeAsync(10_000);
  await agree(socket, {});
  expect((await agree(socket, { epoch: 'e', offset: 8, recovered: true })).since).toEqual({
    epoch: 'e',
    offset: 6,
  });
  for (const offset of [7, 8]) socket.receive(update(offset));
  expect(log).toEqual(['live', { recovered: true }, 7, 8]);
  expect(handle.recovered).toBe(true);
});

test('who leaves and returns starts afresh', async () => {
  const of = harness(trading, { keepAlive: false });
  const { handle } = hold(of);
  const socket = of.open();
  await agree(socket, { epoch: 'e', offset: 4 });
  handle.unsubscribe();
  hold(of);
  await agree(socket, {});
  expect((await agree(socket, { epoch: 'e', offset: 9 })).since).toBeUndefined();
});
