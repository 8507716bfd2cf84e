/** Servers and pages for the looks at a browser; every look prints `ok …` or `FAILED …`. */
import { execFileSync, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Where screenshots are left. */
export const pictures = join(root, 'target', 'browser');

/** How long anything may take. */
export const patienceMs = 20_000;

/** Builds these apps and returns the paths of their programs by name. */
export function buildServers(apps) {
  const cargo = ['build', '--package', 'bellwire', ...apps.flatMap((app) => ['--bin', app])];
  const output = execFileSync('cargo', [...cargo, '--message-format', 'json-render-diagnostics'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  const messages = output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const built = messages.filter((message) => message.executable && apps.includes(message.target.name));
  return Object.fromEntries(built.map((message) => [message.target.name, message.executable]));
}

/** Starts a server on a free port; resolves with the process and the address of its socket. */
export function startServer(program, flags = []) {
  const server = spawn(program, ['--port', '0', ...flags], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
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

let failures = 0;

/** How many looks have failed. */
export function failureCount() {
  return failures;
}

/** Runs one look at the browser and prints how it went. */
export async function check(what, look) {
  try {
    await look();
    console.log(`ok ${what}`);
  } catch (error) {
    failures += 1;
    console.log(`FAILED ${what}: ${error.message}`);
  }
}

/** A page whose errors, of scripts or of the console, are collected. */
export async function openPage(browser, address, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(address);
  return { page, errors };
}

/** Fails where there are any. */
export function none(errors) {
  if (errors.length > 0) throw new Error(errors.join('; '));
}
