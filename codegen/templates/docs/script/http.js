// Requests over plain HTTP: members of the payload go into path, query and body, each as the text it was written as.

// Where the server of this page answers: its origin, and what a proxy puts before its paths.
function httpBase() {
  return location.origin + ownPlace().prefix;
}

// A request, or the problem for which there is none: what arrives has to be what was written.
function httpRequest({ http, schema }, written) {
  const wrong = (pointer, message) => ({ problem: { pointer, message } });
  if (written !== null && !isJson(written)) { return wrong('', 'is not JSON'); }
  const text = written === null ? '{}' : compact(written);
  const named = [...http.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  if (!text.startsWith('{') && !(http.body && named.length === 0)) { return wrong('', 'is not an object'); }
  const members = membersOf(text);
  const inPath = new Map(named.map((name) => [name, segment(members.get(name), memberSchema(schema, name).default)]));
  for (const [name, value] of inPath) { if (value === '') { return wrong(`/${name}`, 'is missing, or cannot stand in a path'); } }
  const path = http.path.replace(/\{([^}]+)\}/g, (_, name) => inPath.get(name));
  if (path.split('/').some((part) => part === '.' || part === '..')) { return wrong(path, 'leads to another path'); }
  const rest = [...members].filter(([name]) => !inPath.has(name));
  const pairs = http.body ? '' : queryOf(rest, http.lists).toString();
  const body = named.length === 0 ? text : `{${rest.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
  return { target: path + (pairs ? `?${pairs}` : ''), body: http.body ? body : undefined };
}

function memberSchema(schema, name) {
  const properties = flat(schema ?? {}).properties ?? {};
  return Object.hasOwn(properties, name) ? flat(properties[name]) : {};
}

// A member as part of a path; the empty text where it cannot be.
function segment(given, fallback) {
  const text = given === undefined || given === 'null' ? JSON.stringify(fallback ?? '') : given;
  // Half a character has no encoding.
  try { return encodeURIComponent(plain(text)); } catch { return ''; }
}

function queryOf(members, lists) {
  const query = new URLSearchParams();
  for (const [name, text] of members) {
    if (text === 'null') { continue; }
    const items = text.startsWith('[') && lists !== 'json' ? itemsOf(text) : [text];
    for (const item of items.length === 0 ? ['""'] : items) { query.append(name, plain(item)); }
  }
  return query;
}

// A value outside JSON: texts lose their quotes, all else stays as written.
function plain(text) {
  return text.startsWith('"') ? JSON.parse(text) : text;
}

// The entries of an array, each as text.
function itemsOf(text) {
  const items = [];
  let depth = 0;
  for (const token of text.match(TOKEN)) {
    if ('}]'.includes(token)) { depth -= 1; }
    if (depth === 1 && token === ',') { items.push(''); } else if (depth > 0) { items.push((items.pop() ?? '') + token); }
    if ('{['.includes(token)) { depth += 1; }
  }
  return items;
}

async function sendOverHttp(send) {
  const { problem, target, body } = httpRequest(send, payloadText());
  if (problem) { refuse(problem); return; }
  const { method } = send.http;
  const token = tokenGiven();
  const headers = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const started = performance.now();
  record('up', `${method} ${target}${body === undefined ? '' : ` ${body}`}`);
  try {
    const answer = await fetch(httpBase() + target, { method, headers, body });
    const type = answer.headers.get('content-type') ?? '';
    const isText = type.includes('json') || type.startsWith('text/');
    const content = isText ? await answer.text() : await answer.blob();
    const text = isText ? content : `[${type || 'nothing'}, ${content.size} bytes]`;
    record('down', `${answer.status} ${text}`, performance.now() - started, !answer.ok, type.startsWith('image/') ? URL.createObjectURL(content) : null);
  } catch (error) {
    // What the browser says may repeat the token.
    const why = token ? 'There was no answer, or the token has characters that cannot be sent.' : error.message;
    record('down', `${method} ${target}: ${why}`, performance.now() - started, true);
  }
}
