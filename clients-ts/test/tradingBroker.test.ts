/** The paper broker through the generated client: kinds of order, brackets, snapshots, two accounts, refusals. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SubscriptionEvent } from 'bellwire';
import { WebSocket } from 'ws';
import { expect, test } from 'vitest';
import {
  createTradingClient,
  OrdersPlaceErrorCode,
  OrderStatus,
  OrderType,
  Side,
  type Balance,
  type Equity,
  type Execution,
  type Notification,
  type PlacedOrder,
  type PlaceOrder,
  type Position,
  type TradingClient,
} from '../generated/trading/index.js';
import { mint } from './mint.js';
import { useApp } from './appServer.js';

const SECRET = 'known to this test and its servers';
const symbol = 'BTC-USD';

const app = useApp('trading');

/** Trades of one unit at prices that repeat, one every 20 ms. */
function recording(): string {
  const line = (number: number): string => {
    const time = new Date(Date.UTC(2026, 7, 9, 21) + number * 20).toISOString();
    const price = String([100, 110, 100, 90][number % 4]);
    const trade = { product_id: symbol, trade_id: String(number), price, size: '1', time, side: 'BUY' };
    const data = JSON.stringify({
      channel: 'market_trades',
      events: [{ type: 'update', trades: [trade] }],
    });
    return JSON.stringify({ t: 'recv', ts: number / 50, data });
  };
  const folder = mkdtempSync(join(tmpdir(), 'bellwire-'));
  app.doLater(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'market.jsonl');
  writeFileSync(path, Array.from({ length: 3_000 }, (_, number) => line(number)).join('\n'));
  return path;
}

async function serve(flags: readonly string[] = []): Promise<string> {
  const { url } = await app.serve(['--feed', `replay:${recording()}`, '--bar-symbols', '', ...flags]);
  return url;
}

/** What the owner of an account is told, in the order of arrival. */
type Told =
  | { readonly route: 'orders'; readonly value: PlacedOrder }
  | { readonly route: 'executions'; readonly value: Execution }
  | { readonly route: 'positions'; readonly value: Position }
  | { readonly route: 'equity'; readonly value: Equity }
  | { readonly route: 'account'; readonly value: Balance };

/** An owner: a client that is told everything about one account. */
class Owner {
  readonly told: Told[] = [];
  readonly client: TradingClient;
  readonly accountId: string;
  #look: () => void = () => undefined;

  private constructor(client: TradingClient, accountId: string) {
    this.client = client;
    this.accountId = accountId;
  }

  static async of(url: string, accountId: string): Promise<Owner> {
    const client = app.closeLater(createTradingClient({ url, WebSocket }));
    const owner = new Owner(client, accountId);
    const params = { accountId };
    await Promise.all([
      client.orders.subscribe(params, {
        onUpdate: (value) => {
          owner.#tell({ route: 'orders', value });
        },
      }).ready,
      client.executions.subscribe(params, {
        onUpdate: (value) => {
          owner.#tell({ route: 'executions', value });
        },
      }).ready,
      client.positions.subscribe(params, {
        onUpdate: (value) => {
          owner.#tell({ route: 'positions', value });
        },
      }).ready,
      client.equity.subscribe(params, {
        onUpdate: (value) => {
          owner.#tell({ route: 'equity', value });
        },
      }).ready,
      client.account.subscribe(params, {
        onUpdate: (value) => {
          owner.#tell({ route: 'account', value });
        },
      }).ready,
    ]);
    // Nothing can be bought before there is a price.
    await client.trades.subscribe({ symbol }).updates().next();
    return owner;
  }

  /** Resolves as soon as something has been told that fits. */
  until(fits: (told: Told) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (this.told.some(fits)) resolve();
      };
      this.#look();
    });
  }

  /** Resolves with the first order that was told and fits. */
  async order(fits: (order: PlacedOrder) => boolean): Promise<PlacedOrder> {
    await this.until((told) => told.route === 'orders' && fits(told.value));
    const found = this.#orders().find(fits);
    if (found === undefined) throw new Error('it has just been there');
    return found;
  }

  /** Places an order. */
  async place(order: Pick<PlaceOrder, 'type' | 'side' | 'qty'> & Partial<PlaceOrder>): Promise<string> {
    return (await this.client.orders.place({ accountId: this.accountId, symbol, ...order })).orderId;
  }

  /** Waits until an order has this status; all that it was on the way there. */
  async life(id: string, status: OrderStatus): Promise<readonly OrderStatus[]> {
    await this.order((order) => order.id === id && order.status === status);
    const changes = this.#orders().filter((order) => order.id === id);
    return [...new Set(changes.map((order) => order.status))];
  }

  #orders(): PlacedOrder[] {
    return this.told.flatMap((told) => (told.route === 'orders' ? [told.value] : []));
  }

  #tell(told: Told): void {
    this.told.push(told);
    this.#look();
  }
}

const { Placing, Working, Filled, Canceled } = OrderStatus;

test.each([
  { type: OrderType.Market, side: Side.Buy },
  { type: OrderType.Limit, side: Side.Buy, limitPrice: 95, price: 90 },
  { type: OrderType.Stop, side: Side.Buy, stopPrice: 105, price: 110 },
  { type: OrderType.StopLimit, side: Side.Buy, stopPrice: 105, limitPrice: 95, price: 90 },
])('an order lives from placing to filled: $type', async ({ price, ...order }) => {
  const owner = await Owner.of(await serve(), 'TEST-001');
  const id = await owner.place({ ...order, qty: 0.5 });
  expect(await owner.life(id, Filled)).toEqual([Placing, Working, Filled]);
  const fill = owner.told.find((told) => told.route === 'executions');
  expect(fill?.value).toMatchObject({ symbol, qty: 0.5, side: Side.Buy, ...(price && { price }) });
});

test('each part of a fill is told as execution, order, position, equity', async () => {
  const owner = await Owner.of(await serve(), 'TEST-001');
  const id = await owner.place({ type: OrderType.Limit, side: Side.Buy, qty: 3.5, limitPrice: 105 });
  await owner.life(id, Filled);
  await owner.until((told) => told.route === 'equity' && told.value.balance > 0);
  await owner.until((told) => told.route === 'account' && told.value.total === 3.5);
  const routes = owner.told.map(({ route }) => route).filter((route) => route !== 'account');
  const fills = routes.flatMap((route, index) => (route === 'executions' ? [index] : []));
  expect(fills.length).toBeGreaterThan(3);
  for (const index of fills) {
    expect(routes.slice(index, index + 4)).toEqual(['executions', 'orders', 'positions', 'equity']);
  }
});

test('one half of a bracket ends the other, and the position ends at 0', async () => {
  const owner = await Owner.of(await serve(), 'TEST-001');
  await owner.place({ type: OrderType.Market, side: Side.Buy, qty: 0.5, takeProfit: 200, stopLoss: 95 });
  const half = async (type: OrderType): Promise<string> =>
    (await owner.order((order) => order.type === type && order.side === Side.Sell)).id;
  const [profit, loss] = [await half(OrderType.Limit), await half(OrderType.Stop)];
  expect(await owner.life(loss, Filled)).toEqual([Working, Filled]);
  expect(await owner.life(profit, Canceled)).toEqual([Working, Canceled]);
  await owner.until((told) => told.route === 'positions' && told.value.qty === 0);
});

test('orders are changed and cancelled, positions closed, and late clients told all of it', async () => {
  const url = await serve();
  const owner = await Owner.of(url, 'TEST-001');
  const { client, accountId } = owner;
  const id = await owner.place({ type: OrderType.Limit, side: Side.Buy, qty: 1, limitPrice: 1 });
  await client.orders.modify({ accountId, orderId: id, limitPrice: 2 });
  await owner.until((told) => told.route === 'orders' && told.value.limitPrice === 2);
  await client.orders.cancel({ accountId, orderId: id });
  expect(await owner.life(id, Canceled)).toEqual([Placing, Working, Canceled]);

  const bought = await owner.place({ type: OrderType.Market, side: Side.Buy, qty: 0.5 });
  await owner.life(bought, Filled);
  const late = app.closeLater(createTradingClient({ url, WebSocket }));
  const snapshot = async <T>(
    events: AsyncIterable<SubscriptionEvent<unknown, T>>,
  ): Promise<T | undefined> => {
    for await (const event of events) if (event.kind === 'snapshot') return event.value;
    return undefined;
  };
  const params = { accountId };
  expect(await snapshot(late.positions.subscribe(params).events())).toMatchObject([{ symbol, qty: 0.5 }]);
  expect(await snapshot(late.executions.subscribe(params).events())).toMatchObject([{ symbol, qty: 0.5 }]);
  expect(await snapshot(late.orders.subscribe(params).events())).toMatchObject([{ id: bought }, { id }]);

  expect(await snapshot(late.brokerConnection.subscribe(params).events())).toMatchObject({ status: 1 });
  expect(await snapshot(late.equity.subscribe(params).events())).toMatchObject({ realizedPL: 0 });
  expect(await snapshot(late.account.subscribe(params).events())).toMatchObject([
    { asset: 'USD' },
    { asset: 'BTC', total: 0.5 },
  ]);

  const { orderId } = await client.positions.close({ accountId, positionId: symbol });
  await owner.life(orderId, Filled);
  await owner.until((told) => told.route === 'positions' && told.value.qty === 0);
});

test('refusals are typed', async () => {
  const owner = await Owner.of(await serve(), 'TEST-001');
  const { client, accountId } = owner;
  const notice = new Promise<Notification>((resolve) => {
    client.notifications.subscribe({ accountId }, { onUpdate: resolve });
  });
  const market = { type: OrderType.Market, side: Side.Buy, qty: 1 };
  const limit = { ...market, type: OrderType.Limit };
  const refused = (code: OrdersPlaceErrorCode, pointer: string): object => ({
    name: 'RequestError',
    code,
    retry: 'never',
    errors: [{ pointer }],
  });
  const Code = OrdersPlaceErrorCode;
  for (const [order, code, pointer] of [
    [{ ...market, symbol: 'DOGE' }, Code.UnknownSymbol, '/symbol'],
    [{ ...market, qty: 1e6 }, Code.InsufficientFunds, '/qty'],
    [{ ...market, side: Side.Sell }, Code.InsufficientPosition, '/qty'],
    [limit, Code.MissingPrice, '/limitPrice'],
    [{ ...market, qty: 1e-12 }, Code.InvalidQuantity, '/qty'],
    [{ ...market, takeProfit: 1, stopLoss: 2 }, Code.InvalidBracket, '/stopLoss'],
  ] as const) {
    await expect(owner.place(order)).rejects.toMatchObject(refused(code, pointer));
  }
  await expect(client.positions.close({ accountId, positionId: symbol })).rejects.toMatchObject({
    code: 'unknown-position',
    errors: [{ pointer: '/positionId' }],
  });
  await owner.order(({ status }) => status === OrderStatus.Rejected);
  await expect(notice).resolves.toMatchObject({ category: 'error' });
});

test('accounts are isolated, and with a key only for their owners', async () => {
  const url = await serve(['--auth-secret', SECRET]);
  const of = (account: string): Promise<Owner> =>
    Owner.of(`${url}?token=${mint(SECRET, { accounts: [account] })}`, account);
  const [one, two] = [await of('A-1'), await of('B-1')];
  const market = { type: OrderType.Market, side: Side.Buy };
  const [first, second] = [
    await one.place({ ...market, qty: 0.5 }),
    await two.place({ ...market, qty: 0.25 }),
  ];
  await Promise.all([one.life(first, Filled), two.life(second, Filled)]);
  const held = ({ told }: Owner): number[] =>
    told.flatMap((value) => (value.route === 'executions' ? [value.value.qty] : []));
  expect([held(one), held(two)]).toEqual([[0.5], [0.25]]);
  const forbidden = {
    code: 'forbidden',
    errors: [{ pointer: '/accountId', message: 'is not one of yours: "A-1"' }],
  };
  const { client } = one;
  for (const accountId of ['B-1', 'NOBODY-S']) {
    await expect(client.orders.subscribe({ accountId }).ready).rejects.toMatchObject(forbidden);
    const order = { accountId, symbol, ...market, qty: 1 };
    await expect(client.orders.place(order)).rejects.toMatchObject(forbidden);
    await expect(client.orders.cancel({ accountId, orderId: second })).rejects.toMatchObject(forbidden);
    await expect(client.positions.close({ accountId, positionId: symbol })).rejects.toMatchObject(forbidden);
  }
});
