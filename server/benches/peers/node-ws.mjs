// The benchmark API on `ws` and Node.js: a set of sockets per topic, each update stringified once.
// Run as `node node-ws.mjs --port P`.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const at = process.argv.indexOf('--port');
const port = at < 0 ? 8000 : Number(process.argv[at + 1]);
const topics = new Map();

function topicOf({ symbol, resolution }) {
  return `bars:${JSON.stringify({ resolution, symbol })}`;
}

function publish({ symbol, resolution, ...payload }) {
  const topic = topicOf({ symbol, resolution });
  const subscribers = topics.get(topic);
  if (subscribers === undefined) return;
  const update = Buffer.from(JSON.stringify({ type: 'bars.update', topic, payload }));
  for (const socket of subscribers) socket.send(update, { binary: false });
}

function reply(socket, message, payload) {
  socket.send(JSON.stringify({ type: `${message.type}.response`, id: message.id, payload }));
}

const http = createServer((request, response) => {
  if (request.method !== 'POST' || request.url !== '/publish') {
    response.writeHead(404).end();
    return;
  }
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    publish(JSON.parse(Buffer.concat(parts).toString()));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
});

const server = new WebSocketServer({
  server: http,
  path: '/ws',
  // Replies are short and go plain, as the other servers send them.
  perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 512 },
});

server.on('connection', (socket) => {
  const held = new Set();
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    switch (message.type) {
      case 'publish':
        publish(message.payload);
        break;
      case 'echo':
        reply(socket, message, { status: 'ok', result: message.payload });
        break;
      case 'bars.subscribe': {
        const topic = topicOf(message.payload);
        let subscribers = topics.get(topic);
        if (subscribers === undefined) topics.set(topic, (subscribers = new Set()));
        subscribers.add(socket);
        held.add(topic);
        reply(socket, message, { status: 'ok', ...message.payload, topic });
        break;
      }
      case 'bars.unsubscribe': {
        const topic = topicOf(message.payload);
        topics.get(topic)?.delete(socket);
        held.delete(topic);
        reply(socket, message, { status: 'ok', ...message.payload, topic });
        break;
      }
    }
  });
  socket.on('close', () => held.forEach((topic) => topics.get(topic)?.delete(socket)));
  socket.on('error', () => socket.terminate());
});

http.listen(port, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${http.address().port}`));
