// Generates every document of the project and asks the official parser about both versions of each.
//
//     npm run check            everything in asyncapi/, codegen/tests/samples and codegen/tests/golden
//     npm run check -- FILE…   these AsyncAPI JSON files only
//
// No error and no warning passes, except what `excused` says. Works offline.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import pkg from '@asyncapi/parser';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

// Remarks on what an author left out of 2.x documents: a rendering does not invent a contact, a licence or a server.
const leftOut = [
  'asyncapi-info-contact',
  'asyncapi-info-contact-properties',
  'asyncapi-info-license',
  'asyncapi-servers',
];
const excused = (version, { code, severity }) =>
  severity > 1 || (version.startsWith('2.') && leftOut.includes(code));

// The parser itself trips over members called like those of `Object.prototype`; the obstacle course has them all.
const prototypeNames = Object.getOwnPropertyNames(Object.prototype).join('|');
const parseable = (text) => text.replace(new RegExp(`(["/])(${prototypeNames})(?=["/])`, 'g'), '$1$2_');

// A resolver that throws would fall through to the network.
const block = (schema) => ({ schema, order: 0, canRead: true, read: () => '{}' });
const resolvers = [block('http'), block('https')];
const parser = new pkg.Parser({ __unstable: { resolver: { cache: false, resolvers } } });

async function check(path, name) {
  const text = parseable(readFileSync(path, 'utf8'));
  const { document, diagnostics } = await parser.parse(text, { source: path });
  const found = diagnostics.filter((one) => !excused(JSON.parse(text).asyncapi, one));
  if (document && found.length === 0) return true;
  console.error(`${name}: ${document ? 'accepted, with remarks' : 'refused'}`);
  for (const { code, path: place, message } of found.slice(0, 20))
    console.error(`  ${code} ${place.join('/')} ${message}`);
  return false;
}

function sources() {
  const folder = (path, pattern) =>
    readdirSync(join(root, path))
      .filter((name) => pattern.test(name))
      .map((name) => join(root, path, name));
  const yaml = /\.ya?ml$/;
  const golden = join(root, 'codegen/tests/golden');
  const cases = readdirSync(golden).flatMap((name) => folder(join('codegen/tests/golden', name), yaml));
  return [...folder('asyncapi', yaml), ...folder('codegen/tests/samples', yaml), ...cases];
}

async function checkProject() {
  const scratch = mkdtempSync(join(tmpdir(), 'bellwire-oracle-'));
  let passed = true;
  try {
    execFileSync('cargo', ['build', '--quiet', '--package', 'xtask'], { cwd: root, stdio: 'inherit' });
    const xtask = join(root, process.env.CARGO_TARGET_DIR ?? 'target', 'debug', 'xtask');
    for (const source of sources()) {
      const out = join(scratch, 'generated');
      execFileSync(xtask, ['generate', source, '--rust', out, '--quiet'], { cwd: root, stdio: 'ignore' });
      for (const file of ['asyncapi.json', 'asyncapi-2.4.0.json']) {
        const name = `${basename(dirname(source))}/${basename(source)} ${file}`;
        passed = (await check(join(out, file), name)) && passed;
      }
      rmSync(out, { recursive: true });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return passed;
}

const given = process.argv.slice(2);
const results =
  given.length > 0
    ? await Promise.all(given.map((path) => check(resolve(path), path)))
    : [await checkProject()];
process.exitCode = results.every(Boolean) ? 0 : 1;
if (process.exitCode === 0) console.log('The official parser accepts every document.');
