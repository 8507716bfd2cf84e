// The connection: one socket, its requests in flight and its subscriptions.

const link = { socket: null, token: '', next: 1, pending: new Map(), subscriptions: new Map(), keepAlive: 0, waiting: [] };

// Whether this page comes from the server that it describes, and not from a disk or another place.
function isServed() {
  return /^https?:$/.test(location.protocol) && location.pathname.endsWith('/asyncapi');
}

// The address below which a server hosts this page, and what a proxy puts before it.
function ownPlace() {
  const base = location.pathname.slice(0, -'/asyncapi'.length);
  const addresses = DATA.endpoints.map((one) => one.address.replace(/\/$/, '')).filter((address) => base.endsWith(address));
  const own = Math.max(...addresses.map((address) => address.length));
  return { base, prefix: addresses.length === 0 ? '' : base.slice(0, base.length - own) };
}

function defaultUrl(endpoint) {
  if (!isServed()) { return DATA.origin + endpoint.address; }
  const { base, prefix } = ownPlace();
  const path = DATA.endpoints.length === 1 ? base || '/' : prefix + endpoint.address;
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
}

function isOpen() {
  return link.socket?.readyState === WebSocket.OPEN;
}

// The token that was typed in, where the document speaks of any. It is kept in that field and nowhere else.
function tokenGiven() {
  return composer.endpoint.auth ? $('token').value.trim() : '';
}

function opened(url) {
  const token = tokenGiven();
  if (token && $('by').value === 'subprotocol') { return new WebSocket(url, [composer.endpoint.subprotocol, `bellwire.bearer.${token}`]); }
  if (!token || $('by').value !== 'query') { return new WebSocket(url); }
  const address = new URL(url);
  address.searchParams.set(composer.endpoint.auth.query, token);
  return new WebSocket(address);
}

// Says who this is on a connection that is open: at its beginning, or with a new token later.
function authenticate() {
  const token = tokenGiven();
  if (!token || token === link.token || !isOpen() || !composer.endpoint.auth.message) { return; }
  link.token = token;
  transmit(wrapped('authenticate', nextId(), JSON.stringify({ token })));
}

function nextId() {
  link.next += 1;
  return String(link.next - 1);
}

// A frame as the page shows it: without the token.
function masked(frame) {
  const token = tokenGiven();
  const shown = token ? frame.replaceAll(JSON.stringify(token), '"•••"') : frame;
  return parse(frame)?.[composer.endpoint.envelope.clientTag] === 'authenticate' ? shown.replace(/("token"\s*:\s*")(?:[^"\\]|\\.)*"/, '$1•••"') : shown;
}

function connect() {
  const url = $('url').value.trim();
  $('closed').hidden = true;
  setState('busy', 'Connecting…');
  let socket = null;
  try { socket = opened(url); } catch (error) {
    setState('lost', 'Not connected');
    // What the browser says may repeat the token.
    notice(tokenGiven() ? 'The address is none, or the token has characters that cannot be sent this way.' : error.message, false);
    link.waiting = [];
    return;
  }
  link.socket = socket;
  link.token = $('by').value === 'message' ? '' : tokenGiven();
  const started = performance.now();
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('open', () => {
    setState('open', 'Connected');
    note(`Connected to ${url} in ${Math.round(performance.now() - started)} ms`);
    if (composer.endpoint.keepAlive) { link.keepAlive = setInterval(() => transmit(wrapped('ping', null, null)), composer.endpoint.heartbeatMs * 0.6); }
    authenticate();
    for (const frame of link.waiting.splice(0)) { transmit(frame); }
  });
  socket.addEventListener('message', ({ data }) => receive(typeof data === 'string' ? data : `[binary, ${data.byteLength} bytes]`));
  socket.addEventListener('close', (event) => { if (link.socket === socket) { closed(event); } });
}

function disconnect() {
  link.socket?.close(1000);
}

function closed(event) {
  clearInterval(link.keepAlive);
  link.socket = null;
  link.pending.clear();
  link.subscriptions.clear();
  link.waiting = [];
  $('latency').textContent = '';
  setState(event.code === 1000 ? '' : 'lost', 'Not connected');
  const { text, calm } = explain(event);
  note(text);
  if (event.code !== 1000) { notice(text, calm); }
  renderSubscriptions();
}

function explain({ code, reason }) {
  const start = (close) => close.reason.split('{')[0];
  const same = composer.endpoint.closes.filter((close) => close.code === code);
  const known = same.find((close) => reason.startsWith(start(close))) ?? (same.length === 1 ? same[0] : undefined);
  const said = reason ? ` “${reason}”` : '';
  if (known) {
    const next = { never: 'The same again would fail again.', later: 'Come back after a pause.', now: 'Come back at once.' }[known.retry];
    return { text: `Closed ${code} ${known.condition}${said}. ${known.description ? `${known.description} ` : ''}${next}`, calm: known.retry !== 'never' };
  }
  if (code === 1000) { return { text: 'Closed 1000 by this page.', calm: true }; }
  if (code === 1006) { return { text: 'Closed 1006. The connection was refused or lost; the browser does not say why. Is the server running at this address?', calm: false }; }
  return { text: `Closed ${code}${said}. This code is not in the document.`, calm: false };
}

function send() {
  if (!composer.send) { return; }
  validate();
  if (composer.send.http) { sendOverHttp(composer.send); return; }
  if (link.socket && link.socket.readyState >= WebSocket.CLOSING) { refuse({ pointer: 'connection', message: 'is being closed' }); return; }
  const frame = frameToSend(nextId());
  if (isOpen()) { transmit(frame); return; }
  link.waiting.push(frame);
  if (!link.socket) { connect(); }
}

function transmit(frame) {
  if (!isOpen()) { return; }
  const parsed = parse(frame);
  if (parsed?.id !== undefined) { link.pending.set(String(parsed.id), performance.now()); }
  link.socket.send(frame);
  record('up', masked(frame));
}

function receive(text) {
  const frame = parse(text);
  const asked = frame?.id === undefined ? undefined : link.pending.get(String(frame.id));
  let took = null;
  if (asked !== undefined) {
    took = performance.now() - asked;
    link.pending.delete(String(frame.id));
    $('latency').textContent = `${took < 10 ? took.toFixed(1) : Math.round(took)} ms`;
  }
  const bad = typeOf(frame) === 'error' || bodyOf(frame)?.status === 'error';
  record('down', text, took, bad);
  if (frame && typeof frame === 'object') { follow(frame, text); }
}

function follow(frame, text) {
  const type = String(typeOf(frame) ?? '');
  const payload = bodyOf(frame);
  const topic = frame.topic ?? payload?.topic;
  if (type.endsWith('.subscribe.response') && payload?.status === 'ok') {
    const held = { topic, route: type.slice(0, -'.subscribe.response'.length), params: payload, count: 0, recent: 0, rate: 0, last: '' };
    if (!link.subscriptions.has(topic)) { link.subscriptions.set(topic, held); }
    renderSubscriptions();
  } else if (type.endsWith('.unsubscribe.response') && payload?.status === 'ok') {
    link.subscriptions.delete(topic);
    renderSubscriptions();
  } else if (type === 'authenticate.response' && payload?.status === 'ok') {
    $('closed').hidden = true;
  } else if (type === 'closing') {
    const advice = payload?.condition === 'token-expired' ? 'A new token in the field above averts it.' : `Retry ${payload?.retry}.`;
    notice(`The server is about to close: ${payload?.code} ${payload?.condition}. ${advice}`, true);
  } else if (link.subscriptions.has(frame.topic)) {
    const held = link.subscriptions.get(frame.topic);
    held.count += frame.conflated ?? 1;
    held.recent += 1;
    held.last = text;
  }
}

function unsubscribe(held) {
  const { status, message, topic, ...params } = held.params;
  transmit(wrapped(`${held.route}.unsubscribe`, nextId(), JSON.stringify(params)));
}

// A frame in the endpoint's envelope; `payload` is JSON text, or null where there is none.
function wrapped(tag, id, payload) {
  const { clientTag, body } = composer.endpoint.envelope;
  const mark = id === null ? '' : `,"id":${JSON.stringify(id)}`;
  const members = payload === null ? '' : body === null ? payload.trim().slice(1, -1).trim() : `${JSON.stringify(body)}:${payload}`;
  return `{${JSON.stringify(clientTag)}:${JSON.stringify(tag)}${mark}${members ? `,${members}` : ''}}`;
}

function typeOf(frame) {
  return frame?.[composer.endpoint.envelope.tag];
}

function bodyOf(frame) {
  const { body } = composer.endpoint.envelope;
  return body === null ? frame : frame?.[body];
}

function parse(text) {
  try { return JSON.parse(text); } catch { return undefined; }
}
