import { expect, test } from 'vitest';
import { parseJson, stringifyJson } from '../src/json.js';

test.each([
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', 9007199254740993n],
  ['-9007199254740993', -9007199254740993n],
  ['[18446744073709551615,1]', [18446744073709551615n, 1]],
  ['{"9007199254740993":"9007199254740993"}', { '9007199254740993': '9007199254740993' }],
  ['{"a":"\\"9007199254740993","b":9007199254740993}', { a: '"9007199254740993', b: 9007199254740993n }],
  ['"bigint9007199254740993"', 'bigint9007199254740993'],
  ['1234567890.1234567890123456', 1234567890.1234567],
  ['1e30', 1e30],
  ['12345678901234567e3', 12345678901234567e3],
  ['0000000000000001.5'.slice(15), 1.5],
])('%s', (text, value) => {
  expect(parseJson(text)).toEqual(value);
});

test('a string of any length beside a long number', () => {
  const text = 'x'.repeat(2 ** 24);
  expect(parseJson(`{"a":"${text}","b":9007199254740993}`)).toEqual({ a: text, b: 9007199254740993n });
});

test.each([
  '01234567890123456789',
  '[9007199254740993',
  '{"a":9007199254740993,}',
  '12345678901234567.',
  '--12345678901234567',
])('refuses %s like JSON.parse', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError);
});

test('writes what it reads', () => {
  const text = '{"id":9007199254740993,"list":[-9223372036854775808],"s":"9007199254740993","n":1.5}';
  expect(stringifyJson(parseJson(text))).toBe(text);
});

test('a cycle is refused', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  expect(() => stringifyJson(cycle)).toThrow(TypeError);
});
