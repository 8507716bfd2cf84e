/** Tests of topics that a client holds: who holds one and what it was told, and what the server answers. */
import { consent, settled, type FakeSocket, type Harness, type Sent } from './fakeSocket.js';
import type { SubscribeOptions, Subscription } from '../src/subscription.js';

/** The topic that most tests hold. */
export const topicA = 'bars:{"resolution":"1","symbol":"A"}';

/** Who subscribes. */
export interface Held {
  readonly handle: Subscription<{ symbol: string }, unknown, unknown>;
  /** Everything that happened, in order. */
  readonly log: unknown[];
}

/** Subscribes to `{ symbol: 'A' }` of a route, and writes down whatever follows. */
export function hold(of: Harness, route = 'bars', options: SubscribeOptions<unknown, unknown> = {}): Held {
  const log: unknown[] = [];
  const handle = of.client.topic<{ symbol: string }, unknown, unknown>(route).subscribe(
    { symbol: 'A' },
    {
      onUpdate: (value) => log.push(['update', value]),
      onSnapshot: (value) => log.push(['snapshot', value]),
      onResync: (dropped) => log.push(['resync', dropped]),
      onStatus: (status) => log.push(status),
      onError: (error) => log.push(error.message),
      ...options,
    },
  );
  return { handle, log };
}

/** The server's consent to a subscribe. */
export async function agree(socket: FakeSocket, to: Sent, topic = topicA): Promise<void> {
  socket.reply(to, consent(to, topic));
  await settled();
}

/** Its refusal. */
export async function refuse(socket: FakeSocket, to: Sent, retry: string, code = 'forbidden'): Promise<void> {
  socket.reply(to, { status: 'error', code, message: `no: ${code}`, retry });
  await settled();
}

/** A frame of a topic. */
export const frame = (verb: string, payload: unknown, topic = topicA): unknown => ({
  type: `bars.${verb}`,
  topic,
  payload,
});
