/** Waiting that an AbortSignal ends early. */

interface Waiting {
  acts: Set<() => void>;
  stop: () => void;
}

const waitingOn = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `act` once the signal is aborted. All acts of a signal share one listener: a load reads a dozen files at a time, and Node takes
 * more than ten listeners for a leak.
 * @returns a function that takes `act` off the signal again
 */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (!signal) return () => undefined;
  const { acts, stop } = waitingOn.get(signal) ?? listen(signal);
  const own = (): void => act();
  acts.add(own);
  return () => {
    if (acts.delete(own) && acts.size === 0) stop();
  };
}

function listen(signal: AbortSignal): Waiting {
  const acts = new Set<() => void>();
  const abort = (): void => {
    waitingOn.delete(signal);
    for (const act of acts) act();
  };
  const stop = (): void => {
    waitingOn.delete(signal);
    signal.removeEventListener("abort", abort);
  };
  signal.addEventListener("abort", abort, { once: true });
  const waiting = { acts, stop };
  waitingOn.set(signal, waiting);
  return waiting;
}

/** Settles as `promise` does, or rejects with `signal.reason` once `signal` is aborted. The work behind the promise goes on. */
export function untilAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    const forget = onAbort(signal, abort);
    promise.then(resolve, reject).finally(forget);
  });
}
