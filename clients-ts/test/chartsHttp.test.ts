/** What back ends ask of the chart server, and what the generated client is told of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import { chartsHttp, createChartsClient, type ChartUpdate } from '../generated/charts/index.js';
import { useApp, type AppServer } from './appServer.js';
import { PUBLISH_TOKEN, eventually, post } from './asking.js';

const { serve, closeLater, doLater } = useApp('charts');

/** A server on which nothing moves by itself, and a client that has been told every chart. */
async function connected(): Promise<{ server: AppServer; next: () => Promise<ChartUpdate> }> {
  const folder = await mkdtemp(join(tmpdir(), 'bellwire-charts-'));
  doLater(() => rm(folder, { recursive: true, force: true }));
  const server = await serve(['--speed', '0.01', '--folder', folder, '--publish-token', PUBLISH_TOKEN]);
  const told: ChartUpdate[] = [];
  let wake = (): void => undefined;
  const client = closeLater(createChartsClient({ url: server.url, WebSocket }));
  client.chartUpdates.on((update, { message }) => {
    expect(message).toBe('chartUpdate');
    told.push(update);
    wake();
  });
  const next = async (): Promise<ChartUpdate> => {
    for (;;) {
      const update = told.shift();
      if (update !== undefined) return update;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  for (const update of ['chart:2M', 'chart:5M', 'chart:15M', 'chart:zones'])
    expect(await next()).toBe(update);
  return { server, next };
}

test('one chart or several are triggered', async () => {
  const { server, next } = await connected();
  const http = chartsHttp(server.origin);
  expect(await http.triggerChartUpdate({ timeframe: '5M' })).toEqual({
    status: 'broadcasted',
    timeframes: ['5M'],
    clients: 1,
  });
  expect(await next()).toBe('chart:5M');
  expect(await http.triggerChartUpdate({ timeframes: ['2M', 'zones'] })).toEqual({
    status: 'broadcasted',
    timeframes: ['2M', 'zones'],
    clients: 1,
  });
  expect([await next(), await next()]).toEqual(['chart:2M', 'chart:zones']);
});

test('a refresh tells at once, and the picture follows', async () => {
  const { server, next } = await connected();
  const http = chartsHttp(server.origin);
  expect(await http.refreshChart({ timeframe: '5M', chart_type: 'zones' })).toEqual({
    status: 'saved-and-broadcast',
    timeframes: ['zones'],
    clients: 1,
  });
  expect(await next()).toBe('chart:zones');
  const picture = await eventually(async () => http.picture({ timeframe: 'zones' }).catch(() => undefined));
  expect(picture.type).toBe('image/png');
  const bytes = new Uint8Array(await picture.arrayBuffer());
  expect([...bytes.slice(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
}, 30_000);

test('what is no chart is refused with those there are, and nobody is told', async () => {
  const { server, next } = await connected();
  for (const [path, body, pointer] of [
    ['/trigger-chart-update', { timeframe: '7M' }, '/timeframe'],
    ['/trigger-chart-update', { timeframes: ['5M', '5m'] }, '/timeframes/1'],
    ['/refresh-chart', { timeframe: '1D' }, '/timeframe'],
  ] as const) {
    const answer = await post(server, path, body);
    expect(answer.status).toBe(422);
    const message = expect.stringContaining('"2M", "5M", "15M", "zones"') as string;
    expect(await answer.json()).toMatchObject({ code: 'invalid-payload', errors: [{ pointer, message }] });
  }
  const unknown = chartsHttp(server.origin).picture({ timeframe: '7M' as '5M' });
  await expect(unknown).rejects.toMatchObject({
    code: 'invalid-payload',
    errors: [{ pointer: '/timeframe' }],
  });
  expect((await post(server, '/publish', 'chart:7M', PUBLISH_TOKEN)).status).toBe(422);
  expect((await post(server, '/publish', 'chart:15M', 'wrong')).status).toBe(401);
  expect((await post(server, '/publish', 'chart:15M', PUBLISH_TOKEN)).status).toBe(200);
  expect(await next()).toBe('chart:15M');
});
