// Wiring.

function setState(kind, text) {
  for (const dot of document.querySelectorAll('[data-dot]')) { dot.className = `dot ${kind}`; }
  $('state').textContent = text;
  $('toggle').textContent = kind === 'open' || kind === 'busy' ? 'Disconnect' : 'Connect';
}

function notice(text, calm) {
  $('closed').hidden = false;
  $('closed').className = calm ? 'notice calm' : 'notice';
  $('closed').textContent = text;
}

function openConsole(open) {
  document.body.classList.toggle('console-open', open);
  $('open-console').setAttribute('aria-expanded', String(open));
}

function pickEndpoint(id) {
  composer.endpoint = DATA.endpoints.find((one) => one.id === id) ?? DATA.endpoints[0];
  $('endpoint').value = composer.endpoint.id;
  $('url').value = defaultUrl(composer.endpoint);
  const { auth, sends } = composer.endpoint;
  $('auth').hidden = !auth;
  const ways = [['subprotocol', 'as subprotocol'], ['query', 'in the query'], ...(auth?.message ? [['message', 'as first message']] : [])];
  $('by').replaceChildren(...ways.map(([value, text]) => el('option', { value }, text)));
  $('tab-subs').hidden = !sends.some((send) => send.group === 'Subscribe');
  pickTab('log');
  fillMessages();
}

function attempt(button) {
  const [endpoint, ...rest] = button.dataset.try.split('|');
  if (composer.endpoint.id !== endpoint) { disconnect(); pickEndpoint(endpoint); }
  choose(rest.join('|'));
  openConsole(true);
  ($('fields').hidden ? $('editor') : $('fields').querySelector('input, select, textarea'))?.focus();
}

function pickTab(name) {
  for (const one of ['log', 'subs']) {
    $(`tab-${one}`).setAttribute('aria-selected', String(one === name));
    $(`tab-${one}`).tabIndex = one === name ? 0 : -1;
    $(`panel-${one}`).hidden = one !== name;
  }
  renderSubscriptions();
}

// Plain HTTP is for the page's own server: its policy names no other, and no other would answer a strange page.
function leaveOutHttp() {
  for (const one of DATA.endpoints) { one.sends = one.sends.filter((send) => !send.http); }
  const known = new Set(DATA.endpoints.flatMap((one) => one.sends.map((send) => `${one.id}|${send.tag}`)));
  for (const button of document.querySelectorAll('[data-try]')) { if (!known.has(button.dataset.try)) { button.remove(); } }
}

function setUpConsole() {
  if (!isServed()) { leaveOutHttp(); }
  const list = $('endpoint');
  list.hidden = DATA.endpoints.length < 2;
  list.append(...DATA.endpoints.map((one) => el('option', { value: one.id }, `${one.id} ${one.address}`)));
  list.addEventListener('change', () => { disconnect(); pickEndpoint(list.value); });
  $('connect').addEventListener('submit', (event) => { event.preventDefault(); if (link.socket) { disconnect(); } else { connect(); } });
  $('token').addEventListener('change', authenticate);
  $('token').addEventListener('keydown', (event) => { if (event.key === 'Enter' && link.socket) { event.preventDefault(); authenticate(); } });
  $('compose').addEventListener('submit', (event) => { event.preventDefault(); send(); });
  $('compose').addEventListener('input', (event) => { if (event.target.id !== 'what') { validate(); } });
  $('compose').addEventListener('keydown', (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); send(); } });
  $('what').addEventListener('change', () => choose($('what').value));
  $('as-form').addEventListener('click', () => switchEditor(true));
  $('as-json').addEventListener('click', () => switchEditor(false));
  $('reset').addEventListener('click', resetEditor);
  $('pause').addEventListener('click', () => setPaused(!seen.paused));
  $('clear').addEventListener('click', clearLog);
  $('log-filter').addEventListener('input', redraw);
  $('pretty').addEventListener('click', () => {
    const on = $('pretty').getAttribute('aria-pressed') !== 'true';
    $('pretty').setAttribute('aria-pressed', String(on));
    $('log').classList.toggle('pretty', on);
    redraw();
  });
  for (const name of ['log', 'subs']) { $(`tab-${name}`).addEventListener('click', () => pickTab(name)); }
  document.querySelector('.tabs').addEventListener('keydown', (event) => {
    if (!['ArrowLeft', 'ArrowRight'].includes(event.key)) { return; }
    const other = $('panel-log').hidden || $('tab-subs').hidden ? 'log' : 'subs';
    pickTab(other);
    $(`tab-${other}`).focus();
  });
  $('open-console').addEventListener('click', () => openConsole(!document.body.classList.contains('console-open')));
  $('close-console').addEventListener('click', () => { openConsole(false); $('open-console').focus(); });
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') { openConsole(false); toggleMenu(false); } });
  for (const button of document.querySelectorAll('[data-try]')) { button.addEventListener('click', () => attempt(button)); }
  for (const code of document.querySelectorAll('[data-url]')) {
    const endpoint = DATA.endpoints.find((one) => one.address === code.dataset.url);
    if (endpoint) { code.textContent = defaultUrl(endpoint); }
  }
}

setUpTheme();
setUpContents();
setUpCode();
if (DATA.endpoints.length > 0) { setUpConsole(); pickEndpoint(DATA.endpoints[0].id); } else { $('console').hidden = true; }
