import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Contract, FrameShape } from '../src/contract.js';
import { findMessage, readPointer, withPointer } from '../src/match.js';
import { harness } from './fakeSocket.js';

const tag = (pointer: string, value: string) => ({ kind: 'tag', pointer, value }) as const;
const reqid = { pointer: '/reqid', type: 'integer' } as const;

const exchange = {
  address: '/',
  operations: {
    subscribe: {
      action: 'receive',
      messages: [{ name: 'subscribe', match: tag('/event', 'subscribe'), correlation: reqid }],
      reply: [{ name: 'status', match: tag('/event', 'status'), correlation: reqid }],
    },
    list: {
      action: 'receive',
      messages: [{ name: 'list', match: tag('/action', 'list') }],
      reply: [{ name: 'ack', match: tag('/type', 'ack') }],
    },
    ping: { action: 'receive', messages: [{ name: 'ping', match: { kind: 'text', values: ['ping'] } }] },
    ticker: {
      action: 'send',
      messages: [
        {
          name: 'tick',
          match: {
            kind: 'shape',
            shape: { type: 'array', items: [{ type: 'integer' }, { type: 'object' }] },
          },
        },
        { name: 'status', match: tag('/event', 'status') },
      ],
    },
    charts: { action: 'send', messages: [{ name: 'chart', match: { kind: 'text', pattern: '^chart:' } }] },
  },
} as const satisfies Contract;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('sending', () => {
  test('resolves with the correlated reply; ids are made up where the caller gives none', async () => {
    const { client, open } = harness(exchange);
    const given = client.send('subscribe', { event: 'subscribe', reqid: 42 });
    const own = client.send('subscribe', { event: 'subscribe' });
    const socket = open();
    expect(socket.all()).toEqual([
      { event: 'subscribe', reqid: 42 },
      { event: 'subscribe', reqid: 1 },
    ]);
    socket.receive({ event: 'status', reqid: 1, ok: true });
    socket.receive({ event: 'status', reqid: 42, ok: false });
    await expect(own).resolves.toEqual({ event: 'status', reqid: 1, ok: true });
    await expect(given).resolves.toEqual({ event: 'status', reqid: 42, ok: false });
  });

  test('knows a reply by its id though the caller gave a bigint and a number comes back', async () => {
    const { client, open } = harness(exchange);
    const given = client.send('subscribe', { event: 'subscribe', reqid: 42n });
    open().receive({ event: 'status', reqid: 42 });
    await expect(given).resolves.toEqual({ event: 'status', reqid: 42 });
  });

  test('makes room for an id that stands deeper', async () => {
    const correlation = { pointer: '/meta/id', type: 'string' } as const;
    const ask = { name: 'ask', match: tag('/type', 'ask'), correlation };
    const reply = [{ name: 'answer', match: tag('/type', 'answer'), correlation }];
    const { client, open } = harness({
      address: '/',
      operations: { ask: { action: 'receive', messages: [ask], reply } },
    });
    const deep = client.send('ask', { type: 'ask' });
    const socket = open();
    const meta = { id: '1' };
    expect(socket.all()).toEqual([{ type: 'ask', meta }]);
    socket.receive({ type: 'answer', meta });
    await expect(deep).resolves.toEqual({ type: 'answer', meta });
  });

  test('resolves in order where nothing correlates', async () => {
    const { client, open } = harness(exchange);
    const replies = [client.send('list', { action: 'list' }), client.send('list', { action: 'list' })];
    const socket = open();
    socket.receive({ type: 'ack', count: 1 });
    socket.receive({ type: 'ack', count: 2 });
    await expect(Promise.all(replies)).resolves.toEqual([
      { type: 'ack', count: 1 },
      { type: 'ack', count: 2 },
    ]);
  });

  const failure = { code: 'too-many', message: 'No more', retry: 'later' };
  const refusal = { type: 'error', payload: failure };

  test('fails by an error frame: the call of its id, else the only one that waits', async () => {
    const { client, open } = harness(exchange);
    const calls = [
      client.send('list', { action: 'list' }),
      client.send('subscribe', { event: 'subscribe', reqid: 42 }),
    ];
    const settled = Promise.allSettled(calls);
    const socket = open();
    socket.receive({ ...refusal, id: 42 });
    socket.receive(refusal);
    const refused = { status: 'rejected', reason: { name: 'RequestError', ...failure } };
    expect(await settled).toMatchObject([
      { ...refused, reason: { type: 'list' } },
      { ...refused, reason: { type: 'subscribe' } },
    ]);
  });

  test('is not failed by an error frame that may be about another message', async () => {
    const { client, open } = harness(exchange);
    const unknown: unknown[] = [];
    client.on('unknown', (message) => unknown.push(message));
    client.connect();
    const socket = open();
    // Of two calls that wait, either may be meant.
    const two = [client.send('list', { action: 'list' }), client.send('list', { action: 'list' })];
    socket.receive(refusal);
    for (const count of [1, 2]) socket.receive({ type: 'ack', count });
    expect(await Promise.all(two)).toEqual([1, 2].map((count) => ({ type: 'ack', count })));
    // And a message that nothing answers, sent before the call or after it.
    for (const order of ['before', 'after']) {
      if (order === 'before') void client.send('ping', 'ping');
      const call = client.send('list', { action: 'list' });
      if (order === 'after') void client.send('ping', 'ping');
      socket.receive(refusal);
      socket.receive({ type: 'ack', count: 3 });
      await expect(call).resolves.toEqual({ type: 'ack', count: 3 });
      vi.advanceTimersByTime(10_000);
    }
    expect(unknown).toEqual([refusal, refusal, refusal]);
    const alone = client.send('list', { action: 'list' });
    socket.receive(refusal);
    await expect(alone).rejects.toMatchObject(failure);
  });

  test('resolves once sent where no reply is declared; text goes out bare', async () => {
    const { client, open } = harness(exchange);
    const sent = client.send('ping', 'ping');
    expect(open().sent).toEqual(['ping']);
    await expect(sent).resolves.toBeUndefined();
  });

  test('fails by time, by signal and with the connection', async () => {
    const { client, open } = harness(exchange);
    const controller = new AbortController();
    const outcomes = Promise.allSettled([
      client.send('list', { action: 'list' }, { timeoutMs: 50 }),
      client.send('list', { action: 'list' }, { signal: controller.signal }),
      client.send('list', { action: 'list' }),
    ]);
    const socket = open();
    controller.abort(new Error('no more'));
    vi.advanceTimersByTime(50);
    socket.drop(1006);
    expect(
      (await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason as unknown),
    ).toMatchObject([{ name: 'TimeoutError' }, { message: 'no more' }, { name: 'ConnectionClosedError' }]);
    client.close();
    await expect(client.send('ping', 'ping')).rejects.toMatchObject({ name: 'ConnectionClosedError' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('receiving', () => {
  test('by shape, by tag and as text; what is left is unknown', () => {
    const { client, open } = harness(exchange);
    const heard: unknown[] = [];
    client.receive('ticker').on((message, meta) => heard.push([message, meta.message]));
    client.receive('charts').on((message, meta) => heard.push([message, meta.message]));
    client.on('unknown', (message) => heard.push(['unknown', message]));
    const socket = open();
    for (const text of ['[5,{"c":1}]', '{"event":"status"}', 'chart:5M', 'hart:5M', '"chart:5M"'])
      socket.receive(text);
    expect(heard).toEqual([
      [[5, { c: 1 }], 'tick'],
      [{ event: 'status' }, 'status'],
      ['chart:5M', 'chart'],
      ['unknown', 'hart:5M'],
      ['unknown', 'chart:5M'],
    ]);
  });

  test('a pattern that is no regular expression here fits nothing, and breaks nothing', () => {
    const foreign = { name: 'a', match: { kind: 'text', pattern: '\\Aa$' } } as const;
    const operations = { a: { action: 'send', messages: [foreign, exchange.operations.charts.messages[0]] } };
    const { client, open } = harness({ address: '/', operations } as Contract);
    const heard: unknown[] = [];
    client.receive('a').on((_message, meta) => heard.push(meta.message));
    client.on('unknown', (message) => heard.push(message));
    const socket = open();
    for (const text of ['a', 'chart:1', 'a']) socket.receiveRaw(text);
    expect(heard).toEqual(['a', 'chart', 'a']);
  });

  test('an endpoint without a heartbeat is never pinged', () => {
    const { client, open } = harness(exchange);
    client.connect();
    const socket = open();
    vi.advanceTimersByTime(3_600_000);
    expect(socket.sent).toEqual([]);
  });

  test('must be declared', () => {
    const { client } = harness(exchange);
    expect(() => client.receive('subscribe').on(() => undefined)).toThrow(TypeError);
    expect(() => client.send('ticker', {})).toThrow(TypeError);
  });
});

describe('shapes', () => {
  const shape = (fit: FrameShape, value: unknown): boolean =>
    findMessage([{ name: 'm', match: { kind: 'shape', shape: fit } }], value, true) !== undefined;

  test.each<[FrameShape, unknown, boolean]>([
    [{}, null, true],
    [{ type: 'object' }, [], false],
    [{ type: 'object', required: ['a'] }, { a: undefined }, true],
    [{ required: ['toString'] }, {}, false],
    [{ required: ['a'] }, 'a', false],
    [{ type: 'null' }, null, true],
    [{ type: ['string', 'null'] }, 'x', true],
    [{ type: ['string', 'null'] }, 1, false],
    [{ type: 'integer' }, 1.5, false],
    [{ type: 'integer' }, 9007199254740993n, true],
    [{ type: 'number' }, 1.5, true],
    [{ type: 'boolean' }, 0, false],
    [{ values: ['a', 1, null] }, null, true],
    [{ values: ['a', 1, null] }, '1', false],
    [{ members: { a: { type: 'string' } } }, { a: 1 }, false],
    [{ members: { a: { type: 'string' } } }, {}, true],
    [{ items: [{ type: 'string' }] }, [], false],
    [{ items: [{ type: 'string' }] }, ['x', 1], true],
  ])('%# %o and %o: %s', (fit, value, expected) => {
    expect(shape(fit, value)).toBe(expected);
  });
});

describe('pointers', () => {
  test.each([
    ['', { a: 1 }, { a: 1 }],
    ['/a/0/b', { a: [{ b: 2 }] }, 2],
    ['/a~1b/~0', { 'a/b': { '~': 3 } }, 3],
    ['/toString', {}, undefined],
    ['/a/b', { a: null }, undefined],
  ])('%s reads', (pointer, value, expected) => {
    expect(readPointer(value, pointer)).toEqual(expected);
  });

  test.each([
    ['/id', {}, { id: 9 }],
    ['/a/0/id', { a: [{}, 1] }, { a: [{ id: 9 }, 1] }],
    ['/a/id', { a: null }, { a: null }],
    ['/a/b/id', { c: 1 }, { a: { b: { id: 9 } }, c: 1 }],
  ])('%s writes a copy', (pointer, value, expected) => {
    const copy = structuredClone(value);
    expect(withPointer(value, pointer, 9)).toEqual(expected);
    expect(value).toEqual(copy);
  });
});
