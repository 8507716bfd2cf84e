/**
 * A bounded queue between callbacks and `for await`.
 *
 * A reader that cannot keep up loses the oldest values, and can see how many: in a live feed, the newest count.
 */

/** An async iteration of values that arrive by themselves. */
export interface Stream<T> extends AsyncIterableIterator<T, undefined> {
  /** How many values were lost because the reader was too slow. */
  readonly dropped: number;
}

/** The side of a stream that is fed. */
export interface StreamSource<T> {
  readonly stream: Stream<T>;
  /** Adds a value. */
  readonly push: (value: T) => void;
  /** Ends the stream after what it holds; with an error, by throwing it. */
  readonly end: (error?: Error) => void;
}

/** Creates a stream that holds at most `capacity` values; `onStop` is called when the reader leaves early. */
export function createStream<T>(capacity: number, onStop: () => void): StreamSource<T> {
  const source = new BoundedStream<T>(capacity, onStop);
  return {
    stream: source,
    push: (value) => {
      source.push(value);
    },
    end: (error) => {
      source.end(error);
    },
  };
}

interface Reader<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: Error) => void;
}

class BoundedStream<T> implements Stream<T> {
  dropped = 0;
  readonly #capacity: number;
  readonly #onStop: () => void;
  readonly #values: T[] = [];
  readonly #readers: Reader<T>[] = [];
  #hasEnded = false;
  #error: Error | undefined;

  constructor(capacity: number, onStop: () => void) {
    this.#capacity = Math.max(1, capacity);
    this.#onStop = onStop;
  }

  push(value: T): void {
    if (this.#hasEnded) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value });
      return;
    }
    if (this.#values.length >= this.#capacity) {
      this.#values.shift();
      this.dropped += 1;
    }
    this.#values.push(value);
  }

  end(error?: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#error = error;
    const [first, ...others] = this.#readers.splice(0);
    if (first !== undefined) this.#settleEnd(first);
    for (const reader of others) reader.resolve({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.#values.length > 0) resolve({ done: false, value: this.#values.shift() as T });
      else if (this.#hasEnded) this.#settleEnd({ resolve, reject });
      else this.#readers.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#values.length = 0;
    this.end();
    this.#error = undefined;
    this.#onStop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** An error is thrown once; whoever asks again is told that it is over. */
  #settleEnd(reader: Reader<T>): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(error);
  }
}
