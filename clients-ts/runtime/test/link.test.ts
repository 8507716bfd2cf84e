import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { platform } from '../src/platform.js';
import type { StatusChange } from '../src/status.js';
import { harness, settled, trading, type Harness } from './fakeSocket.js';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.999);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function connected(contract = trading): Harness & { readonly changes: StatusChange[] } {
  const of = harness(contract);
  const changes: StatusChange[] = [];
  of.client.on('status', (change) => changes.push(change));
  of.client.connect();
  of.open();
  return { ...of, changes };
}

describe('after a close', () => {
  test.each([
    [1006, 'later'],
    [1001, 'later'],
    [1000, 'later'],
    [1012, 'later'],
    [4408, 'now'],
    [4999, 'never'],
    [4000, 'never'],
    [1003, 'never'],
    [1008, 'never'],
    [1003, 'now', 'Connection timed out. Heartbeat interval 30.0. Max connection lifespan 3600.0'],
    [1003, 'never', 'Could not decode message'],
    [1002, 'never', 'Connection timed out. Heartbeat interval 30.0'],
  ])('%i means %s %s', (code, retry, reason = 'why') => {
    const { socket, changes } = connected();
    socket().drop(code, reason);
    expect(changes.at(-1)).toMatchObject({
      status: retry === 'never' ? 'closed' : 'reconnecting',
      previous: 'connected',
      close: { code, reason, retry },
    });
  });

  test('the wait doubles up to its bound, and chance decides within it', () => {
    const { client, socket, changes } = connected();
    const waits: unknown[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      socket().drop(4408);
      const waitMs = changes.at(-1)?.retryInMs ?? 0;
      waits.push(waitMs);
      vi.advanceTimersByTime(waitMs);
    }
    expect(waits).toEqual([499, 999, 1998, 3996, 7992, 15984, 19980, 19980]);
    client.close();
  });

  test('a connection that lasted starts the count anew, one that did not goes on', () => {
    const { socket, open, changes } = connected();
    for (const [lastedMs, waitMs] of [
      [0, 999],
      [4_999, 1998],
      [5_000, 999],
    ] as const) {
      vi.advanceTimersByTime(lastedMs);
      socket().drop(1006);
      expect(changes.at(-1)?.retryInMs).toBe(waitMs);
      vi.advanceTimersByTime(waitMs);
      open();
    }
  });

  test('a client that holds nothing rests until it is needed', () => {
    const { client, open, sockets } = harness(trading);
    client.topic('bars').subscribe({ symbol: 'A' }).unsubscribe();
    open().drop(1006);
    expect(client.status).toBe('idle');
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    client.topic('bars').subscribe({ symbol: 'A' });
    expect(sockets).toHaveLength(2);
  });

  test('a client that needs nothing any more stops trying', () => {
    const { client, open, socket, sockets } = harness(trading);
    const bars = client.topic('bars').subscribe({ symbol: 'A' });
    open().drop(1006);
    expect(client.status).toBe('reconnecting');
    bars.unsubscribe();
    vi.advanceTimersByTime(60_000);
    expect(client.status).toBe('idle');
    expect(sockets).toHaveLength(1);
    expect(socket().closedWith).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a thousand times, no timer is left over', () => {
    const { client, socket, open, changes } = connected();
    client.topic('bars').subscribe({ symbol: 'A' });
    for (let time = 0; time < 1000; time += 1) {
      socket().drop(1006);
      vi.advanceTimersByTime(changes.at(-1)?.retryInMs ?? 0);
      open();
    }
    // One for the ping, one for the answer to the subscription.
    expect(vi.getTimerCount()).toBe(2);
    client.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a pause that the server asked for holds even for one who rests', async () => {
    const { client, open, sockets } = harness(trading);
    const bars = client.topic('bars').subscribe({ symbol: 'A' });
    const notice = {
      condition: 'shutting-down',
      code: 1012,
      reason: '',
      retry: 'later',
      retry_after_ms: 3000,
    };
    const socket = open();
    bars.unsubscribe();
    socket.receive({ type: 'closing', payload: notice });
    socket.reply(socket.next(), { status: 'error', code: 'shutting-down', message: '', retry: 'later' });
    await settled();
    socket.drop(1012);
    expect(client.status).toBe('idle');
    client.connect();
    expect(client.status).toBe('connecting');
    vi.advanceTimersByTime(2999);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(2);
  });

  test('the notice of a planned close decides over retry and wait', () => {
    const { client, socket, changes } = connected();
    const closing = vi.fn();
    client.on('closing', closing);
    const notice = {
      condition: 'shutting-down',
      code: 1012,
      reason: 'Service restart',
      retry: 'now',
      retry_after_ms: 7400,
    };
    socket().receive({ type: 'closing', payload: notice });
    expect(closing).toHaveBeenCalledExactlyOnceWith(notice);
    expect(client.status).toBe('connected');
    socket().drop(1012, 'Service restart');
    expect(changes.at(-1)).toMatchObject({ close: { retry: 'now' }, retryInMs: 7400 });
  });

  test('a notice counts for one connection only', () => {
    const { socket, open, changes } = connected();
    const notice = { condition: 'x', code: 1012, reason: '', retry: 'never', retry_after_ms: 9000 };
    socket().receive({ type: 'closing', payload: notice });
    socket().drop(1006);
    vi.advanceTimersByTime(9000);
    open().drop(1012);
    expect(changes.at(-1)).toMatchObject({ status: 'reconnecting', close: { code: 1012, retry: 'later' } });
  });
});

describe('connecting', () => {
  test('takes only so long', () => {
    const of = harness(trading, { connectTimeoutMs: 300 });
    of.client.connect();
    vi.advanceTimersByTime(300);
    expect(of.client.status).toBe('reconnecting');
    expect(of.socket().closedWith).toBeDefined();
    of.socket().open();
    expect(of.client.status).toBe('reconnecting');
  });

  test('survives a socket class that throws', async () => {
    const of = harness(trading, {
      WebSocket: class {
        constructor() {
          throw new Error('not allowed here');
        }
        send(): void {
          return;
        }
        close(): void {
          return;
        }
        addEventListener(): void {
          return;
        }
      },
    });
    const reasons: unknown[] = [];
    of.client.on('status', ({ close }) => reasons.push(close?.reason));
    of.client.connect();
    await Promise.resolve();
    expect(of.client.status).toBe('reconnecting');
    expect(reasons).toEqual([undefined, 'not allowed here']);
    of.client.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each(['connecting', 'connected', 'reconnecting'])(
    'closing the client when it says %s is final',
    (moment) => {
      const { client, sockets } = harness(trading);
      client.on('status', ({ status }) => {
        if (status === moment) client.close();
      });
      client.topic('bars').subscribe({ symbol: 'A' });
      sockets[0]?.open();
      sockets[0]?.drop(1006);
      expect(client.status).toBe('closed');
      expect(sockets[0]?.sent.length).toBe(moment === 'reconnecting' ? 1 : 0);
      expect(vi.getTimerCount()).toBe(0);
    },
  );
});

describe('in a browser', () => {
  let network: EventTarget;
  let navigator: { onLine: boolean };

  beforeEach(() => {
    network = new EventTarget();
    navigator = { onLine: true };
    vi.stubGlobal('navigator', navigator);
    vi.stubGlobal('addEventListener', network.addEventListener.bind(network));
    vi.stubGlobal('removeEventListener', network.removeEventListener.bind(network));
  });

  function change(type: 'online' | 'offline'): void {
    navigator.onLine = type === 'online';
    network.dispatchEvent(new Event(type));
  }

  test('nothing is tried without a network, and at once with its return', () => {
    const { sockets, socket } = connected();
    change('offline');
    socket().drop(1006);
    vi.advanceTimersByTime(19_000);
    expect(sockets).toHaveLength(1);
    change('online');
    expect(sockets).toHaveLength(2);
    change('online');
    expect(sockets).toHaveLength(2);
  });

  test('a pause that the server asked for is kept', () => {
    const { sockets, socket } = connected();
    const notice = { condition: 'x', code: 1012, reason: '', retry: 'later', retry_after_ms: 5000 };
    socket().receive({ type: 'closing', payload: notice });
    socket().drop(1012);
    change('online');
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(5000);
    expect(sockets).toHaveLength(2);
  });

  test('a change of network asks the server for a sign of life', () => {
    const { socket } = connected();
    change('offline');
    expect(socket().next()).toEqual({ type: 'ping', id: 'ping' });
  });

  test('a closed client listens no more', () => {
    const remove = vi.spyOn(platform, 'removeEventListener' as never);
    const { client, sockets } = connected();
    client.close();
    change('online');
    expect(sockets).toHaveLength(1);
    expect(remove).toHaveBeenCalledTimes(2);
  });
});
