/** permessage-deflate between the real server and a real client that compresses whatever it sends. */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import { createTradingClient } from '../generated/trading/index.js';
import { BUILD_TIMEOUT_MS, buildApp, startApp } from './appServer.js';

/** A socket that knows how many bytes came in, and how many they were once inflated. */
class CompressingSocket extends WebSocket {
  static last: CompressingSocket | undefined;
  /** Length of the messages received. */
  inflated = 0;
  private response: IncomingMessage | undefined;
  private bytesBefore = 0;

  constructor(url: string) {
    super(url, { perMessageDeflate: { threshold: 0 } });
    CompressingSocket.last = this;
    this.on('upgrade', (response) => {
      this.response = response;
      this.bytesBefore = response.socket.bytesRead;
    });
    this.on('message', (data) => {
      if (Buffer.isBuffer(data)) this.inflated += data.length;
    });
  }

  /** Bytes received since the upgrade. */
  get received(): number {
    return (this.response?.socket.bytesRead ?? 0) - this.bytesBefore;
  }
}

test(
  'both sides compress, and understand each other',
  async () => {
    const program = await buildApp('trading');
    const server = await startApp(program, [
      '--feed',
      'synthetic',
      '--bar-interval',
      '0.05',
      '--compression-threshold',
      '1B',
    ]);
    const client = createTradingClient({ url: server.url, WebSocket: CompressingSocket });
    try {
      const bars = client.bars.subscribe({ symbol: 'AAPL' });
      const updates = bars.updates();
      await expect(bars.ready).resolves.toMatchObject({ params: { symbol: 'AAPL' } });
      for (let count = 0; count < 5; count += 1) {
        await expect(updates.next()).resolves.toMatchObject({ done: false });
      }
      const socket = CompressingSocket.last;
      expect(socket?.extensions).toContain('permessage-deflate');
      expect(socket?.inflated).toBeGreaterThan(socket?.received ?? 0);
    } finally {
      client.close();
      await server.stop('SIGKILL');
    }
  },
  BUILD_TIMEOUT_MS,
);
