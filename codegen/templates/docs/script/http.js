// Requests over plain HTTP: members of the payload go into path, query and body.

function httpOrigin(given) {
  return /^https?:$/.test(location.protocol) && location.pathname.endsWith('/asyncapi') ? location.origin : given;
}

function httpRequest(http, payload) {
  const rest = { ...payload };
  const text = (value) => Array.isArray(value) ? value.join(',') : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const path = http.path.replace(/\{([^}]+)\}/g, (_, name) => { const value = rest[name]; delete rest[name]; return encodeURIComponent(text(value ?? '')); });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(http.body ? {} : rest)) { if (value !== undefined && value !== null) { query.set(name, text(value)); } }
  const pairs = query.toString();
  const url = `${httpOrigin(http.origin)}${path}${pairs ? `?${pairs}` : ''}`;
  const token = tokenGiven();
  const headers = { ...(http.body ? { 'content-type': 'application/json' } : {}), ...(token ? { authorization: `Bearer ${token}` } : {}) };
  return { url, init: { method: http.method, headers, ...(http.body ? { body: JSON.stringify(rest) } : {}) } };
}

async function sendOverHttp({ http }) {
  const written = payloadText();
  const { url, init } = httpRequest(http, written === null ? {} : parse(written) ?? {});
  const started = performance.now();
  record('up', `${http.method} ${url.slice(httpOrigin(http.origin).length)}${init.body ? ` ${init.body}` : ''}`);
  try {
    const answer = await fetch(url, init);
    const type = answer.headers.get('content-type') ?? '';
    const isText = type.includes('json') || type.startsWith('text/');
    const body = isText ? await answer.text() : await answer.blob();
    const text = isText ? body : `[${type || 'nothing'}, ${body.size} bytes]`;
    record('down', `${answer.status} ${text}`, performance.now() - started, !answer.ok, type.startsWith('image/') ? URL.createObjectURL(body) : null);
  } catch (error) { record('down', `${http.method} ${url}: ${error.message}`, performance.now() - started, true); }
}
