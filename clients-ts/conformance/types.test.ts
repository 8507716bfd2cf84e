/**
 * What the compiler knows of generated code. The assertions are types: they fail in `npm run typecheck`, which also
 * checks all generated files of the golden folders with every strict flag.
 */
import type {
  FrameworkErrorCode,
  Int64String,
  RequestError,
  RequestOptions,
  ServerHealth,
  Subscribable,
} from 'bellwire';
import { describe, expectTypeOf, it } from 'vitest';

import type * as defaults from '../../codegen/tests/golden/defaults/typescript/index.js';
import type * as enums from '../../codegen/tests/golden/enums/typescript/index.js';
import type * as nullability from '../../codegen/tests/golden/nullability/typescript/index.js';
import type * as operations from '../../codegen/tests/golden/operations/typescript/index.js';
import type * as requests from '../../codegen/tests/golden/requests/typescript/index.js';
import type * as overHttp from '../../codegen/tests/golden/http-requests/typescript/index.js';
import type * as state from '../../codegen/tests/golden/state/typescript/index.js';
import type * as maps from '../../codegen/tests/golden/tuples-and-maps/typescript/index.js';
import type * as unions from '../../codegen/tests/golden/unions/typescript/index.js';
import type * as trading from '../generated/trading/index.js';

describe('unions', () => {
  it('narrow by their tag, at any depth', () => {
    const describeEvent = (event: unions.Event): string => {
      switch (event.kind) {
        case 'trade':
          expectTypeOf(event).toEqualTypeOf<unions.Trade>();
          return String(event.price);
        case 'status':
          expectTypeOf(event).toEqualTypeOf<unions.Up | unions.Down>();
          return event.up ? 'up' : event.reason;
        case 'level':
        case 'depth':
          return String(event.version);
      }
    };
    expectTypeOf(describeEvent).returns.toBeString();
  });

  it('keep a tag that no arm has out', () => {
    // @ts-expect-error: there is no such kind
    const event: unions.Event = { kind: 'trde', price: 1 };
    expectTypeOf(event).not.toBeAny();
  });
});

describe('optional and nullable members', () => {
  it('are four different things', () => {
    const least: Pick<nullability.Shapes, 'plain' | 'nullable' | 'optional' | 'optionalNullable'> = {
      plain: '',
      nullable: null,
    };
    expectTypeOf(least.plain).toEqualTypeOf<string>();
    expectTypeOf(least.nullable).toEqualTypeOf<string | null>();
    expectTypeOf(least.optional).toEqualTypeOf<string | undefined>();
    expectTypeOf(least.optionalNullable).toEqualTypeOf<string | null | undefined>();
  });

  it('do not stand for each other', () => {
    const shapes = {} as nullability.Shapes;
    // @ts-expect-error: required and not nullable
    shapes.plain = null;
    // @ts-expect-error: optional is not nullable
    shapes.optional = null;
    // @ts-expect-error: absent is not `undefined`
    shapes.optional = undefined;
    expectTypeOf(shapes.anything).toBeUnknown();
  });
});

describe('members with a default', () => {
  it('may be left out by who sends and are there for who receives', () => {
    const nothing: defaults.ChartParamsInput = {};
    expectTypeOf(nothing.limit).toEqualTypeOf<number | undefined>();
    expectTypeOf<defaults.ChartParamsInput['symbol']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<defaults.ChartParams['symbol']>().toBeString();
    expectTypeOf<defaults.DocumentClient['charts']>().toEqualTypeOf<
      Subscribable<defaults.ChartParamsInput, string, never, defaults.ChartParams>
    >();
  });
});

describe('enums', () => {
  it('are unions of their values, with names for them', () => {
    expectTypeOf<enums.Side>().toEqualTypeOf<'buy' | 'sell' | 'sell short'>();
    expectTypeOf<(typeof enums.Side)['SellShort']>().toEqualTypeOf<'sell short'>();
    expectTypeOf<enums.Priority>().toEqualTypeOf<1 | 2 | -1>();
    expectTypeOf<enums.Order['kind']>().toEqualTypeOf<'order'>();
  });

  it('take values to come where they are open', () => {
    expectTypeOf<'XETRA'>().toExtend<enums.Venue>();
    expectTypeOf<'short'>().not.toExtend<enums.Side>();
  });
});

describe('arrays and dictionaries', () => {
  it('keep positions, rests and keys', () => {
    expectTypeOf<maps.Row>().toEqualTypeOf<[string, ...number[]]>();
    expectTypeOf<maps.Book['counts']>().toEqualTypeOf<Partial<Record<maps.Side, number>>>();
    expectTypeOf<maps.Extra['source']>().toBeString();
    expectTypeOf<maps.Book['sequence']>().toEqualTypeOf<Int64String>();
  });

  it('do not take plain strings for numbers in strings', () => {
    expectTypeOf<string>().not.toExtend<maps.Level[0]>();
  });
});

describe('errors', () => {
  it('have the codes of the document and of the framework', () => {
    expectTypeOf<requests.OrdersPlaceErrorCode>().toEqualTypeOf<
      'insufficient-funds' | 'market-closed' | FrameworkErrorCode
    >();
  });

  it('have their details by code', () => {
    const read = (error: requests.OrdersPlaceError): requests.Shortfall | undefined => {
      if (error.code === 'insufficient-funds') return error.details;
      expectTypeOf(error).toEqualTypeOf<RequestError<'market-closed' | FrameworkErrorCode>>();
      return undefined;
    };
    expectTypeOf(read).parameter(0).not.toBeAny();
  });
});

describe('plain operations', () => {
  it('send and receive whole frames', () => {
    expectTypeOf<operations.DocumentClient['takeSubscribe']>().toEqualTypeOf<
      (message: operations.Subscribe, options?: RequestOptions) => Promise<operations.Ack>
    >();
    expectTypeOf<Parameters<operations.DocumentClient['sendUpdates']['on']>[0]>()
      .parameter(0)
      .toEqualTypeOf<operations.SendUpdatesMessage>();
  });

  it('ask for the parameters of the address', () => {
    expectTypeOf<Parameters<typeof operations.createDocumentClient>>().toEqualTypeOf<
      [options: operations.DocumentClientOptions]
    >();
    expectTypeOf<operations.DocumentClientOptions['parameters']>().toEqualTypeOf<{ readonly room: string }>();
  });
});

describe('plain HTTP', () => {
  it('takes payloads and gives replies, bytes or nothing', () => {
    type Functions = overHttp.DocumentHttp;
    expectTypeOf<Functions['triggerChartUpdate']>().toEqualTypeOf<
      (payload: overHttp.Trigger, options?: RequestOptions) => Promise<overHttp.Broadcasted>
    >();
    expectTypeOf<Functions['chart']>().returns.resolves.toEqualTypeOf<Blob>();
    expectTypeOf<Functions['disconnect']>().returns.resolves.toBeVoid();
    expectTypeOf<Functions['service']>().toEqualTypeOf<
      (options?: RequestOptions) => Promise<overHttp.Service>
    >();
    expectTypeOf<Functions['health']>().returns.resolves.toEqualTypeOf<overHttp.HealthReply & ServerHealth>();
    expectTypeOf<Functions['node']>().returns.resolves.toEqualTypeOf<
      overHttp.NodeReply & Pick<ServerHealth, 'active_connections' | 'timestamp'>
    >();
  });

  it('reads what is retained, lists with a limit', () => {
    type Functions = state.DocumentHttp;
    expectTypeOf<Parameters<Functions['getEvents']>[0]>().toEqualTypeOf<
      { readonly limit?: number } | undefined
    >();
    expectTypeOf<Functions['getLastScan']>().returns.resolves.toEqualTypeOf<state.Scan | null>();
    expectTypeOf<Functions['getSnapshot']>().returns.resolves.toEqualTypeOf<state.SnapshotPayload['data']>();
    const misuse = (functions: Functions): void => {
      // @ts-expect-error: there is no such parameter
      void functions.getEvents({ count: 5 });
      // @ts-expect-error: no list, no limit
      void functions.getTank({ limit: 5 });
    };
    expectTypeOf(misuse).returns.toBeVoid();
  });
});

describe('the trading client', () => {
  const client = {} as trading.TradingClient;

  it('refuses parameters that the document does not allow', () => {
    const misuse = (): void => {
      client.bars.subscribe({ symbol: 'BTC-USD', resolution: '5' });
      // @ts-expect-error: a symbol is required
      client.bars.subscribe({ resolution: '5' });
      // @ts-expect-error: no such resolution
      client.bars.subscribe({ symbol: 'BTC-USD', resolution: '7' });
      // @ts-expect-error: no such member
      client.bars.subscribe({ symbol: 'BTC-USD', interval: '5' });
      // @ts-expect-error: a payload is required
      void client.orders.place();
    };
    expectTypeOf(misuse).returns.toBeVoid();
  });

  it('types what comes back', () => {
    const use = async (): Promise<void> => {
      const bars = client.bars.subscribe(
        { symbol: 'BTC-USD' },
        {
          onSnapshot: (bar) => {
            expectTypeOf(bar).toEqualTypeOf<trading.Bar>();
          },
        },
      );
      const { params } = await bars.ready;
      expectTypeOf(params).toEqualTypeOf<trading.BarsParams>();
      for await (const bar of bars.updates()) expectTypeOf(bar).toEqualTypeOf<trading.Bar>();
      const placed = await client.orders.place({} as trading.PlaceOrder);
      expectTypeOf(placed).toEqualTypeOf<trading.OrderPlaced>();
    };
    expectTypeOf(use).returns.resolves.toBeVoid();
  });
});
