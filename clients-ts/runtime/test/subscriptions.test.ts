import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { consent, harness, settled, trading, type FakeSocket, type Harness } from './fakeSocket.js';
import { agree, frame, hold, refuse, topicA, type Held } from './held.js';

const tradesA = 'trades:{"symbol":"A"}';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('one subscription', () => {
  test('gets consent, the snapshot, then updates with what stands beside them', async () => {
    const of = harness(trading);
    const metas: unknown[] = [];
    const { handle, log } = hold(of, 'bars', { onUpdate: (value, meta) => metas.push(value, meta) });
    expect(handle.status).toBe('pending');
    const socket = of.open();
    const ask = socket.next();
    expect(ask).toMatchObject({ type: 'bars.subscribe', payload: { symbol: 'A' } });
    socket.reply(ask, {
      status: 'ok',
      symbol: 'A',
      resolution: '1',
      message: 'Subscribed to A',
      topic: topicA,
    });
    await expect(handle.ready).resolves.toEqual({ topic: topicA, params: { symbol: 'A', resolution: '1' } });
    socket.receive(frame('snapshot', 1));
    socket.receive({ ...(frame('update', 2) as object), offset: 7, epoch: 'e', conflated: 3 });
    socket.receive(frame('update', 3));
    expect(log).toEqual(['live', ['snapshot', 1]]);
    expect(metas).toEqual([
      2,
      { topic: topicA, offset: 7, epoch: 'e', conflated: 3, dropped: 0 },
      3,
      { topic: topicA, conflated: 1, dropped: 0 },
    ]);
  });

  test('misses nothing that comes in one breath with the consent', () => {
    const of = harness(trading);
    const { log } = hold(of);
    const socket = of.open();
    socket.reply(socket.next(), { status: 'ok', topic: topicA });
    socket.receive(frame('snapshot', 1));
    socket.receive(frame('update', 2));
    expect(log).toEqual(['live', ['snapshot', 1], ['update', 2]]);
  });

  test('listens to the topic that the server names', async () => {
    const of = harness(trading);
    const { log } = hold(of);
    const socket = of.open();
    await agree(socket, socket.next(), 'bars:its-own-name');
    socket.receive(frame('update', 1, 'bars:its-own-name'));
    expect(log).toEqual(['live', ['update', 1]]);
  });

  test('is to what the parameters were at the call', () => {
    const of = harness(trading);
    const params = { symbol: 'A', since: new Date(0) };
    of.client.topic('trades').subscribe(params);
    params.symbol = 'B';
    of.client.topic('trades').subscribe(params);
    const asked = of.open().all();
    const since = '1970-01-01T00:00:00.000Z';
    expect(asked.map(({ payload }) => payload)).toEqual(['A', 'B'].map((symbol) => ({ symbol, since })));
  });

  test('of what JSON cannot say throws, and disturbs no other', () => {
    const of = harness(trading);
    const params: Record<string, unknown> = { symbol: 'A' };
    params['self'] = params;
    expect(() => of.client.topic('trades').subscribe(params)).toThrow(TypeError);
    of.client.topic('trades').subscribe({ symbol: 'B' });
    expect(of.open().all()).toMatchObject([{ payload: { symbol: 'B' } }]);
  });

  test('is refused: `ready` rejects, the handle ends, and nothing is tried again', async () => {
    const of = harness(trading);
    const { handle, log } = hold(of);
    const socket = of.open();
    await refuse(socket, socket.next(), 'later', 'rate-limited');
    await expect(handle.ready).rejects.toMatchObject({
      code: 'rate-limited',
      type: 'bars.subscribe',
      retry: 'later',
    });
    expect(log).toEqual(['ended', 'no: rate-limited']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.all().filter(({ type }) => type !== 'ping')).toEqual([]);
    expect(of.reported).toEqual([]);
  });

  test('that nobody watches reports its refusal', async () => {
    const of = harness(trading);
    of.client.topic('bars').subscribe({ symbol: 'A' });
    const socket = of.open();
    await refuse(socket, socket.next(), 'never');
    expect(of.reported).toEqual([expect.objectContaining({ code: 'forbidden' })]);
  });

  test('without an answer fails, and makes sure that the server holds nothing', async () => {
    const of = harness(trading, { requestTimeoutMs: 1000, keepAlive: false });
    const { handle } = hold(of);
    const socket = of.open();
    socket.next();
    await vi.advanceTimersByTimeAsync(1000);
    await expect(handle.ready).rejects.toMatchObject({ name: 'TimeoutError', type: 'bars.subscribe' });
    const unknown = vi.fn();
    of.client.on('unknown', unknown);
    socket.receive(frame('update', 1));
    expect(unknown).not.toHaveBeenCalled();
    expect(socket.next()).toMatchObject({ type: 'bars.unsubscribe', payload: { symbol: 'A' } });
  });

  test('a resync is told, and the snapshot after it reaches everybody', async () => {
    const of = harness(trading);
    const { log } = hold(of);
    const socket = of.open();
    await agree(socket, socket.next());
    socket.receive(frame('snapshot', 1));
    socket.receive(frame('resync', { dropped: 3 }));
    socket.receive(frame('snapshot', 2));
    expect(log).toEqual(['live', ['snapshot', 1], ['resync', 3], ['snapshot', 2]]);
  });
});

describe('equal subscriptions', () => {
  test('share one on the wire, and the last one to leave ends it', async () => {
    const of = harness(trading);
    const first = hold(of);
    const second = hold(of);
    const socket = of.open();
    const [ask, ...others] = socket.all();
    expect(others).toEqual([]);
    if (ask === undefined) throw new Error('one is sent');
    await agree(socket, ask);
    socket.receive(frame('update', 1));
    first.handle.unsubscribe();
    first.handle.unsubscribe();
    socket.receive(frame('update', 2));
    expect(socket.sent).toEqual([]);
    second.handle.unsubscribe();
    expect(socket.next().type).toBe('bars.unsubscribe');
    expect(first.log).toEqual(['live', ['update', 1], 'ended']);
    expect(second.log).toEqual(['live', ['update', 1], ['update', 2], 'ended']);
  });

  test('are recognised by defaults and the order of keys', () => {
    const of = harness(trading);
    const bars = of.client.topic('bars');
    bars.subscribe({ symbol: 'A' });
    bars.subscribe({ resolution: '1', symbol: 'A' });
    bars.subscribe({ resolution: '5', symbol: 'A' });
    expect(of.open().all()).toHaveLength(2);
  });

  test('a callback that throws stops no other, and is reported', async () => {
    const of = harness(trading);
    hold(of, 'bars', {
      onUpdate: () => {
        throw new Error('mine');
      },
    });
    const second = hold(of);
    const socket = of.open();
    await agree(socket, socket.next());
    socket.receive(frame('update', 1));
    expect(second.log).toEqual(['live', ['update', 1]]);
    expect(of.reported).toEqual([new Error('mine')]);
  });
});

describe('leaving', () => {
  test('before the connection sends nothing', () => {
    const of = harness(trading);
    hold(of).handle.unsubscribe();
    expect(of.open().sent).toEqual([]);
  });

  test('before the consent waits for it, so that the two cannot overtake each other', async () => {
    const of = harness(trading);
    const { handle } = hold(of);
    const socket = of.open();
    const ask = socket.next();
    handle.unsubscribe();
    expect(socket.sent).toEqual([]);
    await agree(socket, ask);
    expect(socket.next().type).toBe('bars.unsubscribe');
  });

  test('and returning at once asks again after the server let go', async () => {
    const of = harness(trading);
    const { handle } = hold(of);
    const socket = of.open();
    await agree(socket, socket.next());
    handle.unsubscribe();
    const again = hold(of);
    const leave = socket.next();
    expect(leave.type).toBe('bars.unsubscribe');
    expect(socket.sent).toEqual([]);
    await agree(socket, leave);
    await agree(socket, socket.next());
    expect(again.log).toEqual(['live']);
  });

  test('drops late frames without a word until the server has let go', async () => {
    const of = harness(trading);
    const unknown = vi.fn();
    of.client.on('unknown', unknown);
    const { handle } = hold(of);
    const socket = of.open();
    await agree(socket, socket.next());
    handle.unsubscribe();
    socket.receive(frame('update', 1));
    expect(unknown).not.toHaveBeenCalled();
    await agree(socket, socket.next());
    socket.receive(frame('update', 2));
    expect(unknown).toHaveBeenCalledOnce();
  });

  test('is tried again where it is refused for the moment, and what comes until then is no surprise', async () => {
    const of = harness(trading, { keepAlive: false });
    const { handle } = hold(of);
    const unknown = vi.fn();
    of.client.on('unknown', unknown);
    const socket = of.open();
    await agree(socket, socket.next());
    handle.unsubscribe();
    await refuse(socket, socket.next(), 'later', 'rate-limited');
    socket.receive(frame('update', 1));
    await vi.advanceTimersByTimeAsync(1000);
    const again = socket.next();
    expect(again).toMatchObject({ type: 'bars.unsubscribe', payload: { symbol: 'A' } });
    const returned = hold(of);
    await refuse(socket, again, 'never', 'invalid-payload');
    await agree(socket, socket.next());
    expect(returned.log).toEqual(['live']);
    expect(unknown).not.toHaveBeenCalled();
  });

  test('by a signal, before or after, with its reason', async () => {
    const of = harness(trading);
    const controller = new AbortController();
    const early = hold(of, 'bars', { signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(early.handle.ready).rejects.toThrow('gone');
    const late = hold(of, 'bars', { signal: controller.signal });
    await expect(late.handle.ready).rejects.toThrow('gone');
    expect(late.handle.status).toBe('ended');
    expect(of.client.status).toBe('connecting');
    expect(of.open().sent).toEqual([]);
  });

  test('of another inside a callback takes effect at once', async () => {
    const of = harness(trading);
    const others: Held[] = [];
    hold(of, 'bars', {
      onUpdate: () => {
        for (const other of others) other.handle.unsubscribe();
      },
    });
    const second = hold(of);
    others.push(second);
    const socket = of.open();
    await agree(socket, socket.next());
    socket.receive(frame('update', 1));
    expect(second.log).toEqual(['live', 'ended']);
  });

  test('inside a callback is fine', async () => {
    const of = harness(trading);
    const first: Held = hold(of, 'bars', {
      onUpdate: () => {
        first.handle.unsubscribe();
      },
    });
    const second = hold(of);
    const socket = of.open();
    await agree(socket, socket.next());
    socket.receive(frame('update', 1));
    socket.receive(frame('update', 2));
    expect(first.log).toEqual(['live', 'ended']);
    expect(second.log).toEqual(['live', ['update', 1], ['update', 2]]);
  });
});

test('a name that the server gives to two topics is an error of the second, and the first goes on', async () => {
  const of = harness(trading, { keepAlive: false });
  const first = hold(of);
  const socket = of.open();
  await agree(socket, socket.next());
  const second = hold(of, 'trades');
  await agree(socket, socket.next());
  socket.receive(frame('update', 1));
  expect(first.log).toEqual(['live', ['update', 1]]);
  expect(second.log).toEqual(['ended', `${topicA} is also ${tradesA}`]);
  first.handle.unsubscribe();
  expect(socket.next().type).toBe('bars.unsubscribe');
});

describe('after a lost connection', () => {
  async function live(of: Harness): Promise<Held> {
    const held = hold(of);
    const socket = of.open();
    await agree(socket, socket.next());
    return held;
  }

  async function reconnect(of: Harness): Promise<FakeSocket> {
    of.socket().drop(1006);
    await vi.advanceTimersByTimeAsync(20_000);
    return of.open();
  }

  test('everything held is asked for again, and is stale until then', async () => {
    const of = harness(trading);
    const bars = await live(of);
    const trades = hold(of, 'trades');
    await agree(of.socket(), of.socket().next(), tradesA);
    of.socket().drop(1006);
    expect([bars.handle.isStale, trades.handle.isStale]).toEqual([true, true]);
    await vi.advanceTimersByTimeAsync(20_000);
    const socket = of.open();
    const asked = socket.all();
    expect(asked.map(({ type }) => type)).toEqual(['bars.subscribe', 'trades.subscribe']);
    for (const ask of asked) await agree(socket, ask, ask.type === 'bars.subscribe' ? topicA : tradesA);
    socket.receive(frame('snapshot', 2));
    expect(bars.log).toEqual(['live', 'stale', 'live', ['snapshot', 2]]);
    expect(trades.log).toEqual(['live', 'stale', 'live']);
  });

  test('who leaves on hearing of the loss and subscribes anew is asked for', async () => {
    const of = harness(trading, { keepAlive: false });
    const first = hold(of, 'bars', {
      onStatus: (status) => {
        if (status !== 'stale') return;
        first.handle.unsubscribe();
        hold(of);
      },
    });
    await agree(of.open(), of.socket().next());
    of.socket().drop();
    await vi.advanceTimersByTimeAsync(1000);
    expect(of.open().all()).toMatchObject([{ type: 'bars.subscribe', payload: { symbol: 'A' } }]);
  });

  test('a lasting refusal ends the subscription with an error', async () => {
    const of = harness(trading);
    const { handle, log } = await live(of);
    const socket = await reconnect(of);
    await refuse(socket, socket.next(), 'never');
    expect(log).toEqual(['live', 'stale', 'ended', 'no: forbidden']);
    await expect(handle.ready).resolves.toBeDefined();
  });

  test('a passing refusal is tried again', async () => {
    const of = harness(trading);
    const { log } = await live(of);
    const socket = await reconnect(of);
    await refuse(socket, socket.next(), 'later', 'internal');
    expect(log).toEqual(['live', 'stale']);
    await vi.advanceTimersByTimeAsync(500);
    await agree(socket, socket.next());
    expect(log).toEqual(['live', 'stale', 'live']);
  });

  test('answers of the old connection mean nothing', async () => {
    const of = harness(trading);
    const { handle, log } = hold(of);
    const old = of.open();
    const ask = old.next();
    const socket = await reconnect(of);
    old.reply(ask, consent(ask, topicA));
    await settled();
    expect(handle.status).toBe('pending');
    await agree(socket, socket.next());
    expect(log).toEqual(['live']);
  });

  test('many subscriptions are paced by the rate that the server takes', async () => {
    const of = harness({ ...trading, messagesPerSecond: 2 }, { keepAlive: false });
    for (const symbol of ['A', 'B', 'C', 'D', 'E']) of.client.topic('trades').subscribe({ symbol });
    const socket = of.open();
    expect(socket.all()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(socket.all()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(socket.all()).toHaveLength(1);
  });

  test('a close for good ends them with the reason', async () => {
    const of = harness(trading);
    const { log } = await live(of);
    of.socket().drop(4000, 'enough');
    expect(log).toEqual(['live', 'stale', 'ended', 'Connection closed: enough (4000)']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('closing the client inside a callback ends it all', () => {
  test.each<[string, (socket: FakeSocket) => unknown]>([
    ['consent', (socket) => agree(socket, socket.next())],
    ['a refusal', (socket) => refuse(socket, socket.next(), 'later')],
    ['a subscribe without an answer', () => vi.advanceTimersByTimeAsync(10_000)],
  ])('%s', async (_event, happen) => {
    const of = harness({ ...trading, messagesPerSecond: 1 }, { keepAlive: false });
    const close = (): void => {
      of.client.close();
    };
    const both = [1, 2].map(() =>
      hold(of, 'bars', {
        onError: close,
        onStatus: (status) => {
          if (status === 'live') close();
        },
      }),
    );
    const socket = of.open();
    await happen(socket);
    expect(both.map(({ handle }) => handle.status)).toEqual(['ended', 'ended']);
    expect(of.client.status).toBe('closed');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('iterating', () => {
  test('over updates, with callbacks beside it', async () => {
    const of = harness(trading);
    const { handle } = hold(of);
    const updates = handle.updates();
    const socket = of.open();
    await agree(socket, socket.next());
    socket.receive(frame('snapshot', 0));
    for (const value of [1, 2, 3]) socket.receive(frame('update', value));
    const seen: unknown[] = [];
    for await (const value of updates) {
      seen.push(value);
      if (value === 2) break;
    }
    expect(seen).toEqual([1, 2]);
    expect(handle.status).toBe('live');
    handle.unsubscribe();
    await expect(handle.updates().next()).resolves.toEqual({ done: true, value: undefined });
  });

  test('over everything, until it ends', async () => {
    const of = harness(trading);
    const { handle } = hold(of);
    const events = handle[Symbol.asyncIterator]();
    const socket = of.open();
    await agree(socket, socket.next());
    socket.receive(frame('snapshot', 1));
    handle.unsubscribe();
    const kinds: unknown[] = [];
    for (;;) {
      const result = await events.next();
      if (result.done === true) break;
      kinds.push(result.value.kind);
    }
    expect(kinds).toEqual(['status', 'snapshot', 'status']);
  });

  test('throws what the subscription ended with', async () => {
    const of = harness(trading);
    const { handle } = hold(of);
    const next = handle.updates().next();
    const socket = of.open();
    await refuse(socket, socket.next(), 'never');
    await expect(next).rejects.toMatchObject({ code: 'forbidden' });
  });
});
