/** A page as a front end would write it: the generated client, one subscription, a table of bars. */
import { createTradingClient, type Bar } from '../generated/trading/index.js';

const url = new URLSearchParams(location.search).get('socket');
const client = createTradingClient(url === null ? {} : { url });

function show(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element) element.textContent = text;
}

function addRow(bar: Bar): void {
  const row = document.createElement('tr');
  for (const value of [
    new Date(bar.time).toISOString(),
    bar.open,
    bar.high,
    bar.low,
    bar.close,
    bar.volume,
  ]) {
    row.insertCell().textContent = String(value);
  }
  document.getElementById('bars')?.prepend(row);
}

client.on('status', ({ status }) => {
  show('status', status);
});

const bars = client.bars.subscribe({ symbol: 'BTC-USD' }, { onSnapshot: addRow, onUpdate: addRow });
const { topic } = await bars.ready;
show('topic', topic);
