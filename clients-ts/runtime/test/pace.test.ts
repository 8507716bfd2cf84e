import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { QueueFullError } from '../src/errors.js';
import { createPace } from '../src/pace.js';
import { consent, harness, settled, trading, type FakeSocket, type Sent } from './fakeSocket.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** The server's own bucket: 100 messages per second, 200 at once. */
function serverOf(socket: FakeSocket): { take(): Sent[]; readonly refused: number } {
  let tokens = 200;
  let filledAt = performance.now();
  let refused = 0;
  return {
    take() {
      tokens = Math.min(200, tokens + (performance.now() - filledAt) / 10);
      filledAt = performance.now();
      const sent = socket.all();
      tokens -= sent.length;
      if (tokens < 0) refused += 1;
      for (const frame of sent)
        socket.reply(frame, consent(frame, `trades:${JSON.stringify(frame.payload)}`));
      return sent;
    },
    get refused() {
      return refused;
    },
  };
}

const quick = { ...trading, messagesPerSecond: 100 };

/** Advances step by step and counts what the server took. */
async function run(server: { take(): Sent[] }, ms: number, stepMs = 5): Promise<Sent[]> {
  const taken: Sent[] = [];
  for (let at = 0; at < ms; at += stepMs) {
    await vi.advanceTimersByTimeAsync(stepMs);
    taken.push(...server.take());
    await settled();
  }
  return taken;
}

describe('a burst on an open connection', () => {
  test('is paced, whole and in its order', async () => {
    const of = harness(quick, { keepAlive: false });
    of.client.connect();
    const server = serverOf(of.open());
    const symbols = Array.from({ length: 500 }, (_, index) => `S${String(index)}`);
    const handles = symbols.map((symbol) => of.client.topic('trades').subscribe({ symbol }));
    expect(of.socket().sent).toHaveLength(100);
    const taken = [...server.take(), ...(await run(server, 4_100))];
    expect(taken.map(({ payload }) => payload?.['symbol'])).toEqual(symbols);
    expect(handles.every(({ status }) => status === 'live')).toBe(true);
    expect(server.refused).toBe(0);

    for (const handle of handles) handle.unsubscribe();
    const left = [...server.take(), ...(await run(server, 5_100))];
    expect(left.filter(({ type }) => type === 'trades.unsubscribe')).toHaveLength(500);
    expect(server.refused).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('survives a network that delivers a second late and all at once', async () => {
    const of = harness(quick, { keepAlive: false });
    of.client.connect();
    const server = serverOf(of.open());
    for (let index = 0; index < 500; index += 1)
      of.client.topic('trades').subscribe({ symbol: String(index) });
    await run(server, 6_000, 1_000);
    expect(server.refused).toBe(0);
  });

  test('of requests waits where it is more than the server takes at once, in its order', async () => {
    const of = harness(quick, { keepAlive: false, maxQueuedRequests: 300 });
    of.client.connect();
    const server = serverOf(of.open());
    const indices = Array.from({ length: 500 }, (_, index) => index);
    const answers = indices.map((index) => of.client.request('orders.place', { index }));
    expect(of.socket().sent).toHaveLength(200);
    const taken = [...server.take(), ...(await run(server, 4_100))];
    expect(taken.map(({ payload }) => payload?.['index'])).toEqual(indices);
    await Promise.all(answers);
    expect(server.refused).toBe(0);
    await expect(
      Promise.all(Array.from({ length: 501 }, () => of.client.request('orders.place'))),
    ).rejects.toBeInstanceOf(QueueFullError);
  });

  test('leaves room for requests', async () => {
    const of = harness(quick, { keepAlive: false });
    of.client.connect();
    const server = serverOf(of.open());
    for (let index = 0; index < 500; index += 1)
      of.client.topic('trades').subscribe({ symbol: String(index) });
    server.take();
    for (let index = 0; index < 100; index += 1) void of.client.request('orders.place', { index });
    expect(server.take()).toHaveLength(100);
    expect(server.refused).toBe(0);
    // And what they took is missing where others wait.
    expect(await run(server, 1_000)).toHaveLength(0);
    expect((await run(server, 1_000)).length).toBeGreaterThan(95);
    expect(server.refused).toBe(0);
  });
});

describe('requests that waited for the connection', () => {
  test('keep the pace, in their order, before and among subscriptions and later requests', async () => {
    const of = harness(quick, { keepAlive: false, maxQueuedRequests: 300 });
    const place = (index: number): Promise<unknown> => of.client.request('orders.place', { index });
    const answers = Array.from({ length: 250 }, (_, index) => place(index));
    for (let index = 0; index < 50; index += 1)
      of.client.topic('trades').subscribe({ symbol: String(index) });
    const server = serverOf(of.open());
    expect(of.socket().sent).toHaveLength(100);
    answers.push(place(250));
    const taken = [...server.take(), ...(await run(server, 2_100, 50))];
    await Promise.all(answers);
    expect(server.refused).toBe(0);
    const asked = taken.map(({ type }) => type);
    expect(asked.filter((type) => type === 'trades.subscribe')).toHaveLength(50);
    expect(asked.indexOf('trades.subscribe')).toBe(250);
    expect(taken.at(-1)?.payload).toEqual({ index: 250 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('and are given up before their turn are not sent', async () => {
    const of = harness({ ...trading, messagesPerSecond: 1 }, { keepAlive: false });
    const [, second] = ['a', 'b', 'c'].map((name) =>
      of.client.request('orders.place', { name }, { timeoutMs: name === 'b' ? 500 : 10_000 }).catch(String),
    );
    const socket = of.open();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(socket.all().map(({ payload }) => payload?.['name'])).toEqual(['a', 'c']);
    await expect(second).resolves.toContain('No answer');
    of.client.close();
    await settled();
  });
});

describe('who waits for a turn', () => {
  test('and lets go before it says nothing', async () => {
    const of = harness({ ...trading, messagesPerSecond: 1 }, { keepAlive: false });
    of.client.connect();
    const socket = of.open();
    of.client.topic('trades').subscribe({ symbol: 'A' });
    of.client.topic('trades').subscribe({ symbol: 'B' }).unsubscribe();
    of.client.topic('trades').subscribe({ symbol: 'C' });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(socket.all().map(({ payload }) => payload?.['symbol'])).toEqual(['A', 'C']);
  });

  test('to leave, and comes back, stays', async () => {
    const of = harness({ ...trading, messagesPerSecond: 1 }, { keepAlive: false });
    of.client.connect();
    const socket = of.open();
    const first = of.client.topic('trades').subscribe({ symbol: 'A' });
    const ask = socket.next();
    socket.reply(ask, consent(ask, 'trades:{"symbol":"A"}'));
    first.unsubscribe();
    expect(socket.sent).toHaveLength(0);
    // What still comes belongs to nobody, and is no surprise.
    const unknown = vi.fn();
    of.client.on('unknown', unknown);
    socket.receive({ type: 'trades.update', topic: 'trades:{"symbol":"A"}', payload: 1 });
    const seen = vi.fn();
    of.client.topic('trades').subscribe({ symbol: 'A' }, { onUpdate: seen });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(socket.sent).toHaveLength(0);
    socket.receive({ type: 'trades.update', topic: 'trades:{"symbol":"A"}', payload: 2 });
    expect(seen).toHaveBeenCalledOnce();
    expect(unknown).not.toHaveBeenCalled();
  });

  test('is forgotten with the connection', async () => {
    const of = harness({ ...trading, messagesPerSecond: 1 }, { keepAlive: false });
    for (const symbol of ['A', 'B', 'C']) of.client.topic('trades').subscribe({ symbol });
    of.open();
    of.client.close();
    await settled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a server without a limit is never waited for', () => {
  const pace = createPace(undefined);
  pace.open();
  for (let sent = 0; sent < 10_000; sent += 1) pace.spend();
  const speak = vi.fn();
  pace.takeTurn({}, speak);
  expect(speak).toHaveBeenCalledOnce();
});
