/**
 * Checks what would be published: the packed files as npm makes them, seen by publint and by TypeScript's resolvers,
 * and what they cost a page that imports everything.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** What the package consists of. */
const BELONGS = /^(dist\/.*\.(js|d\.ts)|package\.json|README\.md|LICENSE-(APACHE|MIT))$/;

/** Must be in it. */
const REQUIRED = [
  'dist/index.js',
  'dist/index.d.ts',
  'dist/http.js',
  'dist/token.js',
  'README.md',
  'LICENSE-APACHE',
  'LICENSE-MIT',
];

/** Minified and compressed, in bytes. */
const SIZE_BUDGET = 9_530;

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a program of the workspace; `npm run` puts them on the path. */
function run(command, args) {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function pack(folder) {
  // With the package's own `prepack`, which builds and brings the licences.
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder]));
  const paths = packed.files.map(({ path }) => path);
  const strangers = paths.filter((path) => !BELONGS.test(path));
  if (strangers.length > 0) throw new Error(`These files must not be published: ${strangers.join(', ')}`);
  const missing = REQUIRED.filter((path) => !paths.includes(path));
  if (missing.length > 0) throw new Error(`These files are missing from the package: ${missing.join(', ')}`);
  return join(folder, packed.filename);
}

async function size() {
  const result = await build({
    entryPoints: [join(root, 'dist/index.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  });
  return gzipSync(result.outputFiles[0].contents, { level: 9 }).length;
}

const folder = mkdtempSync(join(tmpdir(), 'bellwire-'));
try {
  const tarball = pack(folder);
  process.stdout.write(run('publint', [tarball, '--strict']));
  process.stdout.write(run('attw', [tarball, '--profile', 'esm-only', '--no-emoji']));
} finally {
  rmSync(folder, { recursive: true });
}
const bytes = await size();
console.log(`Size: ${String(bytes)} bytes minified and compressed, of ${String(SIZE_BUDGET)} allowed.`);
if (bytes > SIZE_BUDGET) process.exitCode = 1;
