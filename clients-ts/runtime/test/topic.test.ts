import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ParamShape } from '../src/contract.js';
import { parseJson } from '../src/json.js';
import { canonicalTopic } from '../src/topic.js';

interface Vector {
  readonly name: string;
  readonly route: string;
  readonly shape: ParamShape;
  readonly params: unknown;
  readonly topic: string;
}

const file = new URL('../../../tests/vectors/topics.json', import.meta.url);
const vectors = parseJson(readFileSync(file, 'utf8')) as Vector[];

test.each(vectors)('$name', ({ route, shape, params, topic }) => {
  expect(canonicalTopic(route, params, shape)).toBe(topic);
});

test('what JSON cannot say counts as absent', () => {
  const shape = { a: { default: 1 }, b: {} };
  expect(canonicalTopic('t', { a: undefined, b: { x: undefined } }, shape)).toBe('t:{"a":1,"b":{}}');
  expect(canonicalTopic('t', undefined, shape)).toBe('t:{"a":1,"b":""}');
});
