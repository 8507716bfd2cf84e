// Requests over plain HTTP: members of the payload go into path, query and body.

function httpOrigin(given) {
  return /^https?:$/.test(location.protocol) && location.pathname.endsWith('/asyncapi') ? location.origin : given;
}

function httpRequest(http, payload) {
  const rest = { ...payload };
  const text = (value) => Array.isArray(value) ? value.join(',') : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const path = http.path.replace(/\{([^}]+)\}/g, (_, name) => { const value = rest[name]; delete rest[name]; return encodeURIComponent(text(value ?? '')); });
  const query = new URLSearchParams();
  for (const name of http.query) { if (rest[name] !== undefined && rest[name] !== null) { query.set(name, text(rest[name])); } }
  const url = `${httpOrigin(http.origin)}${path}${query.size > 0 ? `?${query}` : ''}`;
  const body = http.body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(rest) } : {};
  return { url, init: { method: http.method, ...body } };
}

async function sendOverHttp({ http }) {
  const written = payloadText();
  const { url, init } = httpRequest(http, written === null ? {} : parse(written) ?? {});
  const started = performance.now();
  record('up', `${http.method} ${url}${init.body ? ` ${init.body}` : ''}`);
  try {
    const answer = await fetch(url, init);
    const type = answer.headers.get('content-type') ?? '';
    const body = type.includes('json') || type.startsWith('text/') ? await answer.text() : `[${type || 'nothing'}, ${(await answer.arrayBuffer()).byteLength} bytes]`;
    record('down', `${answer.status} ${body}`, performance.now() - started, !answer.ok);
  } catch (error) { record('down', `${http.method} ${url}: ${error.message}`, performance.now() - started, true); }
}
