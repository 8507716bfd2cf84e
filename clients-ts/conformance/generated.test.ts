/**
 * Generated code is code: what the generator prints is formatted and type-checks under every strict flag, for the golden
 * folders, and for documents that other people wrote or that outgrow a file.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { check, resolveConfig } from 'prettier';
import { beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const golden = join(root, 'codegen/tests/golden');
const samples = join(root, 'codegen/tests/samples');
// Below `node_modules`, so that generated imports of `bellwire` resolve as they do for a user.
const output = join(root, 'clients-ts/node_modules/.cache/bellwire-samples');
const timeoutMs = 900_000;

async function typescriptFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function unformatted(folder: string): Promise<string[]> {
  const config = await resolveConfig(join(root, 'clients-ts/prettier.config.js'));
  const found: string[] = [];
  for (const file of await typescriptFiles(folder)) {
    const text = await readFile(file, 'utf8');
    if (!(await check(text, { ...config, filepath: file }))) found.push(file);
  }
  return found;
}

describe('golden folders', () => {
  it('are formatted', { timeout: timeoutMs }, async () => {
    expect(await unformatted(golden)).toEqual([]);
  });
});

/** A document with so many errors that their types fill several files, and more values than one file takes line by line. */
function many(): string {
  const errors = ['first', 'second', 'third', 'fourth'].map((code) => `${code}: { retry: never }`);
  const requests = Array.from(
    { length: 40 },
    (_, at) => `job${String(at)}: { errors: { ${errors.join(', ')} } }`,
  );
  const words = Array.from({ length: 500 }, (_, at) => `'word number ${String(at)}'`);
  return `asyncapi: 3.0.0
info: { title: Many, version: 1.0.0 }
channels:
  many:
    address: /ws
    x-requests:
      ${requests.join('\n      ')}
components:
  schemas:
    Word: { enum: [${words.join(', ')}] }
`;
}

describe("other people's documents, and one that outgrows its files", () => {
  beforeAll(async () => {
    await rm(output, { recursive: true, force: true });
    await mkdir(output, { recursive: true });
    const documents = (await readdir(samples)).filter((name) => /\.ya?ml$/.test(name));
    expect(documents).toHaveLength(6);
    for (const document of documents) {
      const folder = join(output, document.replace(/\.ya?ml$/, ''));
      const generate = ['xtask', 'generate', join(samples, document), '--typescript', folder];
      await run('cargo', generate, { cwd: root });
    }
    const document = join(output, 'many.yaml');
    await writeFile(document, many());
    await run('cargo', ['xtask', 'generate', document, '--typescript', join(output, 'many')], { cwd: root });
    const config = {
      extends: join(root, 'clients-ts/tsconfig.base.json'),
      compilerOptions: { noEmit: true, declaration: true, isolatedDeclarations: true },
      include: ['.'],
      // Nothing below `node_modules` is included unless this list says otherwise.
      exclude: [],
    };
    await writeFile(join(output, 'tsconfig.json'), JSON.stringify(config));
    await writeFile(join(output, 'package.json'), JSON.stringify({ type: 'module' }));
    await run('npm', ['run', '--silent', 'build'], { cwd: join(root, 'clients-ts') });
  }, timeoutMs);

  it('type-check', { timeout: timeoutMs }, async () => {
    const tsc = join(root, 'clients-ts/node_modules/.bin/tsc');
    const { stdout } = await run(tsc, ['-p', output, '--listFilesOnly']);
    expect(stdout).toContain('slack-rtm/client.ts');
    expect(stdout).toContain('many/errors2.ts');
    const { stdout: mistakes } = await run(tsc, ['-p', output]).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(mistakes).toBe('');
  });

  it('are formatted', { timeout: timeoutMs }, async () => {
    expect(await unformatted(output)).toEqual([]);
  });

  it('come in files that can be read', { timeout: timeoutMs }, async () => {
    for (const file of await typescriptFiles(output)) {
      const lines = (await readFile(file, 'utf8')).split('\n').length - 1;
      expect(lines, file).toBeLessThanOrEqual(500);
    }
  });
});
