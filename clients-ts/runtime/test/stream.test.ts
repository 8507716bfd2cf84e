import { expect, test, vi } from 'vitest';
import { createStream } from '../src/stream.js';

const over = { done: true, value: undefined };

test('values wait for the reader, and the reader for values', async () => {
  const { stream, push } = createStream<number>(10, () => undefined);
  push(1);
  await expect(stream.next()).resolves.toEqual({ done: false, value: 1 });
  const [second, third] = [stream.next(), stream.next()];
  push(2);
  push(3);
  await expect(Promise.all([second, third])).resolves.toEqual([
    { done: false, value: 2 },
    { done: false, value: 3 },
  ]);
});

test('a slow reader loses the oldest values and can see it', async () => {
  const { stream, push, end } = createStream<number>(2, () => undefined);
  for (const value of [1, 2, 3, 4]) push(value);
  end();
  push(5);
  const seen: number[] = [];
  for await (const value of stream) seen.push(value);
  expect(seen).toEqual([3, 4]);
  expect(stream.dropped).toBe(2);
});

test('an error comes after the values, once', async () => {
  const { stream, push, end } = createStream<number>(2, () => undefined);
  push(1);
  end(new Error('gone'));
  await expect(stream.next()).resolves.toEqual({ done: false, value: 1 });
  await expect(stream.next()).rejects.toThrow('gone');
  await expect(stream.next()).resolves.toEqual(over);
});

test('waiting readers are told of the end', async () => {
  const { stream, end } = createStream<number>(2, () => undefined);
  const waiting = [stream.next(), stream.next()];
  end();
  await expect(Promise.all(waiting)).resolves.toEqual([over, over]);
});

test('leaving early stops the source and drops what it held', async () => {
  const onStop = vi.fn();
  const { stream, push } = createStream<number>(2, onStop);
  push(1);
  push(2);
  for await (const value of stream) {
    expect(value).toBe(1);
    break;
  }
  expect(onStop).toHaveBeenCalledOnce();
  await expect(stream.next()).resolves.toEqual(over);
});
