/** The public types, used as a generated client uses them; `tsc` is what checks this file. */
import { expect, expectTypeOf, test } from 'vitest';
import {
  createClient,
  isRequestError,
  type Broadcast,
  type ClientOptions,
  type ClosingNotice,
  type Contract,
  type CoreClient,
  type Decimal,
  type Int64,
  type Int64String,
  type MessageMeta,
  type Meta,
  type RequestError,
  type RequestOptions,
  type StatusChange,
  type Stream,
  type Subscribable,
  type Subscribed,
  type Subscription,
  type SubscriptionEvent,
  type WebSocketConstructor,
} from '../src/index.js';
import type { WebSocket as NodeWebSocket } from 'ws';
import { FakeSocket } from './fakeSocket.js';

interface BarsParams {
  symbol: string;
  resolution?: '1' | '5';
}

interface Bar {
  time: number;
  close: number;
}

interface Order {
  id: Int64;
  price: Decimal;
}

interface TradingClient extends CoreClient {
  readonly bars: Subscribable<BarsParams, Bar, Bar>;
  readonly trades: Subscribable<{ symbol: string }, Bar>;
  readonly orders: Subscribable<BarsParams, Order, Order[]> & {
    place: (payload: { qty: number }, options?: RequestOptions) => Promise<Order>;
  };
  readonly notice: Broadcast<{ text: string }>;
  readonly ticker: Broadcast<[number, object], [meta: MessageMeta]>;
}

const contract: Contract = {
  address: '/ws',
  topics: { bars: { shape: { symbol: {} } }, trades: { shape: {} }, orders: { shape: {} } },
  broadcasts: { notice: {} },
};

function createTradingClient(options: ClientOptions = {}): TradingClient {
  const core = createClient(contract, options);
  return Object.assign(core, {
    bars: core.topic<BarsParams, Bar, Bar>('bars'),
    trades: core.topic<{ symbol: string }, Bar>('trades'),
    orders: Object.assign(core.topic<BarsParams, Order, Order[]>('orders'), {
      place: (payload: { qty: number }, requestOptions?: RequestOptions) =>
        core.request<Order>('orders.place', payload, requestOptions),
    }),
    notice: core.broadcast<{ text: string }>('notice'),
    ticker: core.receive<[number, object]>('ticker'),
  });
}

test('a subscription is typed by its topic', () => {
  const client = createTradingClient({ url: 'ws://test.invalid', WebSocket: FakeSocket });
  const bars = client.bars.subscribe(
    { symbol: 'A' },
    {
      onUpdate: (bar, meta) => {
        expectTypeOf(bar).toEqualTypeOf<Bar>();
        expectTypeOf(meta).toEqualTypeOf<Meta>();
      },
      onSnapshot: (bar) => {
        expectTypeOf(bar).toEqualTypeOf<Bar>();
      },
    },
  );
  expectTypeOf(bars).toEqualTypeOf<Subscription<BarsParams, Bar, Bar>>();
  expectTypeOf(bars.ready).resolves.toEqualTypeOf<Subscribed<BarsParams>>();
  expectTypeOf(bars.updates()).toEqualTypeOf<Stream<Bar>>();
  expectTypeOf(bars.events().next()).resolves.toEqualTypeOf<
    IteratorResult<SubscriptionEvent<Bar, Bar>, undefined>
  >();
  expectTypeOf<TradingClient['bars']['subscribe']>().parameter(0).toEqualTypeOf<BarsParams>();
  expectTypeOf(client.trades.subscribe({ symbol: 'A' })).toEqualTypeOf<
    Subscription<{ symbol: string }, Bar>
  >();
  // @ts-expect-error -- a required parameter is missing
  client.bars.subscribe({});
  // @ts-expect-error -- not one of the values
  client.bars.subscribe({ symbol: 'A', resolution: '7' });
  client.close();
});

test('requests and broadcasts are typed by the document', () => {
  expectTypeOf<TradingClient['orders']['place']>().returns.resolves.toEqualTypeOf<Order>();
  expectTypeOf<TradingClient['notice']['on']>().parameter(0).parameters.toEqualTypeOf<[{ text: string }]>();
  expectTypeOf<TradingClient['ticker']['on']>().parameter(0).parameter(1).toEqualTypeOf<MessageMeta>();
});

test('the socket classes of the platforms fit', () => {
  expectTypeOf<typeof WebSocket>().toExtend<WebSocketConstructor>();
  expectTypeOf<typeof NodeWebSocket>().toExtend<WebSocketConstructor>();
  expectTypeOf<typeof FakeSocket>().toExtend<WebSocketConstructor>();
});

test('branded strings are strings, but not every string is one', () => {
  expectTypeOf<Decimal>().toExtend<string>();
  expectTypeOf<string>().not.toExtend<Decimal>();
  expectTypeOf<Decimal>().not.toExtend<Int64String>();
});

test('a guard narrows to the code', () => {
  const error: unknown = undefined;
  if (isRequestError(error, 'forbidden')) expectTypeOf(error).toEqualTypeOf<RequestError<'forbidden'>>();
});

test('a client tells typed events', () => {
  const client = createTradingClient({ url: 'ws://test.invalid', WebSocket: FakeSocket });
  client.on('status', (change) => {
    expectTypeOf(change).toEqualTypeOf<StatusChange>();
  });
  client.on('closing', (notice) => {
    expectTypeOf(notice).toEqualTypeOf<ClosingNotice>();
  });
  client.on('unknown', (message) => {
    expectTypeOf(message).toBeUnknown();
  });
  // @ts-expect-error -- no such event
  expect(() => client.on('open', () => undefined)).toThrow('No such event: open');
});
