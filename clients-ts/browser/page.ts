/** A page as a front end would write it: the generated client, one subscription, a price, a line and a table. */
import { createTradingClient, type Bar } from '../generated/trading/index.js';

const shownRows = 12;
const shownPoints = 120;

const url = new URLSearchParams(location.search).get('url');
const client = createTradingClient(url === null ? {} : { url });
const price = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const quantity = new Intl.NumberFormat('en', { maximumFractionDigits: 3 });
const closes: number[] = [];

function element(id: string): Element {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element ${id}`);
  return found;
}

function show(bar: Bar): void {
  closes.push(bar.close);
  closes.splice(0, closes.length - shownPoints);
  showPrice(bar);
  showLine();
  addRow(bar);
}

function showPrice(bar: Bar): void {
  const change = bar.close - bar.open;
  element('price').textContent = price.format(bar.close);
  element('change').textContent = `${change < 0 ? '−' : '+'}${price.format(Math.abs(change))} in this bar`;
  element('change').className = `change ${change < 0 ? 'down' : 'up'}`;
}

function showLine(): void {
  const low = Math.min(...closes);
  const range = Math.max(...closes) - low;
  const x = (index: number): number => (index * 100) / Math.max(closes.length - 1, 1);
  const y = (close: number): number => (range === 0 ? 50 : 96 - ((close - low) / range) * 92);
  const points = closes.map((close, index) => `${x(index).toFixed(2)},${y(close).toFixed(2)}`);
  // A single value is a level line.
  const line = points.length === 1 ? ['0,50', '100,50'] : points;
  element('line').setAttribute('points', line.join(' '));
  const change = (closes.at(-1) ?? 0) - (closes[0] ?? 0);
  element('line').setAttribute('class', ['down', 'level', 'up'][Math.sign(change) + 1] ?? 'level');
}

function addRow(bar: Bar): void {
  const row = document.createElement('tr');
  const prices = [bar.open, bar.high, bar.low, bar.close].map((value) => price.format(value));
  const time = new Date(bar.time).toISOString().slice(11, 16);
  for (const text of [time, ...prices, quantity.format(bar.volume)]) row.insertCell().textContent = text;
  row.cells[1]?.classList.add('open');
  row.cells[4]?.classList.add(bar.close < bar.open ? 'down' : 'up');
  const body = element('bars');
  body.prepend(row);
  while (body.children.length > shownRows) body.lastElementChild?.remove();
}

client.on('status', ({ status }) => {
  element('status').textContent = status;
  element('status').setAttribute('data-status', status);
});

const bars = client.bars.subscribe({ symbol: 'BTC-USD' }, { onSnapshot: show, onUpdate: show });
const { topic } = await bars.ready;
element('topic').textContent = topic;
