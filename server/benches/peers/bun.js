// The benchmark API on Bun's own server: uWebSockets and its `publish`.
// Run as `bun bun.js --port P`.

const at = process.argv.indexOf('--port');
const port = at < 0 ? 8000 : Number(process.argv[at + 1]);

function topicOf({ symbol, resolution }) {
  return `bars:${JSON.stringify({ resolution, symbol })}`;
}

function publish({ symbol, resolution, ...payload }) {
  const topic = topicOf({ symbol, resolution });
  server.publish(topic, JSON.stringify({ type: 'bars.update', topic, payload }), true);
}

function reply(socket, message, payload) {
  socket.send(JSON.stringify({ type: `${message.type}.response`, id: message.id, payload }));
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port,
  async fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (pathname === '/ws' && server.upgrade(request)) return undefined;
    if (pathname !== '/publish') return new Response('not found', { status: 404 });
    publish(await request.json());
    return Response.json({});
  },
  websocket: {
    perMessageDeflate: { compress: 'shared', decompress: false },
    idleTimeout: 0,
    maxPayloadLength: 16 * 1024 * 1024,
    message(socket, text) {
      const message = JSON.parse(text);
      switch (message.type) {
        case 'publish':
          publish(message.payload);
          break;
        case 'echo':
          reply(socket, message, { status: 'ok', result: message.payload });
          break;
        case 'bars.subscribe': {
          const topic = topicOf(message.payload);
          socket.subscribe(topic);
          reply(socket, message, { status: 'ok', ...message.payload, topic });
          break;
        }
        case 'bars.unsubscribe': {
          const topic = topicOf(message.payload);
          socket.unsubscribe(topic);
          reply(socket, message, { status: 'ok', ...message.payload, topic });
          break;
        }
      }
    },
  },
});

console.log(`listening on 127.0.0.1:${server.port}`);
