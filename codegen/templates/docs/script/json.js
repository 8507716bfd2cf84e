// JSON as text: printing keeps every digit of a number, because it never becomes one.

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;

function highlighted(text, pretty, isCut = false) {
  const out = document.createDocumentFragment();
  const tokens = isCut || isJson(text) ? text.match(TOKEN) : null;
  if (!tokens) { out.append(text); return out; }
  let depth = 0;
  const newline = () => out.append('\n' + '  '.repeat(depth));
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    const before = tokens[index - 1];
    if ('}]'.includes(token)) {
      depth -= 1;
      if (pretty && !'{['.includes(before)) { newline(); }
      out.append(token);
    } else if ('{['.includes(token)) {
      out.append(token);
      depth += 1;
      if (pretty && !'}]'.includes(next)) { newline(); }
    } else if (token === ',') {
      out.append(token);
      if (pretty) { newline(); } else { out.append(' '); }
    } else if (token === ':') {
      out.append(': ');
    } else {
      out.append(el('span', { class: tokenClass(token, next) }, token));
    }
  });
  return out;
}

function tokenClass(token, next) {
  if (token[0] === '"') { return next === ':' ? 'k' : 's'; }
  return /^[tfn]/.test(token) ? 'l' : 'n';
}

function isJson(text) {
  try { JSON.parse(text); return true; } catch { return false; }
}

function prettyText(text) {
  const box = document.createElement('div');
  box.append(highlighted(text, true));
  return box.textContent;
}

// A light check against a schema, enough to catch slips before the server does. Not a validator: what it does not
// know it lets pass.
function resolve(schema) {
  let current = schema;
  for (let hops = 0; current?.$ref && hops < 16; hops += 1) {
    const path = current.$ref.replace('#/components/schemas/', '').split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    current = path.reduce((node, key) => node?.[key], DATA.schemas);
  }
  return current ?? {};
}

// The same with `allOf` folded in: what a form is built from.
function flat(given, depth = 0) {
  const schema = resolve(given);
  if (!schema.allOf || depth > 8) { return schema; }
  const arms = schema.allOf.map((arm) => flat(arm, depth + 1));
  const merged = Object.assign({}, ...arms, schema);
  const all = [...arms, schema];
  merged.required = all.flatMap((arm) => arm.required ?? []);
  if (all.some((arm) => arm.properties)) { merged.properties = Object.assign({}, ...all.map((arm) => arm.properties ?? {})); }
  delete merged.allOf;
  return merged;
}

const KIND = {
  object: (value) => value !== null && typeof value === 'object' && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};

function check(value, given, pointer = '', depth = 0) {
  const schema = resolve(given);
  if (depth > 24 || typeof schema !== 'object') { return schema === false ? [{ pointer, message: 'is not allowed' }] : []; }
  const wrong = (message) => [{ pointer, message }];
  const types = [schema.type ?? []].flat();
  if (types.length > 0 && !types.some((type) => KIND[type]?.(value))) { return wrong(`is not ${types.map((type) => (type === 'null' ? type : `${/^[aio]/.test(type) ? 'an' : 'a'} ${type}`)).join(' or ')}`); }
  const same = (other) => JSON.stringify(other) === JSON.stringify(value);
  if ('const' in schema && !same(schema.const)) { return wrong(`is not ${JSON.stringify(schema.const)}`); }
  if (schema.enum && !schema.enum.some(same)) { return wrong(`is not one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}`); }
  const found = [];
  for (const part of schema.allOf ?? []) { found.push(...check(value, part, pointer, depth + 1)); }
  for (const arms of [schema.anyOf, schema.oneOf]) {
    if (arms && !arms.some((arm) => check(value, arm, pointer, depth + 1).length === 0)) { found.push(...wrong('fits none of the alternatives')); }
  }
  if (typeof value === 'number') { found.push(...checkNumber(value, schema).flatMap(wrong)); }
  if (typeof value === 'string') { found.push(...checkText(value, schema).flatMap(wrong)); }
  if (Array.isArray(value)) { found.push(...checkList(value, schema, pointer, depth, wrong)); } else if (KIND.object(value)) { found.push(...checkMembers(value, schema, pointer, depth)); }
  return found;
}

function checkNumber(value, schema) {
  const out = [];
  if (value < schema.minimum) { out.push(`is less than ${schema.minimum}`); }
  if (value > schema.maximum) { out.push(`is more than ${schema.maximum}`); }
  if (value <= schema.exclusiveMinimum) { out.push(`is not more than ${schema.exclusiveMinimum}`); }
  if (value >= schema.exclusiveMaximum) { out.push(`is not less than ${schema.exclusiveMaximum}`); }
  return out;
}

function checkText(value, schema) {
  const out = [];
  const length = [...value].length;
  if (length < schema.minLength) { out.push(schema.minLength === 1 ? 'is empty' : `is shorter than ${schema.minLength}`); }
  if (length > schema.maxLength) { out.push(`is longer than ${schema.maxLength}`); }
  try { if (schema.pattern && !new RegExp(schema.pattern, 'u').test(value)) { out.push(`does not match ${schema.pattern}`); } } catch { /* A pattern this browser does not know. */ }
  return out;
}

function checkList(value, schema, pointer, depth, wrong) {
  const out = [];
  if (value.length < schema.minItems) { out.push(...wrong(`has fewer than ${schema.minItems} entries`)); }
  if (value.length > schema.maxItems) { out.push(...wrong(`has more than ${schema.maxItems} entries`)); }
  value.forEach((item, index) => {
    const own = Array.isArray(schema.items) ? schema.items[index] ?? schema.additionalItems : schema.items;
    if (own !== undefined) { out.push(...check(item, own, `${pointer}/${index}`, depth + 1)); }
  });
  return out;
}

function checkMembers(value, schema, pointer, depth) {
  const out = [];
  for (const key of schema.required ?? []) { if (!Object.hasOwn(value, key)) { out.push({ pointer: `${pointer}/${key}`, message: 'is required' }); } }
  for (const [key, member] of Object.entries(value)) {
    const own = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties[key] : schema.additionalProperties;
    if (own === false) { out.push({ pointer: `${pointer}/${key}`, message: 'is not known' }); } else if (own !== undefined && own !== true) { out.push(...check(member, own, `${pointer}/${key}`, depth + 1)); }
  }
  return out;
}
