/** Tokens: how they are sent, renewed and given up. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withToken, type TokenOptions, type TokenSource } from '../src/token.js';
import { FakeSocket, consent, harness, settled, trading, type Harness } from './fakeSocket.js';

const expiring = {
  type: 'closing',
  payload: {
    condition: 'token-expired',
    code: 4401,
    reason: 'Token expired',
    retry: 'now',
    retry_after_ms: 0,
  },
};

/** What the real sockets are, in the order of their opening. */
let sockets: FakeSocket[];

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
});

afterEach(() => {
  vi.useRealTimers();
});

class Socket extends FakeSocket {
  constructor(url: string, protocols?: string[]) {
    super(url, protocols);
    sockets.push(this);
  }
}

/** A client that wants a connection, once the token was asked for. */
async function start(source: TokenSource, options: TokenOptions = {}): Promise<Harness> {
  const of = harness(trading, { WebSocket: withToken(source, { WebSocket: Socket, ...options }) });
  of.client.connect();
  await settled();
  return of;
}

function last(): FakeSocket {
  const socket = sockets.at(-1);
  if (socket === undefined) throw new Error('No socket was opened');
  return socket;
}

/** Tokens that are handed out one after the other. */
function tokens(...all: string[]): () => string {
  return () => all.shift() ?? 'none is left';
}

describe('a token is sent', () => {
  test('in the query unless told otherwise', async () => {
    await start('a.b+c');
    expect(last().url).toBe('ws://test.invalid/api/v1/ws?token=a.b%2Bc');
    expect(last().protocols).toEqual(['bellwire.json.v1']);
    await start(() => 'x', { parameter: 'key' });
    expect(last().url).toBe('ws://test.invalid/api/v1/ws?key=x');
  });

  test('by the name and in the envelope of the document, which options overrule', async () => {
    const contract = { ...trading, tokenParameter: 'jwt', envelope: { tag: 'action', body: 'data' } };
    const open = async (options: TokenOptions): Promise<FakeSocket> => {
      const of = harness(contract, { WebSocket: withToken('a.b.c', { WebSocket: Socket, ...options }) });
      of.client.connect();
      await settled();
      return last();
    };
    expect((await open({})).url).toBe('ws://test.invalid/api/v1/ws?jwt=a.b.c');
    expect((await open({ parameter: 'key' })).url).toBe('ws://test.invalid/api/v1/ws?key=a.b.c');
    const socket = await open({ by: 'message' });
    socket.open();
    const first = { action: 'authenticate', id: 'token', data: { token: 'a.b.c' } };
    expect(JSON.parse(socket.sent[0] ?? '')).toEqual(first);
  });

  test('as a subprotocol beside the real one', async () => {
    await start('a.b.c', { by: 'subprotocol' });
    expect(last().url).toBe('ws://test.invalid/api/v1/ws');
    expect(last().protocols).toEqual(['bellwire.json.v1', 'bellwire.bearer.a.b.c']);
  });

  test('as the first message, before anything else', async () => {
    const of = await start(() => Promise.resolve('a.b.c'), { by: 'message' });
    const unknown = vi.fn();
    of.client.on('unknown', unknown);
    of.client.request('orders.place', { qty: 1 }).catch(() => undefined);
    last().open();
    const [first, second] = last().all();
    expect(first).toEqual({ type: 'authenticate', id: 'token', payload: { token: 'a.b.c' } });
    expect(second?.type).toBe('orders.place');
    last().receive({
      type: 'authenticate.response',
      id: 'token',
      payload: { status: 'ok', result: { subject: 'u' } },
    });
    expect(unknown).not.toHaveBeenCalled();
    of.client.close();
    expect(last().closedWith?.code).toBe(1000);
  });

  test('in the words of another envelope', async () => {
    await start('t', { by: 'message', envelope: { tag: 'type', clientTag: 'action', body: 'flat' } });
    last().open();
    expect(last().next()).toEqual({ action: 'authenticate', id: 'token', token: 't' });
  });
});

describe('a token that is about to expire', () => {
  test('gives way to a new one on the same connection', async () => {
    const of = await start(tokens('first', 'second'));
    const closing = vi.fn();
    of.client.on('closing', closing);
    last().open();
    last().receive(expiring);
    await settled();
    expect(last().all()).toEqual([{ type: 'authenticate', id: 'token', payload: { token: 'second' } }]);
    expect(closing).toHaveBeenCalledOnce();
    expect(of.client.status).toBe('connected');
    expect(sockets).toHaveLength(1);
  });

  test.each([
    ['a string', 'always'],
    ['a source that has no other', () => 'always'],
    ['a source that fails', failing('always')],
  ])('of %s is not sent again', async (_name, source) => {
    await start(source);
    last().open();
    last().receive(expiring);
    await settled();
    expect(last().sent).toEqual([]);
  });

  test('is asked for anew after the server closed', async () => {
    const of = await start(tokens('first', 'second'));
    last().open();
    last().drop(4401, 'Token expired');
    expect(of.client.status).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sockets.map(({ url }) => new URL(url).searchParams.get('token'))).toEqual(['first', 'second']);
  });

  test('ends what the new one does not cover', async () => {
    const of = await start(tokens('first', 'second'));
    last().open();
    const onError = vi.fn();
    const kept = of.client.topic('trades').subscribe({ symbol: 'B' });
    const lost = of.client.topic('trades').subscribe({ symbol: 'A' }, { onError });
    for (const ask of last().all()) {
      last().reply(ask, consent(ask, `trades:{"symbol":"${String(ask.payload?.['symbol'])}"}`));
    }
    const payload = { code: 'forbidden', message: 'symbol is not yours', retry: 'never', errors: [] };
    last().receive({ type: 'trades.ended', topic: 'trades:{"symbol":"A"}', payload });
    expect([kept.status, lost.status]).toEqual(['live', 'ended']);
    expect(onError).toHaveBeenCalledWith(
      expect.objectContaining({ name: 'RequestError', code: 'forbidden', type: 'trades.ended' }),
    );
    last().receive({ type: 'trades.update', topic: 'trades:{"symbol":"A"}', payload: {} });
    const again = of.client.topic('trades').subscribe({ symbol: 'A' });
    expect(last().next()).toMatchObject({ type: 'trades.subscribe', payload: { symbol: 'A' } });
    expect(again.status).toBe('pending');
  });
});

describe('without a good token', () => {
  test('the client stays closed, with an error', async () => {
    const source = vi.fn(() => 'bad');
    const of = await start(source);
    const ready = of.client.topic('trades').subscribe({ symbol: 'A' }).ready;
    last().open();
    last().drop(1008, 'Invalid token');
    await expect(ready).rejects.toMatchObject({ code: 1008, reason: 'Invalid token', retry: 'never' });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(of.client.status).toBe('closed');
    expect(source).toHaveBeenCalledOnce();
    expect(sockets).toHaveLength(1);
  });

  test('a source that fails is asked again after a pause', async () => {
    const source = vi.fn<() => Promise<string>>();
    source.mockRejectedValueOnce(new Error('The session service is away')).mockResolvedValue('good');
    const of = await start(source);
    expect(of.client.status).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(last().url).toContain('token=good');
    expect(source).toHaveBeenCalledTimes(2);
    of.client.close();
  });

  test('what comes too late opens nothing', async () => {
    let hand: (token: string) => void = () => undefined;
    const of = await start(
      () =>
        new Promise((resolve) => {
          hand = resolve;
        }),
    );
    of.client.close();
    hand('late');
    await settled();
    expect(sockets).toEqual([]);
  });
});

/** Hands out a token once. */
function failing(token: string): () => Promise<string> {
  let isFirst = true;
  return () => {
    if (!isFirst) return Promise.reject(new Error('No more'));
    isFirst = false;
    return Promise.resolve(token);
  };
}
