import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startKeepAlive, type KeepAlive } from '../src/keepalive.js';

const log: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  log.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

function start(messagesOnly: boolean, heartbeatMs = 30_000): KeepAlive {
  return startKeepAlive({
    heartbeatMs,
    messagesOnly,
    ping: () => log.push('ping'),
    onSilence: () => log.push('silence'),
  });
}

test('pings go out at a third of the heartbeat, whatever else is said', () => {
  const keepAlive = start(true);
  for (let round = 1; round <= 10; round += 1) {
    vi.advanceTimersByTime(9_999);
    expect(log).toHaveLength(round - 1);
    keepAlive.heard();
    vi.advanceTimersByTime(1);
    expect(log).toHaveLength(round);
    keepAlive.heard();
    keepAlive.pong();
  }
  expect(new Set(log)).toEqual(new Set(['ping']));
});

test('where anything counts, a server that talks is not pinged', () => {
  const keepAlive = start(false);
  for (let round = 0; round < 10; round += 1) {
    keepAlive.heard();
    vi.advanceTimersByTime(10_000);
  }
  expect(log).toEqual([]);
  vi.advanceTimersByTime(10_000);
  expect(log).toEqual(['ping']);
});

test.each([Infinity, 2 ** 33])('a heartbeat longer than timers know, %d ms, is no hurry', (heartbeatMs) => {
  start(true, heartbeatMs);
  vi.advanceTimersByTime(24 * 60 * 60 * 1000);
  expect(log).toEqual([]);
});

test('a server that says nothing for a third after a ping is gone', () => {
  start(true);
  vi.advanceTimersByTime(19_999);
  expect(log).toEqual(['ping']);
  vi.advanceTimersByTime(1);
  expect(log).toEqual(['ping', 'silence']);
});

test('any message is a sign of life, even if the pong is late', () => {
  const keepAlive = start(true);
  vi.advanceTimersByTime(10_000);
  keepAlive.heard();
  vi.advanceTimersByTime(10_000);
  expect(log).toEqual(['ping', 'ping']);
});

test('a process that slept asks before it judges', () => {
  start(true);
  vi.advanceTimersByTime(10_000);
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(10_000);
  expect(log).toEqual(['ping', 'ping']);
  vi.advanceTimersByTime(10_000);
  expect(log).toEqual(['ping', 'ping', 'silence']);
});

test('a probe pings at once, but not twice', () => {
  const keepAlive = start(false);
  keepAlive.probe();
  keepAlive.probe();
  expect(log).toEqual(['ping']);
});

test('stops without a trace', () => {
  start(true).stop();
  expect(vi.getTimerCount()).toBe(0);
});
