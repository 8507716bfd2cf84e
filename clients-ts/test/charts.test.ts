/** The generated client of the chart server against the real one: bare text on the socket, triggers over HTTP. */
import { WebSocket } from 'ws';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createChartsClient, type ChartsClient, type ChartUpdate } from '../generated/charts/index.js';
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

async function post(server: AppServer, path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const url = `http://127.0.0.1:${String(server.port)}${path}`;
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

test('a new page is told every chart, then what is triggered', async () => {
  const server = await serve('0.01');
  const { told, until } = listen(server.url);
  await until(4);
  expect(told).toEqual(EVERY);
  const answer = await post(server, '/trigger-chart-update', { timeframes: ['2M', 'zones'] });
  expect(await answer.json()).toEqual({ status: 'broadcasted', timeframes: ['2M', 'zones'], clients: 1 });
  await until(6);
  expect(told.slice(4)).toEqual(['chart:2M', 'chart:zones']);
});

test('bars that close are told without anyone asking', async () => {
  const server = await serve('2000');
  const { told, until } = listen(server.url);
  await until(4 + 20);
  expect(new Set(told.slice(4))).toContain('chart:2M');
});
