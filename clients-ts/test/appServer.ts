/** The real servers, built by cargo and run as processes. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeAll } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** How long cargo may take on a machine that never built the project. */
export const BUILD_TIMEOUT_MS = 900_000;

/** A running server. */
export interface AppServer {
  /** Address of the socket. */
  readonly url: string;
  /** Where it is over plain HTTP. */
  readonly origin: string;
  /** Port it listens on. */
  readonly port: number;
  /** Ends it, by default as an operator would; resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** An app under test, and what is to be undone after each test. */
export interface App {
  /** Starts a server that is killed after the test. */
  readonly serve: (flags?: readonly string[], port?: number) => Promise<AppServer>;
  /** Closes a client after the test, before its server. */
  readonly closeLater: <C extends { close(): void }>(client: C) => C;
  /** Does this after the test; what was asked for last comes first. */
  readonly doLater: (cleanUp: () => unknown) => void;
}

/** Builds an app (`trading`) before the tests of a file, and cleans up after each of them. */
export function useApp(app: string): App {
  let program = '';
  const doLater = useCleanUps();

  beforeAll(async () => {
    program = await buildApp(app);
  }, BUILD_TIMEOUT_MS);

  return {
    serve: async (flags = [], port = 0) => {
      const server = await startApp(program, flags, port);
      doLater(() => server.stop('SIGKILL'));
      return server;
    },
    closeLater: (client) => {
      doLater(() => {
        client.close();
      });
      return client;
    },
    doLater,
  };
}

/** What is asked for here is done after each test, the last first, and all of it even where some of it fails. */
export function useCleanUps(): App['doLater'] {
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    const failures: unknown[] = [];
    for (const cleanUp of cleanUps.splice(0).reverse()) {
      try {
        await cleanUp();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Cannot clean up');
  });
  return (cleanUp) => void cleanUps.push(cleanUp);
}

/** Builds an app (`trading`) and answers with the path of the program. */
export async function buildApp(app: string): Promise<string> {
  const build = ['build', '--quiet', '--package', 'bellwire', '--bin', app, '--message-format', 'json'];
  const { stdout } = await promisify(execFile)('cargo', build, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  for (const line of stdout.split('\n').reverse()) {
    const program = /"executable":"([^"]+)"/.exec(line)?.[1];
    if (program !== undefined) return program;
  }
  throw new Error('cargo built no program');
}

/** Starts the server and waits for the address it prints; settings of this environment do not reach it. */
export async function startApp(program: string, flags: readonly string[] = [], port = 0): Promise<AppServer> {
  const child = spawn(program, ['--port', String(port), ...flags], {
    cwd: root,
    env: { NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await printedAddress(child).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    url,
    origin: new URL(url.replace('ws:', 'http:')).origin,
    port: Number(new URL(url).port),
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}

async function printedAddress(child: ChildProcess): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the output is piped');
  const output: string[] = [];
  // Read to the end in any case: a full pipe would stop the server.
  stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const address = new Promise<string>((resolve, reject) => {
    createInterface({ input: stdout }).on('line', (line) => {
      output.push(line);
      const found = /ws:\/\/\S+/.exec(line)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => {
      reject(new Error(`The server ended before it listened:\n${output.join('\n')}`));
    });
    child.once('error', reject);
  });
  return address;
}
