/** What is asked of servers over HTTP, and waits. */
import type { AppServer } from './appServer.js';

/** What back ends need to publish. */
export const PUBLISH_TOKEN = 't0ken';

/** `GET`, whatever the status. */
export async function get(server: AppServer, path: string): Promise<Response> {
  return fetch(`${server.origin}${path}`);
}

/** `POST` of JSON, or of text as it is. */
export async function post(
  server: AppServer,
  path: string,
  body: unknown,
  token?: string,
): Promise<Response> {
  return fetch(`${server.origin}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** The next values a listener gets, once they are enough. */
export function collect<T>(
  listen: (listener: (value: T) => void) => unknown,
  isEnough: (values: readonly T[]) => boolean,
): Promise<T[]> {
  return new Promise((resolve) => {
    const values: T[] = [];
    listen((value) => {
      values.push(value);
      if (isEnough(values)) resolve(values);
    });
  });
}

/** Asks again and again until there is an answer. */
export async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
