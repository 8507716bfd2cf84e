/**
 * Listeners, and the one way in which the runtime calls code that is not its own.
 *
 * A listener that throws is reported and never keeps the others from being called.
 */

/** Takes back what the call before it did. */
export type Unsubscribe = () => void;

/** Where exceptions of callbacks go. */
export type Report = (error: unknown) => void;

/** A set of listeners for one kind of event. */
export interface Listeners<Args extends unknown[]> {
  /** How many there are. */
  readonly size: number;
  /** Adds a listener until it is taken back or the signal aborts; the same function twice is two listeners. */
  add(listener: (...args: Args) => void, signal?: AbortSignal): Unsubscribe;
  /** Calls every listener that was there when the event happened. */
  emit(...args: Args): void;
  /** Removes every listener. */
  clear(): void;
}

/** Creates an empty set of listeners. */
export function createListeners<Args extends unknown[]>(report: Report): Listeners<Args> {
  const removers = new Map<(...args: Args) => void, Unsubscribe>();
  return {
    get size(): number {
      return removers.size;
    },
    add(listener, signal) {
      const own = (...args: Args): void => {
        listener(...args);
      };
      const remove = (): void => {
        detach();
        removers.delete(own);
      };
      const detach = onAbort(signal, remove);
      if (!signal?.aborted) removers.set(own, remove);
      return remove;
    },
    emit(...args) {
      for (const listener of [...removers.keys()]) callSafely(report, listener, ...args);
    },
    clear() {
      for (const remove of [...removers.values()]) remove();
    },
  };
}

/** Calls a callback of the user, if there is one; what it throws is reported. */
export function callSafely<Args extends unknown[]>(
  report: Report,
  callback: ((...args: Args) => void) | undefined,
  ...args: Args
): void {
  try {
    callback?.(...args);
  } catch (error) {
    report(error);
  }
}

/** Calls back when the signal aborts; the result takes the listener off the signal again. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): Unsubscribe {
  signal?.addEventListener('abort', listener);
  return () => {
    signal?.removeEventListener('abort', listener);
  };
}
