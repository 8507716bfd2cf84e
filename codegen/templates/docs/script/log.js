// What is seen of the connection: frames, newest first, and subscriptions.

const MOST = 500;
const LONGEST = 20000;
const seen = { rows: [], fresh: [], paused: false, total: 0, drawing: false };

function record(way, text, took = null, bad = false) {
  push({ way, text: text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text, took, bad, at: new Date() });
}

function note(text) {
  push({ way: 'meta', text, took: null, bad: false, at: new Date() });
}

function push(row) {
  seen.total += row.way === 'meta' ? 0 : 1;
  seen.fresh.push(row);
  if (seen.fresh.length > MOST) { seen.fresh.shift(); }
  if (!seen.drawing) { seen.drawing = true; requestAnimationFrame(draw); }
}

function draw() {
  seen.drawing = false;
  $('count').textContent = seen.total === 0 ? '' : String(seen.total);
  if (seen.paused) { $('pause').textContent = `Resume · ${seen.fresh.length}`; return; }
  const fresh = seen.fresh.splice(0);
  seen.rows.push(...fresh);
  seen.rows.splice(0, Math.max(0, seen.rows.length - MOST));
  const shown = fresh.filter(passes).map(row).reverse();
  $('log').prepend(...shown);
  while ($('log').childElementCount > MOST) { $('log').lastElementChild.remove(); }
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
  const print = (full) => code.replaceChildren(...(entry.way === 'meta' ? [entry.text] : full ? [highlighted(entry.text, true)] : summary(entry.text)));
  print(pretty);
  const item = el('li', { class: `${entry.way}${entry.bad ? ' bad' : ''}` });
  code.addEventListener('click', () => { if (getSelection().isCollapsed) { print(item.classList.toggle('full') || pretty); } });
  const arrow = { up: '→', down: '←', meta: '·' }[entry.way];
  const time = entry.at.toTimeString().slice(0, 8);
  const took = entry.took === null ? '' : `answered in ${entry.took.toFixed(1)} ms`;
  item.append(el('i', { class: `dir ${entry.way}` }, arrow), el('time', { title: took || entry.at.toISOString() }, time), code);
  return item;
}

// What tells frames apart at a glance: the type, then the payload.
function summary(text) {
  const type = typeOf(parse(text));
  if (typeof type !== 'string' || text.length > LONGEST) { return [highlighted(text, false)]; }
  if (composer.endpoint.envelope.body === null) { return [highlighted(text, false)]; }
  return [el('b', {}, type), ' ', text.includes(bodyMark()) ? highlighted(payloadOf(text), false) : ''];
}

function clearLog() {
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
    if (last.title !== one.last) { last.title = one.last; last.replaceChildren(highlighted(payloadOf(one.last), false)); }
    if (!item.isConnected) { list.append(item); }
  }
}

function payloadOf(text) {
  const mark = bodyMark();
  const at = text.indexOf(mark);
  return at < 0 || !isJson(text) ? text || 'nothing yet' : text.slice(at + mark.length, text.lastIndexOf('}'));
}

function bodyMark() {
  return `${JSON.stringify(composer.endpoint.envelope.body)}:`;
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
