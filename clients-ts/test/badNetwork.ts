/** A network between a client and a server that does to connections whatever networks do, until it is told to heal. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What may happen to a connection. */
const mishaps = [
  'cut',
  'reset',
  'halfClose',
  'halfCloseByServer',
  'stall',
  'stall',
  'delay',
  'chop',
] as const;

/** Numbers from 0 to 1 that are the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

interface Route {
  readonly client: Socket;
  readonly server: Socket;
  /** Nothing passes before this moment. */
  stalledUntil: number;
  /** How long each part takes at most. */
  delayMs: number;
  /** The largest part that passes as one. */
  chunk: number;
}

/** How a connection is where nothing is wrong with it. */
const passing = { stalledUntil: 0, delayMs: 0, chunk: Infinity };

/** A proxy in front of a server. */
export class BadNetwork {
  readonly #routes = new Set<Route>();
  readonly #random: () => number;
  readonly #target: number;
  readonly #listener: Server;

  constructor(target: number, random: () => number) {
    this.#target = target;
    this.#random = random;
    this.#listener = createServer({ allowHalfOpen: true }, (client) => {
      this.#connect(client);
    });
  }

  /** Starts; answers with the port that leads to the server. */
  async listen(): Promise<number> {
    await once(this.#listener.listen(0, '127.0.0.1'), 'listening');
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Lets something happen to one of the connections. */
  misbehave(): void {
    const routes = [...this.#routes];
    const route = routes[Math.floor(this.#random() * routes.length)];
    const mishap = mishaps[Math.floor(this.#random() * mishaps.length)];
    const size = this.#random();
    if (route === undefined) return;
    if (mishap === 'cut') route.client.destroy();
    else if (mishap === 'reset') route.client.resetAndDestroy();
    else if (mishap === 'halfClose') route.server.end();
    else if (mishap === 'halfCloseByServer') route.client.end();
    else if (mishap === 'stall') route.stalledUntil = Date.now() + size * 600;
    else if (mishap === 'delay') route.delayMs = size * 50;
    else route.chunk = 1 + Math.floor(size * 500);
  }

  /** From now on everything passes as it should. */
  heal(): void {
    for (const route of this.#routes) Object.assign(route, passing);
  }

  /** Ends every connection. */
  close(): void {
    this.#listener.close();
    for (const { client } of this.#routes) client.destroy();
  }

  #connect(client: Socket): void {
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true });
    const route: Route = { client, server, ...passing };
    this.#routes.add(route);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        this.#routes.delete(route);
      });
      void this.#carry(route, from, to);
    }
  }

  async #carry(route: Route, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const part of from as AsyncIterable<Buffer>) {
        for (let at = 0; at < part.length;) {
          const length = Math.min(part.length, route.chunk);
          await this.#hold(route);
          // Where nobody takes it any more, the other end is cut off as well, and with it this loop.
          if (to.destroyed) return;
          if (!to.write(part.subarray(at, at + length)))
            await Promise.race([once(to, 'drain'), once(to, 'close')]);
          at += length;
        }
      }
      to.end();
    } catch {
      // Whoever was cut off says so by `close`.
    }
  }

  async #hold(route: Route): Promise<void> {
    if (route.delayMs > 0) await sleep(route.delayMs * this.#random());
    while (Date.now() < route.stalledUntil) await sleep(5);
  }
}
