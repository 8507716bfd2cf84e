/** Requests over plain HTTP: what is asked, what is made of the answer, and how it ends without one. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHttp, type HttpCall, type HttpOptions } from '../src/http.js';
import { ConnectionClosedError, isRequestError, TimeoutError } from '../src/index.js';

interface Asked {
  readonly url: string;
  readonly init: RequestInit;
}

/** A server that answers what it is told to, and keeps what it was asked. */
function server(answer: () => Response | Promise<Response>): { asked: Asked[]; fetch: typeof fetch } {
  const asked: Asked[] = [];
  const reply = (url: string, init: RequestInit): Promise<Response> => {
    asked.push({ url, init });
    return Promise.resolve(answer());
  };
  return { asked, fetch: reply as unknown as typeof fetch };
}

const json = (value: string, status = 200): Response =>
  new Response(value, { status, headers: { 'content-type': 'application/json' } });

async function ask(call: HttpCall, payload?: unknown, options: HttpOptions = {}): Promise<Asked> {
  const { asked, fetch } = server(() => json('{}'));
  await createHttp('http://localhost:8000/', { fetch, ...options })(call, payload);
  const [first] = asked;
  if (first === undefined) throw new Error('nothing was asked');
  return first;
}

const call = { type: 'picture', path: '/charts/{timeframe}.png' };

describe('what is asked', () => {
  test.each<[HttpCall, unknown, string, string?]>([
    [{ type: 'service', path: '/' }, undefined, '/'],
    [call, { timeframe: '5M' }, '/charts/5M.png'],
    [call, { timeframe: 'a/b ü' }, '/charts/a%2Fb%20%C3%BC.png'],
    [{ ...call, defaults: { timeframe: 7 } }, {}, '/charts/7.png'],
    [
      call,
      { timeframe: '5M', scale: 2, dark: true, no: undefined, nil: null },
      '/charts/5M.png?scale=2&dark=true',
    ],
    [
      call,
      { timeframe: '5M', layers: ['a', 'b,c'], sizes: [] },
      '/charts/5M.png?layers=a&layers=b%2Cc&sizes=',
    ],
    // Alone it would be split; an empty repetition counts for nothing but says that it is one.
    [call, { timeframe: '5M', layers: ['b,c'], sizes: [7] }, '/charts/5M.png?layers=b%2Cc&layers=&sizes=7'],
    [call, { timeframe: '..' }, '/charts/...png'],
    [{ type: 't', path: '/t/{id}' }, { id: '...' }, '/t/...'],
    [{ ...call, lists: 'json' }, { timeframe: '5M', layers: ['a'] }, '/charts/5M.png?layers=%5B%22a%22%5D'],
    [
      { type: 't', path: '/t' },
      { id: 9007199254740993n, at: { x: 1 } },
      '/t?id=9007199254740993&at=%7B%22x%22%3A1%7D',
    ],
    [{ type: 't', path: '/t', method: 'POST', body: true }, { a: 1, n: null }, '/t', '{"a":1,"n":null}'],
    [{ type: 't', path: '/t', method: 'POST', body: true }, [1n], '/t', '[1]'],
    [{ type: 't', path: '/t/{id}', method: 'PUT', body: true }, { id: 1, a: 2 }, '/t/1', '{"a":2}'],
    [{ type: 't', path: '/t', method: 'POST' }, undefined, '/t'],
  ])('%j with %o', async (call, payload, url, body) => {
    const { url: asked, init } = await ask(call, payload);
    expect(asked).toBe(`http://localhost:8000${url}`);
    expect(init.method).toBe(call.method ?? 'GET');
    expect(init.body).toBe(body);
    expect(init.headers).toEqual(body === undefined ? {} : { 'content-type': 'application/json' });
  });

  test('a member that the path needs is missed before anything is asked', async () => {
    await expect(ask(call, {})).rejects.toThrow('/charts/{timeframe}.png needs the member timeframe');
  });

  test.each([
    ['/accounts/{id}/orders', '..'],
    ['/accounts/{id}/orders', '.'],
    ['/accounts/{id}', '..'],
    ['/accounts/.{id}', '.'],
    ['/accounts/{id}.', '.'],
  ])('no member of %s leads elsewhere as %j', async (path, id) => {
    for (const body of [{}, { body: true } as const])
      await expect(ask({ type: 't', path, method: 'PUT', ...body }, { id })).rejects.toThrow(TypeError);
  });

  test('a token is asked for each time and sent as bearer', async () => {
    const tokens = ['first', 'second'];
    const { asked, fetch } = server(() => json('{}'));
    const http = createHttp('', { fetch, token: () => Promise.resolve(tokens.shift() ?? '') });
    await http({ type: 't', path: '/t' });
    await http({ type: 't', path: '/t' });
    expect(asked.map(({ init }) => init.headers)).toEqual([
      { authorization: 'Bearer first' },
      { authorization: 'Bearer second' },
    ]);
    expect(asked[0]?.url).toBe('/t');
    const { init } = await ask({ type: 't', path: '/t' }, undefined, { token: 'fixed' });
    expect(init.headers).toEqual({ authorization: 'Bearer fixed' });
  });
});

describe('what comes back', () => {
  const made = (response: Response, answer?: 'bytes' | 'nothing'): Promise<unknown> => {
    const { fetch } = server(() => response);
    return createHttp('', { fetch })({ type: 't', path: '/t', ...(answer ? { answer } : {}) });
  };

  test('is JSON without loss, bytes, or nothing', async () => {
    await expect(made(json('{"id":9007199254740993}'))).resolves.toEqual({ id: 9007199254740993n });
    await expect(made(json('null'))).resolves.toBeNull();
    const bytes = await made(new Response('picture'), 'bytes');
    expect(bytes).toBeInstanceOf(Blob);
    await expect((bytes as Blob).text()).resolves.toBe('picture');
    await expect(made(new Response(null, { status: 204 }))).resolves.toBeUndefined();
    await expect(made(json('{"more":1}'), 'nothing')).resolves.toBeUndefined();
  });

  test('or the refusal that the socket would have given', async () => {
    const errors = [{ pointer: '/limit', rule: 'maximum', message: 'is too much' }];
    const said = { code: 'invalid-payload', message: 'limit is too much', retry: 'never', errors };
    const refused = made(json(JSON.stringify(said), 422), 'bytes');
    await expect(refused).rejects.toMatchObject({ ...said, type: 't' });
    await expect(refused).rejects.toSatisfy((error) => isRequestError(error, 'invalid-payload'));
  });

  test.each([
    [502, 'internal', 'later'],
    [404, 'unknown-type', 'never'],
    [401, 'not-authenticated', 'never'],
    [429, 'rate-limited', 'later'],
    [418, 'internal', 'never'],
    [200, 'internal', 'never'],
  ])('or what a status of %i alone says: %s', async (status, code, retry) => {
    const page = new Response('<html>', { status });
    await expect(made(page)).rejects.toMatchObject({ code, retry, type: 't' });
  });
});

describe('without an answer', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const never = (): Promise<Response> => new Promise<Response>(() => undefined);

  test('a server that is not there is a lost connection, and the token is in no text', async () => {
    const fetch = (() =>
      Promise.reject(new TypeError('invalid header value: Bearer secret'))) as typeof globalThis.fetch;
    const http = createHttp('', { fetch, token: 'secret' });
    const error = await http({ type: 't', path: '/t' }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ code: 1006, retry: 'later' });
    expect(String(error)).not.toContain('secret');
  });

  test('time is up, however long the token or the answer takes', async () => {
    const { fetch } = server(never);
    const token = (): Promise<string> => new Promise<string>(() => undefined);
    for (const http of [createHttp('', { fetch }), createHttp('', { fetch, token })]) {
      const late = http({ type: 't', path: '/t' }, undefined, { timeoutMs: 50 }).catch(
        (error: unknown) => error,
      );
      await vi.advanceTimersByTimeAsync(50);
      await expect(late).resolves.toBeInstanceOf(TimeoutError);
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a signal ends it with its own reason', async () => {
    const { asked, fetch } = server(never);
    const http = createHttp('', { fetch });
    const reason = new Error('not needed any more');
    const control = new AbortController();
    const given = http({ type: 't', path: '/t' }, undefined, { signal: control.signal }).catch(
      (error: unknown) => error,
    );
    await vi.advanceTimersByTimeAsync(0);
    control.abort(reason);
    await expect(given).resolves.toBe(reason);
    expect(asked[0]?.init.signal?.aborted).toBe(true);
    await expect(http({ type: 't', path: '/t' }, undefined, { signal: control.signal })).rejects.toBe(reason);
    expect(asked).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
