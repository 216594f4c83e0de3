/** A stream that crosses a port item by item: as its own side gives it, and as the other side reads it. */

import type { Items } from "./wire";

/** How a stream of the other side is read. */
export interface Ends {
  next(): Promise<IteratorResult<unknown>>;
  /** Tells the other side that nobody reads on. */
  leave(): Promise<void>;
  /** It has ended; called once. */
  end(): void;
}

/** Not a generator, since `return` must not wait for a `next` that may never come. */
export function remoteStream(stream: Ends): AsyncIterableIterator<unknown> {
  let open = true;
  const over: IteratorResult<unknown> = { done: true, value: undefined };
  const end = (): void => {
    if (open) stream.end();
    open = false;
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (!open) return over;
      try {
        const result = await stream.next();
        if (result.done) end();
        return result;
      } catch (error) {
        end(); // A stream whose `next` fails has ended.
        throw error;
      }
    },
    async return() {
      if (!open) return over;
      try {
        await stream.leave();
      } finally {
        end();
      }
      return over;
    },
  };
}

/** A ReadableStream is read by its reader, because Safari had streams long before it could loop over them. */
export function itemsOf(value: Items | ReadableStream<unknown>): AsyncIterator<unknown> {
  if (!("getReader" in value)) return value[Symbol.asyncIterator]();
  const reader = value.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}
