/** From a generator of bytes to a stream that is read at the pace of its reader. */

import type { Release } from "./lock";

/** A stream that asks the generator for one chunk at a time. `done` is called at its end, whatever that is. */
export function streamOf(
  start: (signal: AbortSignal) => AsyncGenerator<Uint8Array, void, undefined>,
  outer: AbortSignal | undefined,
  done: Release,
): ReadableStream<Uint8Array> {
  const controller = new AbortController();
  const signal = outer ? AbortSignal.any([outer, controller.signal]) : controller.signal;
  const chunks = start(signal);
  return new ReadableStream<Uint8Array>(
    {
      async pull(stream) {
        try {
          const next = await chunks.next();
          if (!next.done) return stream.enqueue(next.value);
          stream.close();
        } catch (error) {
          stream.error(error);
        }
        done();
      },
      async cancel(reason) {
        // Ends a read that waits for the network; the generator then keeps what it has.
        controller.abort(reason ?? new DOMException("The stream was cancelled.", "AbortError"));
        await chunks.return().catch(() => undefined);
        done();
      },
    },
    { highWaterMark: 0 },
  );
}
