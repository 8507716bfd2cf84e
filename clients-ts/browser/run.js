/**
 * Proof in a browser: headless Chromium opens a page that imports the built client and shows bars from the running
 * server, then the docs pages that the servers host. Prints `ok …` or `FAILED …` for each thing it looks at and leaves
 * screenshots in `target/browser`.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { lookAtConsoles } from './consoles.js';
import {
  buildServers,
  check,
  failureCount,
  none,
  openPage,
  patienceMs,
  pictures,
  startServer,
} from './harness.js';

const here = dirname(fileURLToPath(import.meta.url));
const browserArguments = [
  '--no-sandbox', // needed as root; the page is ours
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Serves the page and its script; resolves with the address. */
async function servePage() {
  const bundle = await build({
    entryPoints: [join(here, 'page.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  const files = new Map([
    ['/', ['text/html; charset=utf-8', readFileSync(join(here, 'page.html'))]],
    ['/page.js', ['text/javascript; charset=utf-8', bundle.outputFiles[0].contents]],
  ]);
  const server = createServer((request, response) => {
    const found = files.get(request.url.split('?')[0]);
    response.writeHead(found ? 200 : 404, { 'content-type': found ? found[0] : 'text/plain' });
    response.end(found ? found[1] : 'not found');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${server.address().port}` };
}

async function lookAtBars(browser, address, socket) {
  const { page, errors } = await openPage(browser, `${address}/?url=${encodeURIComponent(socket)}`);
  await check('the page is told its topic', async () => {
    const topic = page.locator('#topic', { hasText: 'bars:{"resolution":"1","symbol":"BTC-USD"}' });
    await topic.waitFor({ timeout: patienceMs });
  });
  await check('the page shows BTC-USD bars that arrive', async () => {
    await page.locator('#bars tr').nth(2).waitFor({ timeout: patienceMs });
    const shown = await page.locator('#bars tr').first().locator('td').nth(4).textContent();
    const close = Number(shown.replaceAll(',', ''));
    if (!(close > 1000)) throw new Error(`a close of ${String(close)} is no price of bitcoin`);
  });
  await check('the page is connected', async () => {
    await page.locator('#status', { hasText: 'connected' }).waitFor({ timeout: patienceMs });
  });
  await check('the page reports no error', () => none(errors));
  await page.screenshot({ path: join(pictures, 'bars.png') });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 844 });
  await check('the page fits a phone', async () => {
    const overflow = await page.evaluate(() => {
      const main = document.querySelector('main');
      return main.scrollWidth - main.clientWidth;
    });
    if (overflow > 0) throw new Error(`it is ${String(overflow)} px too wide`);
  });
  await page.screenshot({ path: join(pictures, 'bars-phone.png') });
  await page.close();
}

async function lookAtDocs(browser, socket) {
  const { page, errors } = await openPage(browser, `${socket.replace('ws://', 'http://')}/asyncapi`);
  await check('the docs page names the API', async () => {
    await page.getByRole('heading', { name: 'Trading WebSockets' }).first().waitFor({ timeout: patienceMs });
  });
  await check('the docs page describes every topic', async () => {
    const text = await page.locator('body').innerText();
    const topics = [
      'bars',
      'quotes',
      'trades',
      'orderbook',
      'orders',
      'positions',
      'executions',
      'equity',
      'account',
    ];
    const missing = topics.filter((topic) => !text.includes(topic));
    if (missing.length > 0) throw new Error(`no word of ${missing.join(', ')}`);
  });
  await check('the console of the docs page shows live bars', async () => {
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('#log', { hasText: 'bars.update' }).waitFor({ timeout: patienceMs });
  });
  await check('the docs page loads nothing from elsewhere and reports no error', () => none(errors));
  await page.screenshot({ path: join(pictures, 'docs.png') });
  await page.screenshot({ path: join(pictures, 'docs-full.png'), fullPage: true });
  await page.close();
}

mkdirSync(pictures, { recursive: true });
const programs = buildServers(['trading', 'charts', 'carry', 'bot', 'screener']);
const { server, socket } = startServer(programs.trading);
const page = await servePage();
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, headless: true, args: browserArguments });
try {
  await lookAtBars(browser, page.address, await socket);
  await lookAtDocs(browser, await socket);
  await lookAtConsoles(browser, programs);
} finally {
  await browser.close();
  page.server.close();
  server.kill();
}
process.exitCode = failureCount() > 0 ? 1 : 0;
