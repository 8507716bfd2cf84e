// The composer: one message, as a form where its payload is a flat object, else as JSON.

const composer = { endpoint: DATA.endpoints[0], send: null, asForm: true };

function fillMessages() {
  const groups = new Map();
  for (const send of composer.endpoint.sends) {
    if (!groups.has(send.group)) { groups.set(send.group, el('optgroup', { label: send.group })); }
    groups.get(send.group).append(el('option', { value: send.tag }, send.tag));
  }
  $('what').replaceChildren(...groups.values());
  $('compose').hidden = composer.endpoint.sends.length === 0;
  if (composer.endpoint.sends.length > 0) { choose(composer.endpoint.sends[0].tag); }
}

function choose(tag) {
  composer.send = composer.endpoint.sends.find((send) => send.tag === tag) ?? composer.endpoint.sends[0];
  $('what').value = composer.send.tag;
  resetEditor();
}

function resetEditor() {
  const send = composer.send;
  const example = send.raw === 'text' ? send.example ?? '' : JSON.stringify(send.example ?? (send.schema ? {} : null));
  $('editor').value = send.raw === 'text' ? example : send.schema || send.raw ? prettyText(example) : '';
  buildForm(send.example ?? {});
  showEditor();
}

function formSchema() {
  if (!composer.send.schema || composer.send.raw === 'text') { return null; }
  const schema = flat(composer.send.schema);
  return schema.properties && !schema.oneOf && !schema.anyOf ? schema : null;
}

function showEditor() {
  const payload = Boolean(composer.send.schema || composer.send.raw);
  const form = composer.asForm && formSchema() !== null;
  $('fields').hidden = !form;
  $('editor').hidden = form || !payload;
  $('as-form').disabled = formSchema() === null;
  $('as-form').parentElement.hidden = !payload || formSchema() === null;
  $('as-form').setAttribute('aria-pressed', String(form));
  $('as-json').setAttribute('aria-pressed', String(!form));
  validate();
}

function switchEditor(asForm) {
  if (asForm === composer.asForm) { return; }
  if (asForm) {
    if (!isJson($('editor').value)) { validate(); return; }
    buildForm(JSON.parse($('editor').value), membersOf(compact($('editor').value)));
  } else { $('editor').value = prettyText(formText()); }
  composer.asForm = asForm;
  showEditor();
}

// `texts` are the members as they were written, where they were: a number in them keeps its digits.
function buildForm(example, texts = new Map()) {
  const schema = formSchema();
  const rows = Object.entries(schema?.properties ?? {}).map(([key, given]) => field(key, given, example?.[key], (schema.required ?? []).includes(key), texts.get(key)));
  $('fields').replaceChildren(...rows);
}

function field(key, given, value, must, text) {
  const schema = flat(given);
  const type = [schema.type ?? []].flat().find((one) => one !== 'null');
  const start = value ?? schema.default;
  const hint = [schema.format, schema.minimum !== undefined ? `≥ ${schema.minimum}` : '', must ? '' : 'optional'].filter(Boolean).join(' · ');
  let input = null;
  if (schema.enum ?? ('const' in schema)) {
    const values = schema.enum ?? [schema.const];
    const names = schema['x-enum-varnames'] ?? schema['x-enum-names'] ?? [];
    const options = values.map((one, index) => el('option', { value: JSON.stringify(one), selected: JSON.stringify(one) === JSON.stringify(start) }, names[index] ? `${one} · ${names[index]}` : String(one)));
    input = el('select', { 'data-kind': 'literal' }, ...(must ? [] : [el('option', { value: '' }, '—')]), ...options);
  } else if (type === 'boolean') {
    input = el('input', { type: 'checkbox', 'data-kind': 'boolean', checked: start === true });
  } else if (type === 'integer' || type === 'number') {
    input = el('input', { inputmode: 'decimal', 'data-kind': 'literal', value: text ?? start ?? '', placeholder: hint });
  } else if (type === 'string') {
    input = el('input', { 'data-kind': 'text', value: start ?? '', placeholder: hint, spellcheck: 'false', autocomplete: 'off' });
  } else {
    input = el('textarea', { 'data-kind': 'literal', rows: '2', placeholder: `JSON ${hint}`, spellcheck: 'false' });
    input.value = text ?? (start === undefined ? '' : JSON.stringify(start));
  }
  input.dataset.key = key;
  const label = el('label', { class: must ? 'must' : '', title: schema.description ?? '' }, el('span', {}, key), input);
  if (must) { input.dataset.must = ''; }
  return label;
}

function formText() {
  const members = [];
  for (const input of $('fields').querySelectorAll('[data-key]')) {
    const key = JSON.stringify(input.dataset.key);
    const must = 'must' in input.dataset;
    const kind = input.dataset.kind;
    if (kind === 'boolean') { if (input.checked || must) { members.push(`${key}:${input.checked}`); } } else if (kind === 'text') { if (input.value !== '' || must) { members.push(`${key}:${JSON.stringify(input.value)}`); } } else if (input.value.trim() !== '') { members.push(`${key}:${isJson(input.value) ? input.value.trim() : JSON.stringify(input.value)}`); }
  }
  return `{${members.join(',')}}`;
}

function payloadText() {
  if (!composer.send.schema && !composer.send.raw) { return null; }
  return $('fields').hidden ? $('editor').value.trim() : formText();
}

function validate() {
  const text = payloadText();
  let problems = [];
  if (text !== null && composer.send.raw !== 'text') {
    try { problems = check(JSON.parse(text), composer.send.schema ?? {}); } catch (error) { problems = [{ pointer: '', message: `JSON: ${error.message}` }]; }
  }
  showProblems(problems);
  return problems.length === 0;
}

function showProblems(problems) {
  const rows = problems.slice(0, 5).map(({ pointer, message }) => el('li', {}, el('code', {}, pointer || 'payload'), ` ${message}`));
  $('problems').replaceChildren(...rows);
}

// Says that nothing was sent, and why: beside the message, and among the frames.
function refuse(problem) {
  showProblems([problem]);
  $('problems').scrollIntoView({ block: 'nearest' });
  note(`Not sent: ${problem.pointer || 'the payload'} ${problem.message}.`, true);
}

function frameToSend(id) {
  const { tag, raw } = composer.send;
  const text = payloadText();
  if (raw) { return raw === 'text' || !isJson(text) ? text : compact(text); }
  const payload = text === null ? null : isJson(text) ? compact(text) : JSON.stringify(text);
  return wrapped(tag, id, payload);
}

function compact(text) {
  return text.match(TOKEN).join('');
}
