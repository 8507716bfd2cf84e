/** Strings that are numbers: kept as strings, because a `number` would round them. */

declare const brand: unique symbol;

/** A decimal number in a string, exact at any length: money, quantities. */
export type Decimal = string & { readonly [brand]: 'Decimal' };

/** A 64-bit integer in a string. */
export type Int64String = string & { readonly [brand]: 'Int64String' };

/** Takes a string for a decimal number; throws `TypeError` where it is not one. */
export function decimal(text: string): Decimal {
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text))
    throw new TypeError(`Not a decimal number: ${text}`);
  return text as Decimal;
}

/** Writes an integer as a string; throws `TypeError` where it is not one, or is rounded already. */
export function int64String(value: string | number | bigint): Int64String {
  const text = String(value);
  const isExact = typeof value !== 'number' || Number.isSafeInteger(value);
  if (!isExact || !/^-?\d+$/.test(text)) throw new TypeError(`Not a 64-bit integer: ${text}`);
  return text as Int64String;
}
