/**
 * Proof in a browser: headless Chromium opens a page that imports the built client and shows bars from the running
 * server, then the docs page that the server hosts. Prints `ok …` or `FAILED …` for each thing it looks at and leaves
 * screenshots in `target/browser`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const pictures = join(root, 'target', 'browser');
const patienceMs = 20_000;
const browserArguments = [
  '--no-sandbox', // needed as root; the page is ours
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Builds the trading server and returns the path of its program. */
function buildServer() {
  const cargo = [
    'build',
    '--package',
    'bellwire',
    '--bin',
    'trading',
    '--message-format',
    'json-render-diagnostics',
  ];
  const output = execFileSync('cargo', cargo, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const messages = output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return messages.find((message) => message.executable && message.target.name === 'trading').executable;
}

/** Starts the server on a free port; resolves with the process and the address of its socket. */
function startServer(program) {
  const server = spawn(program, ['--port', '0'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const socket = new Promise((resolve, reject) => {
    const look = (line) => {
      const found = /ws:\/\/\S+/.exec(line);
      if (found) resolve(found[0]);
    };
    createInterface({ input: server.stdout }).on('line', look);
    createInterface({ input: server.stderr }).on('line', look);
    server.on('exit', (code) =>
      reject(new Error(`the server ended with ${String(code)} before it listened`)),
    );
    setTimeout(() => reject(new Error('the server printed no address')), patienceMs).unref();
  });
  return { server, socket };
}

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

let failures = 0;

/** Runs one look at the browser and prints how it went. */
async function check(what, look) {
  try {
    await look();
    console.log(`ok ${what}`);
  } catch (error) {
    failures += 1;
    console.log(`FAILED ${what}: ${error.message}`);
  }
}

/** A page whose errors, of scripts or of the console, are collected. */
async function openPage(browser, address) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(address);
  return { page, errors };
}

function none(errors) {
  if (errors.length > 0) throw new Error(errors.join('; '));
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
const { server, socket } = startServer(buildServer());
const page = await servePage();
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, headless: true, args: browserArguments });
try {
  await lookAtBars(browser, page.address, await socket);
  await lookAtDocs(browser, await socket);
} finally {
  await browser.close();
  page.server.close();
  server.kill();
}
process.exitCode = failures > 0 ? 1 : 0;
