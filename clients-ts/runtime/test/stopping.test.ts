import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { harness, trading, type FakeSocket, type Harness } from './fakeSocket.js';
import { agree, hold, refuse } from './held.js';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a server that is about to stop', () => {
  const closing = {
    type: 'closing',
    payload: { condition: 'shutting-down', code: 1012, reason: 'Service restart', retry: 'later' },
  };

  async function restart(of: Harness): Promise<FakeSocket> {
    of.socket().drop(1012, 'Service restart');
    await vi.advanceTimersByTimeAsync(2000);
    return of.open();
  }

  test('is asked for nothing more: subscriptions and requests wait for the next connection', async () => {
    const of = harness(trading, { keepAlive: false });
    of.client.connect();
    const socket = of.open();
    socket.receive(closing);
    const { log } = hold(of);
    const order = of.client.request('orders.place', { qty: 1 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(socket.sent).toEqual([]);
    const [ask, place] = (await restart(of)).all();
    if (ask === undefined || place === undefined) throw new Error('both are sent');
    expect([ask.type, place.type]).toEqual(['bars.subscribe', 'orders.place']);
    of.socket().reply(place, { status: 'ok', result: 1 });
    await expect(order).resolves.toBe(1);
    await agree(of.socket(), ask);
    expect(log).toEqual(['live']);
  });

  test('refuses a ping, too, which is a sign of life and no surprise', async () => {
    const of = harness({ ...trading, heartbeatMs: 3000 });
    const unknown = vi.fn();
    of.client.on('unknown', unknown);
    of.client.connect();
    const socket = of.open();
    socket.receive(closing);
    for (let ping = 0; ping < 5; ping += 1) {
      await vi.advanceTimersByTimeAsync(1000);
      const { id } = socket.next();
      socket.receive({ type: 'error', id, payload: { code: 'shutting-down', retry: 'later' } });
    }
    expect(unknown).not.toHaveBeenCalled();
    expect(of.client.status).toBe('connected');
  });

  test('refuses what has crossed its notice: a subscription is asked for again, a request fails', async () => {
    const of = harness(trading, { keepAlive: false });
    const { log } = hold(of);
    const order = of.client.request('orders.place');
    const socket = of.open();
    const [first, second] = socket.all();
    if (first === undefined || second === undefined) throw new Error('both are sent');
    const { handle: joiner } = hold(of);
    socket.receive(closing);
    await refuse(socket, first, 'later', 'shutting-down');
    await refuse(socket, second, 'later', 'shutting-down');
    await expect(order).rejects.toMatchObject({ code: 'shutting-down', retry: 'later' });
    expect([log, joiner.status]).toEqual([[], 'pending']);
    const next = await restart(of);
    await agree(next, next.next());
    expect([log, joiner.status]).toEqual([['live'], 'live']);
  });

  test('keeps newcomers waiting, too, where others hold the topic', async () => {
    const of = harness(trading, { keepAlive: false });
    hold(of);
    const socket = of.open();
    await agree(socket, socket.next());
    const { log } = hold(of);
    const ask = socket.next();
    socket.receive(closing);
    await refuse(socket, ask, 'later', 'shutting-down');
    expect(socket.sent).toEqual([]);
    const next = await restart(of);
    await agree(next, next.next());
    expect(log).toEqual(['live']);
  });
});
