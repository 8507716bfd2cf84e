/**
 * Answers with topic strings, for the Rust test that compares both sides (`tests/tests/it/topics`): each line of the
 * input is `{"route","shape","params"}`, each line of the output the topic as a JSON string.
 *
 * Runs the sources rather than the build, which may be older than they are.
 */
import { dirname, join } from 'node:path';
import { stdin, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const { outputFiles } = await build({
  stdin: {
    contents: "export { parseJson } from './json.js'; export { canonicalTopic } from './topic.js';",
    resolveDir: join(root, 'src'),
  },
  bundle: true,
  format: 'esm',
  write: false,
  logLevel: 'error',
});
const { parseJson, canonicalTopic } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);

function answer(line) {
  const { route, shape, params } = parseJson(line);
  stdout.write(`${JSON.stringify(canonicalTopic(route, params, shape))}\n`);
}

// `readline` would also end lines at U+2028, which JSON allows inside strings.
let rest = '';
stdin.setEncoding('utf8');
for await (const chunk of stdin) {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) answer(line);
}
