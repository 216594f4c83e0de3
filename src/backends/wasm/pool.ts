/**
 * Threads that share the one memory. A call of a kernel is cut into parts; this thread and those of the pool (thread.js) take
 * parts until none is left. So a thread that sleeps costs time, but nothing waits for it.
 *
 * All of it is a few words in the memory. TICKET says which call it is and how many of its parts nobody has taken yet; a part
 * is taken by counting it down. The arguments of a call stay as they are until all of its parts are done.
 */

import { ModelError } from "../../errors";
import { nodeModule } from "../../util/node-module";
import { scriptWorker } from "../../util/script-worker";
import type { Kernels } from "./kernels";
import type { Space } from "./memory";
import { startThread } from "./thread-script";

/** A call is cut into at most so many parts. */
export const MOST_PARTS = 16;
/** Words of the control block, then the arguments of each part as doubles, which hold every pointer and every float. */
const LAYOUT = { TICKET: 0, DONE: 1, FAILED: 2, KERNEL: 3, SLEEPING: 4, WAITING: 5, ARGUMENTS: 8, MOST: 24 } as const;
const { TICKET, DONE, FAILED, KERNEL, SLEEPING, WAITING, ARGUMENTS, MOST } = LAYOUT;
/** How often a thread looks for the next call before it sleeps: about 50 microseconds. */
const SPINS = 5_000;
/** A thread that has not come up after so long is not waited for. Milliseconds. */
const STARTING = 10_000;
/** Milliseconds. No part of a call takes so long, so the thread that took it has ended. */
const PATIENCE = 60_000;

export type KernelName = keyof Kernels;

/** What a worker of a page and one of Node have in common. */
interface Thread {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

export interface Pool {
  /** This thread and those of the pool. */
  readonly threads: number;
  /**
   * Calls a kernel once with each list of arguments, in any order, and returns when all are done.
   * @throws ModelError `device_lost` where a thread has failed
   */
  run(this: void, name: KernelName, parts: readonly (readonly number[])[]): void;
  /** Ends the threads. */
  dispose(this: void): void;
}

/**
 * @param threads this one included
 * @throws where a thread does not start
 */
export async function startPool(
  threads: number,
  module: WebAssembly.Module,
  kernels: Kernels,
  space: Space,
): Promise<Pool> {
  const control = space.take(4 * ARGUMENTS + 8 * MOST * MOST_PARTS);
  const { buffer } = space.memory;
  const words = new Int32Array(buffer, control, ARGUMENTS).fill(0);
  const values = new Float64Array(buffer, control + 4 * ARGUMENTS, MOST * MOST_PARTS);
  const names = Object.entries(kernels).flatMap(([name, value]) =>
    typeof value === "function" ? [name as KernelName] : [],
  );
  const byName = kernels as unknown as Record<KernelName, (...args: number[]) => unknown>;
  const calls = names.map((name) => byName[name]);
  let call = 0;
  let lost = false;
  const onError = (): void => void (lost = true);
  const start = { module, memory: space.memory, control, names, layout: LAYOUT, spins: SPINS };
  const opened = await Promise.allSettled(Array.from({ length: threads - 1 }, () => openThread(start, onError)));
  const running = opened.flatMap((thread) => (thread.status === "fulfilled" ? [thread.value] : []));
  const dispose = (): void => void running.splice(0).forEach((thread) => thread.terminate());
  const failed = opened.find((thread) => thread.status === "rejected");
  if (failed) {
    dispose();
    throw failed.reason;
  }

  /** Takes one part; -1 where none is left. */
  function take(): number {
    for (;;) {
      const ticket = Atomics.load(words, TICKET);
      const left = ticket & 255;
      if (left === 0) return -1;
      if (Atomics.compareExchange(words, TICKET, ticket, ticket - 1) === ticket) return left - 1;
    }
  }

  function fail(cause?: unknown): ModelError {
    lost = true;
    dispose();
    return new ModelError(
      "device_lost",
      "A thread of the WebAssembly kernels has failed.",
      "Load the model again; with threads: 1 it needs no other thread.",
      { cause },
    );
  }

  function check(): void {
    if (lost || Atomics.load(words, FAILED) !== 0) throw fail();
  }

  /** Waits until the other threads have done `count` parts. */
  function waitFor(count: number): void {
    for (let turns = 0; turns < SPINS; turns++) if (Atomics.load(words, DONE) === count) return;
    const end = performance.now() + PATIENCE;
    Atomics.store(words, WAITING, 1);
    for (let done = Atomics.load(words, DONE); done !== count; done = Atomics.load(words, DONE)) {
      if (maySleep) Atomics.wait(words, DONE, done, 100);
      if (performance.now() > end) lost = true;
      if (lost) break;
    }
    Atomics.store(words, WAITING, 0);
  }

  return {
    threads,
    run(name, parts) {
      check();
      words[KERNEL] = names.indexOf(name);
      parts.forEach((part, i) => values.set(part, i * MOST));
      Atomics.store(words, DONE, 0);
      call = (call + 1) & 0x7fffff;
      Atomics.store(words, TICKET, (call << 8) | parts.length);
      if (Atomics.load(words, SLEEPING) > 0) Atomics.notify(words, TICKET);
      let own = 0;
      try {
        for (let part = take(); part >= 0; part = take(), own++) calls[words[KERNEL]](...parts[part]);
      } catch (cause) {
        throw fail(cause);
      }
      waitFor(parts.length - own);
      check();
    },
    dispose,
  };
}

/** The thread of a page may not sleep; those of workers and of Node may. */
const maySleep = typeof document === "undefined";

/** A thread that is ready. */
async function openThread(start: object, onError: () => void): Promise<Thread> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const { thread, ready } = typeof Worker === "function" ? pageThread(onError) : nodeThread(onError);
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("A thread has not started.")), STARTING);
  });
  try {
    thread.postMessage(start);
    await Promise.race([ready, late]);
    return thread;
  } catch (error) {
    thread.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

interface Opened {
  thread: Thread;
  /** Rejects where the script can't be run. */
  ready: Promise<void>;
}

/** The name of a worker that is a thread: `thread.js` may be a part of a file that is more. In Node it is the worker's data. */
const THREAD_NAME = "attendant-thread";

function pageThread(onError: () => void): Opened {
  const thread = startThread(
    class {
      constructor(url: URL) {
        return scriptWorker(url, THREAD_NAME);
      }
    } as new (url: URL) => Worker,
  );
  const ready = new Promise<void>((resolve, reject) => {
    thread.onmessage = () => resolve();
    thread.onerror = (event) => {
      event.preventDefault();
      onError();
      reject(new Error(event.message || "The script thread.js can't be loaded."));
    };
  });
  return { thread, ready };
}

function nodeThread(onError: () => void): Opened {
  const { Worker } = nodeModule<typeof import("node:worker_threads")>("node:worker_threads");
  const thread = startThread(
    class extends Worker {
      constructor(url: URL) {
        super(url, { workerData: THREAD_NAME });
      }
    },
  );
  const ready = new Promise<void>((resolve, reject) => {
    thread.once("message", () => resolve());
    thread.on("error", (error) => {
      onError();
      reject(error);
    });
  });
  // What is idle keeps no process alive.
  thread.unref();
  return { thread, ready };
}
