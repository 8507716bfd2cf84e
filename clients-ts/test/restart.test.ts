/** A server that is stopped and started again under a client that stays: what was published meanwhile, and who is told. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClosingNotice, Meta, Recovery } from 'bellwire';
import { WebSocket } from 'ws';
import { beforeAll, expect, test, vi } from 'vitest';
import { createTradingClient } from '../generated/trading/index.js';
import { BUILD_TIMEOUT_MS, buildApp, startApp, useCleanUps, type AppServer } from './appServer.js';

const flags = ['--feed', 'synthetic', '--publish-token', 'secret'];
const accountId = 'TEST-001';

let program: string;
const doLater = useCleanUps();

beforeAll(async () => {
  program = await buildApp('trading');
}, BUILD_TIMEOUT_MS);

async function serve(more: readonly string[], port = 0): Promise<AppServer> {
  const server = await startApp(program, [...flags, ...more], port);
  doLater(() => server.stop('SIGKILL'));
  return server;
}

/** Publishes as a back end does; says whether the server took it. */
async function notify(port: number, title: string): Promise<boolean> {
  const body = JSON.stringify({
    type: 'notifications.update',
    params: { accountId },
    payload: { category: 'info', title, message: '', time: 1 },
  });
  const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' };
  const url = `http://127.0.0.1:${String(port)}/api/v1/publish`;
  return fetch(url, { method: 'POST', headers, body }).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** A back end that goes on publishing, whatever the server does. */
function publisher(port: number): { readonly taken: string[]; stop(): Promise<void> } {
  const taken: string[] = [];
  let isStopped = false;
  const run = async (): Promise<void> => {
    for (let number = 0; !isStopped; number += 1) {
      const title = `n${String(number)}`;
      if (await notify(port, title)) taken.push(title);
    }
  };
  const done = run();
  return {
    taken,
    stop: async () => {
      isStopped = true;
      await done;
    },
  };
}

interface Log {
  readonly updates: { readonly title: string; readonly meta: Meta }[];
  readonly recoveries: Recovery[];
  readonly notices: ClosingNotice[];
  readonly ready: Promise<unknown>;
}

/** Subscribes to notifications, and writes down all that happens. */
function follow(server: AppServer): Log {
  const client = createTradingClient({ url: server.url, WebSocket, backoff: { baseMs: 10, maxMs: 100 } });
  doLater(() => {
    client.close();
  });
  const updates: Log['updates'] = [];
  const recoveries: Recovery[] = [];
  const notices: ClosingNotice[] = [];
  client.on('closing', (notice) => notices.push(notice));
  const { ready } = client.notifications.subscribe(
    { accountId },
    {
      onUpdate: ({ title }, meta) => updates.push({ title, meta }),
      onRecovery: (recovery) => recoveries.push(recovery),
    },
  );
  return { updates, recoveries, notices, ready };
}

test(
  'with its history handed over, a restart loses nothing of what the server took',
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bellwire-restart-'));
    doLater(() => rm(folder, { recursive: true }));
    const history = ['--history-file', join(folder, 'history.json')];
    const first = await serve(history);
    const log = follow(first);
    await log.ready;
    const backEnd = publisher(first.port);
    await vi.waitUntil(() => log.updates.length >= 20, { timeout: 10_000 });
    await first.stop();
    const takenBefore = backEnd.taken.length;
    await serve(history, first.port);
    await vi.waitUntil(() => backEnd.taken.length >= takenBefore + 20, { timeout: 20_000 });
    await backEnd.stop();
    const last = backEnd.taken.at(-1);
    await vi.waitUntil(() => log.updates.at(-1)?.title === last, { timeout: 20_000 });

    const offsets = log.updates.map(({ meta }) => meta.offset);
    expect(offsets).toEqual(offsets.map((_, index) => index + 1));
    expect(new Set(log.updates.map(({ meta }) => meta.dropped))).toEqual(new Set([0]));
    // What was refused may have been published all the same, where the answer was lost.
    const received = log.updates.map(({ title }) => title);
    expect(received.filter((title) => backEnd.taken.includes(title))).toEqual(backEnd.taken);
    expect(new Set(received).size).toBe(received.length);
    expect(log.recoveries).toEqual([{ recovered: true }]);
    expect(log.notices).toMatchObject([{ condition: 'shutting-down', code: 1012, retry: 'later' }]);
    expect(log.notices[0]?.retry_after_ms).toBeLessThanOrEqual(5_000);
  },
);

test('without it, the client is told that it cannot know what it missed', { timeout: 60_000 }, async () => {
  const first = await serve([]);
  const log = follow(first);
  await log.ready;
  expect(await notify(first.port, 'before')).toBe(true);
  await vi.waitUntil(() => log.updates.length === 1, { timeout: 10_000 });
  await first.stop();
  const second = await serve([], first.port);
  await vi.waitUntil(() => log.recoveries.length > 0, { timeout: 20_000 });
  expect(log.recoveries).toEqual([{ recovered: false, reason: 'new-epoch' }]);
  expect(await notify(second.port, 'after')).toBe(true);
  await vi.waitUntil(() => log.updates.length === 2, { timeout: 10_000 });
  expect(log.updates.map(({ title, meta }) => [title, meta.offset])).toEqual([
    ['before', 1],
    ['after', 1],
  ]);
});
