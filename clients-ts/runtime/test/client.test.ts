import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConnectionClosedError, QueueFullError, RequestError, TimeoutError } from '../src/errors.js';
import { harness, settled, trading } from './fakeSocket.js';

const tag = (value: string) => ({ kind: 'tag', pointer: '/type', value }) as const;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('connecting', () => {
  test('happens at the first need, once, with the path and subprotocol of the contract', () => {
    const { client, sockets } = harness(trading);
    expect(client.status).toBe('idle');
    expect(sockets).toHaveLength(0);
    void client.request('orders.place').catch(() => undefined);
    client.broadcast('notice').on(() => undefined);
    client.topic('bars').subscribe({ symbol: 'A' });
    expect(sockets.map(({ url, protocols }) => [url, protocols])).toEqual([
      ['ws://test.invalid/api/v1/ws', ['bellwire.json.v1']],
    ]);
  });

  test.each([
    ['http://h:8000', 'ws://h:8000/api/v1/ws'],
    ['https://h/other', 'wss://h/other'],
    ['ws://h/x?token=1#top', 'ws://h/x?token=1'],
  ])('%s means %s', (url, expected) => {
    const { client, socket } = harness(trading, { url });
    client.connect();
    expect(socket().url).toBe(expected);
  });

  test('parameters of the address are filled in, or asked for', () => {
    const contract = { address: '/ws/{symbol}/{depth}', parameters: { depth: { default: '5' } } };
    const { client, socket } = harness(contract, { parameters: { symbol: 'BTC/USD' } });
    client.connect();
    expect(socket().url).toBe('ws://test.invalid/ws/BTC%2FUSD/5');
    expect(() => harness(contract)).toThrow('needs the parameter symbol');
    expect(() => harness(contract, { parameters: { symbol: '..' } })).toThrow('cannot lead to /ws/../5');
  });

  test('an address that is none is refused at once', () => {
    expect(() => harness(trading, { url: 'ftp://h' })).toThrow(TypeError);
    expect(() => harness(trading, { url: '' })).toThrow(TypeError);
  });
});

describe('requests', () => {
  test('wait for the connection and resolve by id, in whatever order the answers come', async () => {
    const { client, open } = harness(trading);
    const first = client.request('orders.place', { qty: 1 });
    const second = client.request('orders.place', { qty: 2 });
    const socket = open();
    const [one, two] = socket.all();
    expect(one).toMatchObject({ type: 'orders.place', payload: { qty: 1 } });
    if (one === undefined || two === undefined) throw new Error('both are sent');
    socket.reply(two, { status: 'ok', result: 'two' });
    socket.reply(one, { status: 'ok' });
    await expect(second).resolves.toBe('two');
    await expect(first).resolves.toBeUndefined();
  });

  test('reject with what the server says', async () => {
    const { client, open } = harness(trading);
    const order = client.request('orders.place');
    const socket = open();
    const failure = {
      status: 'error',
      code: 'insufficient-funds',
      message: 'Not enough',
      retry: 'never',
      errors: [{ pointer: '/qty', rule: 'maximum', message: 'is too much' }],
      details: { free: 3 },
    };
    socket.reply(socket.next(), failure);
    const error = await order.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RequestError);
    const { status: _status, ...expected } = failure;
    expect(error).toMatchObject({ ...expected, type: 'orders.place' });
  });

  test('reject when an error frame answers their id', async () => {
    const { client, open } = harness(trading);
    const order = client.request('orders.place');
    const socket = open();
    const { id } = socket.next();
    socket.receive({ type: 'error', id, payload: { code: 'unknown-type', message: 'No', retry: 'never' } });
    await expect(order).rejects.toMatchObject({ code: 'unknown-type' });
  });

  test('are answered by their reply, not by a plain message that has an id of its own', async () => {
    const operations = {
      trades: { action: 'send', messages: [{ name: 'trade', match: tag('trade') }] },
      quote: {
        action: 'receive',
        messages: [{ name: 'quote', match: tag('quote'), correlation: { pointer: '/id', type: 'string' } }],
        reply: [{ name: 'quoted', match: tag('quoted'), correlation: { pointer: '/id', type: 'string' } }],
      },
    } as const;
    const { client, open } = harness({ ...trading, operations });
    const heard: unknown[] = [];
    client.receive('trades').on((message) => heard.push(message));
    const order = client.request('orders.place');
    const quote = client.send('quote', { type: 'quote' });
    const socket = open();
    const [placed, asked] = socket.all();
    if (placed === undefined || asked === undefined) throw new Error('both are sent');
    const trade = { type: 'trade', id: Number(placed.id), price: 5 };
    socket.receive(trade);
    expect(heard).toEqual([trade]);
    socket.receive({ type: 'error', id: asked.id, payload: { code: 'closed' } });
    await expect(quote).rejects.toMatchObject({ code: 'closed', type: 'quote' });
    socket.reply(placed, { status: 'ok', result: 1 });
    await expect(order).resolves.toBe(1);
  });

  test('time out, waiting for a connection included; a late reply is no surprise', async () => {
    const { client, open } = harness(trading, { connectTimeoutMs: 60_000 });
    const unknown = vi.fn();
    client.on('unknown', unknown);
    const never = client.request('orders.place', {}, { timeoutMs: 100 });
    const caught = expect(never).rejects.toBeInstanceOf(TimeoutError);
    await vi.advanceTimersByTimeAsync(100);
    await caught;
    const socket = open();
    expect(socket.sent).toEqual([]);
    const late = client.request('orders.place', {}, { timeoutMs: 100 });
    const caughtLate = expect(late).rejects.toBeInstanceOf(TimeoutError);
    await vi.advanceTimersByTimeAsync(100);
    await caughtLate;
    socket.reply(socket.next(), { status: 'ok' });
    expect(unknown).not.toHaveBeenCalled();
  });

  test('may take any time where that is asked for', async () => {
    const { client, open } = harness(trading, { keepAlive: false, connectTimeoutMs: Infinity });
    const orders = [2 ** 31, Infinity].map((timeoutMs) => client.request('orders.place', {}, { timeoutMs }));
    await vi.advanceTimersByTimeAsync(60_000);
    const socket = open();
    await vi.advanceTimersByTimeAsync(60_000);
    for (const ask of socket.all()) socket.reply(ask, { status: 'ok', result: 1 });
    expect(await Promise.all(orders)).toEqual([1, 1]);
  });

  test('are given up by a signal, with its reason, and leave no listener behind', async () => {
    const { client, open } = harness(trading);
    const before = AbortSignal.abort();
    await expect(client.request('orders.place', {}, { signal: before })).rejects.toBe(before.reason);
    const controller = new AbortController();
    const remove = vi.spyOn(controller.signal, 'removeEventListener');
    const order = client.request('orders.place', {}, { signal: controller.signal });
    controller.abort(new Error('changed my mind'));
    await expect(order).rejects.toThrow('changed my mind');
    expect(open().sent).toEqual([]);
    expect(remove).toHaveBeenCalledOnce();
  });

  test('fail with the connection once sent, but not while they wait', async () => {
    const { client, open, socket } = harness(trading);
    const sent = client.request('orders.place', { n: 1 });
    open().drop(1006);
    await expect(sent).rejects.toMatchObject({ name: 'ConnectionClosedError', code: 1006, retry: 'later' });
    const waiting = client.request('orders.place', { n: 2 }, { timeoutMs: 60_000 });
    await vi.advanceTimersByTimeAsync(0);
    client.connect();
    await vi.advanceTimersByTimeAsync(1_000);
    socket().open();
    socket().reply(socket().next(), { status: 'ok', result: 2 });
    await expect(waiting).resolves.toBe(2);
  });

  test('beyond the queue are refused', async () => {
    const { client } = harness(trading, { maxQueuedRequests: 1 });
    const first = client.request('orders.place');
    await expect(client.request('orders.place')).rejects.toBeInstanceOf(QueueFullError);
    client.close();
    await expect(first).rejects.toBeInstanceOf(ConnectionClosedError);
    await expect(client.request('orders.place')).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  test('that nothing answers go without an id and are done once they are handed to the socket', async () => {
    const { client, open } = harness({ ...trading, requests: { tick: { notification: true } } });
    const gone = client.request('tick', { n: 1 });
    const events: unknown[] = [];
    void gone.then(() => events.push('gone'));
    await settled();
    expect(events).toEqual([]);
    const socket = open();
    expect(socket.sent.map((text) => JSON.parse(text) as unknown)).toEqual([
      { type: 'tick', payload: { n: 1 } },
    ]);
    await expect(gone).resolves.toBeUndefined();
    // Nothing waits for an answer that a lost connection could fail.
    const second = client.request('tick', { n: 2 });
    socket.drop(1006);
    await expect(second).resolves.toBeUndefined();
    const aborted = client.request('tick', {}, { signal: AbortSignal.abort(new Error('no more')) });
    await expect(aborted).rejects.toThrow('no more');
    const late = client.request('tick', {}, { timeoutMs: 10 });
    const caught = expect(late).rejects.toBeInstanceOf(TimeoutError);
    await vi.advanceTimersByTimeAsync(10);
    await caught;
  });

  test('must be declared', () => {
    const { client } = harness(trading);
    expect(() => client.request('orders.plaice')).toThrow('No such request: orders.plaice');
    expect(() => client.broadcast('x')).toThrow(TypeError);
    expect(() => client.topic('x').subscribe({})).toThrow(TypeError);
  });
});

describe('messages', () => {
  test('broadcasts reach every listener, even if one of them throws', () => {
    const { client, open, reported } = harness(trading);
    const heard: unknown[] = [];
    const controller = new AbortController();
    client.broadcast('notice').on(() => {
      throw new Error('mine');
    });
    client.broadcast('notice').on((payload) => heard.push(payload), { signal: controller.signal });
    const off = client.broadcast('notice').on((payload) => heard.push(payload));
    const socket = open();
    socket.receive({ type: 'notice', payload: 1 });
    off();
    controller.abort();
    socket.receive({ type: 'notice', payload: 2 });
    expect(heard).toEqual([1, 1]);
    expect(reported).toEqual([new Error('mine'), new Error('mine')]);
  });

  test('reach every listener, even if what is told of errors throws as well', () => {
    const globally = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { client, open } = harness(trading, {
      onError: () => {
        throw new Error('again');
      },
    });
    const heard: unknown[] = [];
    client.broadcast('notice').on(() => {
      throw new Error('mine');
    });
    client.broadcast('notice').on((payload) => heard.push(payload));
    open().receive({ type: 'notice', payload: 1 });
    expect(heard).toEqual([1]);
    expect(globally).toHaveBeenCalledExactlyOnceWith(new Error('again'));
  });

  test.each([
    ['a frame of unknown type', '{"type":"no.such"}', { type: 'no.such' }],
    ['JSON that is no frame', '[1]', [1]],
    ['text', 'hello', 'hello'],
    [
      'an answer to nothing',
      '{"type":"error","payload":{"code":"x"}}',
      { type: 'error', payload: { code: 'x' } },
    ],
    ['a pong that is not ours', '{"type":"pong"}', { type: 'pong' }],
    ['a topic that nobody holds', '{"type":"bars.update","topic":"x"}', { type: 'bars.update', topic: 'x' }],
  ])('%s is surfaced', (_name, text, expected) => {
    const { client, open } = harness(trading);
    const unknown = vi.fn();
    client.on('unknown', unknown);
    client.connect();
    open().receive(text);
    expect(unknown).toHaveBeenCalledExactlyOnceWith(expected);
  });

  test('binary messages are surfaced as they are', () => {
    const { client, open } = harness(trading);
    const unknown = vi.fn();
    client.on('unknown', unknown);
    client.connect();
    const data = new Uint8Array([1]);
    open().receiveRaw(data);
    expect(unknown).toHaveBeenCalledExactlyOnceWith(data);
  });
});

describe('closing', () => {
  test('ends everything, is told, and leaves no timer', async () => {
    const { client, open, sockets } = harness(trading);
    const statuses: string[] = [];
    client.on('status', ({ status }) => statuses.push(status));
    const bars = client.topic('bars').subscribe({ symbol: 'A' });
    const order = client.request('orders.place').catch((error: unknown) => error);
    const socket = open();
    client.close();
    client.close();
    expect(socket.closedWith).toEqual({ code: 1000, reason: '' });
    await expect(order).resolves.toMatchObject({ name: 'ConnectionClosedError', code: 1000 });
    await expect(bars.ready).rejects.toMatchObject({ name: 'AbortError' });
    expect(bars.status).toBe('ended');
    expect(statuses).toEqual(['connecting', 'connected', 'closed']);
    socket.drop(1000);
    await settled();
    expect(vi.getTimerCount()).toBe(0);
    client.connect();
    expect(sockets).toHaveLength(1);
  });

  test('before anything happened is fine', () => {
    const { client, sockets } = harness(trading);
    client.close();
    expect(client.status).toBe('closed');
    expect(sockets).toHaveLength(0);
  });

  test('a subscription to a closed client ends at once with the reason', async () => {
    const { client, open } = harness(trading);
    client.connect();
    open().drop(1008, 'Authentication required');
    const onError = vi.fn();
    const bars = client.topic('bars').subscribe({ symbol: 'A' }, { onError });
    await expect(bars.ready).rejects.toMatchObject({ code: 1008, retry: 'never' });
    expect(onError).toHaveBeenCalledOnce();
  });
});
