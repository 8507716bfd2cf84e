// What is seen of the connection: frames, newest first, and subscriptions.

const MOST = 500;
const LONGEST = 20000;
const LONGEST_LINE = 400;
const seen = { rows: [], fresh: [], paused: false, total: 0, drawing: false };

function record(way, text, took = null, bad = false, image = null) {
  push({ way, text: text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text, took, bad, image, at: new Date() });
}

function note(text, bad = false) {
  push({ way: 'meta', text, took: null, bad, at: new Date() });
}

function push(row) {
  seen.total += row.way === 'meta' ? 0 : 1;
  seen.fresh.push(row);
  forget(seen.fresh.splice(0, Math.max(0, seen.fresh.length - MOST)));
  if (!seen.drawing) { seen.drawing = true; requestAnimationFrame(draw); }
}

function draw() {
  seen.drawing = false;
  $('count').textContent = seen.total === 0 ? '' : String(seen.total);
  if (seen.paused) { $('pause').textContent = `Resume · ${seen.fresh.length}`; return; }
  const fresh = seen.fresh.splice(0);
  seen.rows.push(...fresh);
  forget(seen.rows.splice(0, Math.max(0, seen.rows.length - MOST)));
  const shown = fresh.filter(passes).map(row).reverse();
  $('log').prepend(...shown);
  while ($('log').childElementCount > MOST) { $('log').lastElementChild.remove(); }
}

function forget(rows) {
  for (const { image } of rows) { if (image) { URL.revokeObjectURL(image); } }
}

function passes(entry) {
  const wanted = $('log-filter').value.trim().toLowerCase();
  return wanted === '' || entry.text.toLowerCase().includes(wanted);
}

function redraw() {
  $('log').replaceChildren(...seen.rows.filter(passes).map(row).reverse());
}

function row(entry) {
  const pretty = $('pretty').getAttribute('aria-pressed') === 'true';
  const code = el('code', {});
  const print = (full) => code.replaceChildren(...(entry.way === 'meta' ? [entry.text] : full ? whole(entry.text) : summary(entry.text)));
  print(pretty);
  const item = el('li', { class: `${entry.way}${entry.bad ? ' bad' : ''}` });
  code.addEventListener('click', () => { if (getSelection().isCollapsed) { print(item.classList.toggle('full') || pretty); } });
  const arrow = { up: '→', down: '←', meta: '·' }[entry.way];
  const time = entry.at.toTimeString().slice(0, 8);
  const took = entry.took === null ? '' : `answered in ${entry.took.toFixed(1)} ms`;
  item.append(el('i', { class: `dir ${entry.way}` }, arrow), el('time', { title: took || entry.at.toISOString() }, time), code);
  if (entry.image) { item.append(el('img', { src: entry.image, alt: 'The answer' })); }
  return item;
}

// Behind a request or a status over plain HTTP stands JSON.
const HTTP_HEAD = /^(?:\d{3}|[A-Z]+ \S+)(?= [{[])/;

function whole(text) {
  const [head] = HTTP_HEAD.exec(text) ?? [];
  return head === undefined ? [highlighted(text, true)] : [el('b', {}, head), ' ', highlighted(text.slice(head.length + 1), true)];
}

// What tells frames apart at a glance: the type, then the payload, or where there is none the other members.
function summary(text) {
  const [head] = HTTP_HEAD.exec(text) ?? [];
  if (head !== undefined) { return [el('b', {}, head), ' ', inOneLine(text.slice(head.length + 1))]; }
  const members = membersOf(text);
  const { tag, clientTag } = composer.endpoint.envelope;
  const at = [tag, clientTag].find((key) => members.get(key)?.startsWith('"'));
  if (at === undefined) { return [highlighted(text, false)]; }
  const name = parse(members.get(at)) ?? members.get(at);
  return [el('b', {}, name), ' ', inOneLine(payloadOf(text))];
}

function inOneLine(text) {
  return highlighted(text.slice(0, LONGEST_LINE), false, text.length > LONGEST_LINE);
}

// The members of an object, each as text, so that no digit is lost; of a text that was cut off those that came.
function membersOf(text) {
  const members = new Map();
  if (!text.startsWith('{')) { return members; }
  let depth = 0;
  let key = null;
  for (const token of text.match(TOKEN) ?? []) {
    if ('}]'.includes(token)) { depth -= 1; }
    if (depth === 1 && token === ',') { key = null; } else if (depth === 1 && key === null) { key = token[0] === '"' ? parse(token) ?? token : token; members.set(key, ''); } else if (key !== null && depth > 0 && !(depth === 1 && token === ':' && members.get(key) === '')) { members.set(key, members.get(key) + token); }
    if ('{['.includes(token)) { depth += 1; }
  }
  return members;
}

function clearLog() {
  forget([...seen.rows, ...seen.fresh]);
  seen.rows = [];
  seen.fresh = [];
  seen.total = 0;
  $('log').replaceChildren();
  $('count').textContent = '';
}

function setPaused(paused) {
  seen.paused = paused;
  $('pause').setAttribute('aria-pressed', String(paused));
  $('pause').textContent = paused ? 'Resume' : 'Pause';
  draw();
}

function renderSubscriptions() {
  const held = [...link.subscriptions.values()];
  $('held').textContent = held.length === 0 ? '' : String(held.length);
  if ($('panel-subs').hidden) { return; }
  const list = $('subs');
  const known = new Map([...list.children].map((item) => [item.dataset.topic, item]));
  for (const [topic, item] of known) { if (!link.subscriptions.has(topic)) { item.remove(); } }
  for (const one of held) {
    const item = known.get(one.topic) ?? subscriptionRow(one);
    item.querySelector('.rate').textContent = `${one.rate.toFixed(1)} /s · ${one.count}`;
    const last = item.querySelector('code');
    if (last.title !== one.last) { last.title = one.last; last.replaceChildren(one.last === '' ? 'nothing yet' : highlighted(payloadOf(one.last), false)); }
    if (!item.isConnected) { list.append(item); }
  }
}

// The payload's text; where a frame has none, that of the members beside its type.
function payloadOf(text) {
  const members = membersOf(text);
  const { tag, clientTag, body } = composer.endpoint.envelope;
  if (body !== null && members.has(body)) { return members.get(body); }
  members.delete(members.has(tag) ? tag : clientTag);
  return members.size === 0 ? '' : `{${[...members].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

function subscriptionRow(one) {
  const drop = el('button', { type: 'button', class: 'drop', onclick: () => unsubscribe(one) }, 'unsubscribe');
  return el('li', { 'data-topic': one.topic }, el('div', { class: 'row' }, el('b', {}, one.topic), el('span', { class: 'rate', title: 'frames per second, values in all' }), drop), el('code', {}));
}

setInterval(() => {
  for (const one of link.subscriptions.values()) {
    one.rate = one.rate === 0 ? one.recent : one.rate * 0.6 + one.recent * 0.4;
    if (one.rate < 0.05) { one.rate = 0; }
    one.recent = 0;
  }
  renderSubscriptions();
}, 1000);
