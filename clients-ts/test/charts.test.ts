/** The generated client of the chart server against the real one: bare text on the socket, triggers over HTTP. */
import { WebSocket } from 'ws';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  chartsHttp,
  createChartsClient,
  type ChartsClient,
  type ChartUpdate,
} from '../generated/charts/index.js';
import { useApp, type AppServer } from './appServer.js';

const EVERY: ChartUpdate[] = ['chart:2M', 'chart:5M', 'chart:15M', 'chart:zones'];

const app = useApp('charts');

async function serve(speed: string): Promise<AppServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bellwire-charts-'));
  app.doLater(() => rm(folder, { recursive: true, force: true }));
  return app.serve(['--speed', speed, '--folder', folder]);
}

/** A client with everything it has been told so far, and a wait for more. */
function listen(url: string): {
  client: ChartsClient;
  told: ChartUpdate[];
  until: (count: number) => Promise<void>;
} {
  const client = app.closeLater(createChartsClient({ url, WebSocket }));
  const told: ChartUpdate[] = [];
  let wake = (): void => undefined;
  client.chartUpdates.on((update) => {
    told.push(update);
    wake();
  });
  const until = async (count: number): Promise<void> => {
    while (told.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { client, told, until };
}

test('a new page is told every chart, then what is triggered', async () => {
  const server = await serve('0.01');
  const { told, until } = listen(server.url);
  await until(4);
  expect(told).toEqual(EVERY);
  const answer = await chartsHttp(server.origin).triggerChartUpdate({ timeframes: ['2M', 'zones'] });
  expect(answer).toEqual({ status: 'broadcasted', timeframes: ['2M', 'zones'], clients: 1 });
  await until(6);
  expect(told.slice(4)).toEqual(['chart:2M', 'chart:zones']);
});

test('bars that close are told without anyone asking', async () => {
  const server = await serve('2000');
  const { told, until } = listen(server.url);
  await until(4 + 20);
  expect(new Set(told.slice(4))).toContain('chart:2M');
});

test('pictures are bytes, and what there is none of is said by its code', async () => {
  const server = await serve('2000');
  const http = chartsHttp(server.origin);
  const absent = http.picture({ timeframe: 'zones' });
  await expect(absent).rejects.toMatchObject({ type: 'picture', code: 'no-picture', retry: 'later' });
  const unknown = http.triggerChartUpdate({ timeframe: '7M' } as unknown as { timeframe: '5M' });
  await expect(unknown).rejects.toMatchObject({
    code: 'invalid-payload',
    errors: [{ pointer: '/timeframe', rule: 'enum' }],
  });
  const { until } = listen(server.url);
  await until(4 + 4);
  await expect(http.refreshChart({ timeframe: '2M' })).resolves.toMatchObject({
    status: 'saved-and-broadcast',
  });
  await expect.poll(async () => (await http.status()).exported, { timeout: 20_000 }).toBeGreaterThan(0);
  const picture = await http.picture({ timeframe: '2M', theme: 'dark', scale: 2 });
  expect(picture.type).toBe('image/png');
  const start = new Uint8Array(await picture.arrayBuffer()).slice(0, 4);
  expect([...start]).toEqual([0x89, 0x50, 0x4e, 0x47]);
}, 30_000);
