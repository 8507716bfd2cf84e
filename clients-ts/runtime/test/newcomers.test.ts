/** Who subscribes to what the client holds already: a snapshot of their own, and nothing before it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { harness, settled, trading, type FakeSocket, type Harness } from './fakeSocket.js';
import { agree, frame, hold, refuse, type Held } from './held.js';

const tradesA = 'trades:{"symbol":"A"}';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
});

/** A topic that is held, with the snapshot `1`. */
async function held(of: Harness): Promise<Held & { readonly socket: FakeSocket }> {
  const first = hold(of);
  const socket = of.open();
  await agree(socket, socket.next());
  socket.receive(frame('snapshot', 1));
  expect(first.log.splice(0)).toEqual(['live', ['snapshot', 1]]);
  return { ...first, socket };
}

test('a newcomer gets a snapshot of its own, which the others do not see again', async () => {
  const of = harness(trading);
  const first = hold(of);
  const socket = of.open();
  await agree(socket, socket.next());
  socket.receive(frame('snapshot', 1));
  const second = hold(of);
  socket.receive(frame('update', 2));
  await agree(socket, socket.next());
  socket.receive(frame('snapshot', 2));
  socket.receive(frame('update', 3));
  expect(first.log).toEqual(['live', ['snapshot', 1], ['update', 2], ['update', 3]]);
  expect(second.log).toEqual(['live', ['snapshot', 2], ['update', 3]]);
});

test('a newcomer to a topic without snapshots is live at once', async () => {
  const of = harness(trading);
  hold(of, 'trades');
  const socket = of.open();
  await agree(socket, socket.next(), tradesA);
  const second = hold(of, 'trades');
  expect(second.log).toEqual([]);
  await settled();
  expect(second.log).toEqual(['live']);
  expect(socket.sent).toEqual([]);
});

test('a newcomer that is refused and comes back at once is asked for', async () => {
  const of = harness(trading, { keepAlive: false });
  const { socket } = await held(of);
  const again: Held[] = [];
  hold(of, 'bars', { onError: () => again.push(hold(of)) });
  await refuse(socket, socket.next(), 'later', 'rate-limited');
  await agree(socket, socket.next());
  socket.receive(frame('snapshot', 2));
  expect(again.map(({ log }) => log)).toEqual([['live', ['snapshot', 2]]]);
});

test('a newcomer in the breath in which the topic is taken back is asked for', async () => {
  const of = harness(trading, { keepAlive: false });
  const again: Held[] = [];
  const options = { onUpdate: () => again.push(hold(of, 'trades')) };
  hold(of, 'trades', options);
  const socket = of.open();
  await agree(socket, socket.next(), tradesA);
  socket.receive({ type: 'trades.update', topic: tradesA, payload: 1 });
  socket.receive({ type: 'trades.ended', topic: tradesA, payload: { code: 'forbidden', message: 'no' } });
  await settled();
  await agree(socket, socket.next(), tradesA);
  expect(again.map(({ log }) => log)).toEqual([['live']]);
  expect(socket.sent).toEqual([]);
});

test('what comes while only a newcomer is left is no surprise', async () => {
  const of = harness(trading, { keepAlive: false });
  const unknown = vi.fn();
  of.client.on('unknown', unknown);
  const { socket, handle } = await held(of);
  const second = hold(of);
  handle.unsubscribe();
  socket.receive(frame('update', 2));
  expect(unknown).not.toHaveBeenCalled();
  await agree(socket, socket.next());
  socket.receive(frame('snapshot', 2));
  expect(second.log).toEqual(['live', ['snapshot', 2]]);
});

test('a newcomer that is refused leaves the others alone', async () => {
  const of = harness(trading);
  const first = hold(of);
  const socket = of.open();
  await agree(socket, socket.next());
  const second = hold(of);
  await refuse(socket, socket.next(), 'later', 'rate-limited');
  socket.receive(frame('update', 1));
  expect(second.log).toEqual(['ended', 'no: rate-limited']);
  expect(first.log).toEqual(['live', ['update', 1]]);
  first.handle.unsubscribe();
  expect(socket.next().type).toBe('bars.unsubscribe');
});

test('updates that come between the consent and the snapshot are for the others alone', async () => {
  const of = harness(trading, { keepAlive: false });
  const { socket, log } = await held(of);
  const second = hold(of);
  await agree(socket, socket.next());
  socket.receive(frame('update', 2));
  const third = hold(of);
  expect(socket.sent).toEqual([]);
  socket.receive(frame('update', 3));
  socket.receive(frame('snapshot', 3));
  socket.receive(frame('update', 4));
  expect(log).toEqual([2, 3, 4].map((value) => ['update', value]));
  for (const newcomer of [second, third]) {
    expect(newcomer.log).toEqual(['live', ['snapshot', 3], ['update', 4]]);
  }
  expect(vi.getTimerCount()).toBe(0);
});

test('where no snapshot has come yet, updates come at once, and a snapshot all the same', async () => {
  const of = harness(trading);
  const first = hold(of);
  const socket = of.open();
  await agree(socket, socket.next());
  socket.receive(frame('update', 1));
  const second = hold(of);
  await agree(socket, socket.next());
  socket.receive(frame('update', 2));
  socket.receive(frame('snapshot', 2));
  socket.receive(frame('update', 3));
  expect(first.log).toEqual(['live', ['update', 1], ['update', 2], ['update', 3]]);
  expect(second.log).toEqual(['live', ['update', 2], ['snapshot', 2], ['update', 3]]);
});

test('a snapshot that does not come is not waited for longer than an answer', async () => {
  const of = harness(trading, { keepAlive: false, requestTimeoutMs: 1000 });
  const { socket } = await held(of);
  const second = hold(of);
  await agree(socket, socket.next());
  await vi.advanceTimersByTimeAsync(999);
  expect(second.handle.status).toBe('pending');
  await vi.advanceTimersByTimeAsync(1);
  socket.receive(frame('update', 2));
  expect(second.log).toEqual(['live', ['update', 2]]);
  expect(socket.sent).toEqual([]);
});

test('the snapshot of one that has left again is for nobody', async () => {
  const of = harness(trading, { keepAlive: false });
  const { socket, log } = await held(of);
  const second = hold(of);
  await agree(socket, socket.next());
  second.handle.unsubscribe();
  socket.receive(frame('snapshot', 2));
  expect(log).toEqual([]);
  expect(second.log).toEqual(['ended']);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that joins after the snapshot of those who have left gets its own', async () => {
  const of = harness({ ...trading, messagesPerSecond: 2 }, { keepAlive: false });
  const { socket, handle } = await held(of);
  const second = hold(of);
  await agree(socket, socket.next());
  for (const leaver of [handle, second.handle]) leaver.unsubscribe();
  socket.receive(frame('snapshot', 2));
  const third = hold(of);
  expect(socket.sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1000);
  const ask = socket.next();
  expect(ask.type).toBe('bars.subscribe');
  await agree(socket, ask);
  socket.receive(frame('snapshot', 3));
  expect(third.log).toEqual(['live', ['snapshot', 3]]);
});

test('one that waits when the topic is taken back asks for an answer of its own', async () => {
  const of = harness(trading, { keepAlive: false });
  const { socket, log } = await held(of);
  const second = hold(of);
  await agree(socket, socket.next());
  socket.receive(frame('ended', { code: 'forbidden', message: 'no more', retry: 'never' }));
  expect(log).toEqual(['ended', 'no more']);
  await agree(socket, socket.next());
  socket.receive(frame('snapshot', 2));
  expect(second.log).toEqual(['live', ['snapshot', 2]]);
});

test('one that waits when the connection is lost asks again', async () => {
  const of = harness(trading, { keepAlive: false });
  const { socket, log } = await held(of);
  const second = hold(of);
  await agree(socket, socket.next());
  socket.drop();
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(20_000);
  const next = of.open();
  await agree(next, next.next());
  next.receive(frame('snapshot', 2));
  expect(log).toEqual(['stale', 'live', ['snapshot', 2]]);
  expect(second.log).toEqual(['live', ['snapshot', 2]]);
});
