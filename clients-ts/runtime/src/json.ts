/**
 * JSON without loss: integers beyond 2^53 become `bigint` and are written back digit by digit.
 *
 * `JSON.parse` rounds them without a word. Ordinary text, where no long run of digits occurs, takes the built-in
 * functions; only the rest pays for a second pass. Numbers with a fraction or an exponent are doubles in any case.
 */

/** A 64-bit integer: a `bigint` only where a `number` could not hold it exactly. */
export type Int64 = number | bigint;

/** 2^53 has sixteen digits, so a shorter run can never be an integer that a double cannot hold. */
const longDigitRun = /\d{16}/;

/** Strings, so that digits inside them are passed over, and complete numbers. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const integer = /^-?\d+$/;

/** Parses JSON text; throws `SyntaxError` like `JSON.parse`. */
export function parseJson(text: string): unknown {
  if (!longDigitRun.test(text)) return JSON.parse(text) as unknown;
  const mark = unusedMark(text);
  const marked = text.replace(token, (match) => {
    if (!integer.test(match) || Number.isSafeInteger(Number(match))) return match;
    return `"${mark}${match}"`;
  });
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  ) as unknown;
}

/** Writes JSON text; throws `TypeError` on what JSON cannot say, such as a cycle. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return stringifyWithBigints(value);
  }
}

function stringifyWithBigints(value: unknown): string {
  const mark = unusedMark('');
  const text = JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'bigint' ? `${mark}${member.toString()}` : member,
  );
  return text.replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}

/** A prefix that no string of the text has: drawn anew each time, so that nobody can send it on purpose. */
function unusedMark(text: string): string {
  for (;;) {
    const mark = `bigint${Math.random().toString(36).slice(2)}:`;
    if (!text.includes(mark)) return mark;
  }
}
