// Elements, and what the page does without a connection: theme, contents, copying.

'use strict';
const $ = (id) => document.getElementById(id);
const DATA = JSON.parse($('data').textContent);

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'class') { node.className = value; } else if (key.startsWith('on')) { node.addEventListener(key.slice(2), value); } else if (value === true) { node.setAttribute(key, ''); } else if (value !== false && value !== undefined) { node.setAttribute(key, value); }
  }
  node.append(...children);
  return node;
}

function setUpTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let chosen = null;
  try { chosen = localStorage.getItem('bellwire-theme'); } catch { chosen = null; }
  const apply = () => { document.documentElement.dataset.theme = chosen ?? (dark.matches ? 'dark' : 'light'); };
  apply();
  dark.addEventListener('change', apply);
  $('theme').addEventListener('click', () => {
    chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    try { localStorage.setItem('bellwire-theme', chosen); } catch { /* Private windows keep nothing. */ }
    apply();
  });
}

function setUpContents() {
  const nav = $('nav');
  const links = [...nav.querySelectorAll('li a')];
  const filter = $('filter');
  filter.addEventListener('input', () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const link of links) { link.parentElement.hidden = wanted !== '' && !link.textContent.toLowerCase().includes(wanted); }
    for (const list of nav.querySelectorAll('ul')) {
      const empty = [...list.children].every((item) => item.hidden);
      list.hidden = empty;
      if (list.previousElementSibling?.tagName === 'H2') { list.previousElementSibling.hidden = empty; }
    }
    nav.querySelector('.nomatch').hidden = links.some((link) => !link.parentElement.hidden);
  });
  filter.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') { links.find((link) => !link.parentElement.hidden)?.click(); }
    if (event.key === 'Escape') { filter.value = ''; filter.dispatchEvent(new Event('input')); filter.blur(); }
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !event.target.closest?.('input, textarea, select')) { event.preventDefault(); toggleMenu(true); filter.focus(); }
  });
  $('menu').addEventListener('click', () => toggleMenu(!document.body.classList.contains('nav-open')));
  nav.addEventListener('click', (event) => { if (event.target.closest('a')) { toggleMenu(false); } });
  followScroll(links);
}

function toggleMenu(open) {
  document.body.classList.toggle('nav-open', open);
  if (open) { $('nav').scrollTop = 0; }
  $('menu').setAttribute('aria-expanded', String(open));
}

function followScroll(links) {
  const byId = new Map(links.map((link) => [idOf(link.hash), link]));
  const targets = [...byId.keys()].map((id) => $(id)).filter(Boolean);
  let current = null;
  let waiting = false;
  const update = () => {
    waiting = false;
    let found = targets[0];
    for (const target of targets) { if (target.getBoundingClientRect().top <= 96) { found = target; } }
    const link = found && byId.get(found.id);
    if (link === current) { return; }
    current?.removeAttribute('aria-current');
    link?.setAttribute('aria-current', 'true');
    link?.scrollIntoView({ block: 'nearest' });
    current = link;
  };
  addEventListener('scroll', () => { if (!waiting) { waiting = true; requestAnimationFrame(update); } }, { passive: true });
  update();
}

function setUpCode() {
  for (const block of document.querySelectorAll('.code')) {
    const button = el('button', { class: 'copy', type: 'button' }, 'Copy');
    button.addEventListener('click', () => copy(block.querySelector('code').textContent, button));
    block.append(button);
  }
  for (const code of document.querySelectorAll('code[data-json]')) {
    const text = code.textContent;
    code.replaceChildren(highlighted(text, true));
    const button = el('button', { class: 'copy', type: 'button' }, 'Copy frame');
    button.addEventListener('click', () => copy(text, button));
    code.parentElement.append(button);
  }
  openTarget();
  addEventListener('hashchange', openTarget);
}

function openTarget() {
  const target = $(idOf(location.hash));
  if (target?.tagName === 'DETAILS') { target.open = true; }
}

// What a fragment names. Anything may be typed there, `#%` for one.
function idOf(hash) {
  try { return decodeURIComponent(hash.slice(1)); } catch { return hash.slice(1); }
}

async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Press Ctrl+C';
    getSelection().selectAllChildren(button.parentElement.querySelector('code'));
  }
  setTimeout(() => { button.textContent = before; }, 1500);
}
