/**
 * The script of the worker, and of the threads that it starts. In `attendant.js` it is a part of the page's own script, and does
 * nothing there.
 */

import "../backends/wasm/thread.js";
import { hostModel } from "./host";
import type { Port } from "./peer";
import { WORKER_NAME, type Greeting } from "./start";

const scope = globalThis as unknown as Port & { name?: string; postMessage(message: Greeting): void };
// In a page, the name is that of the window, which may be anything.
if (scope.name === WORKER_NAME && typeof document === "undefined") {
  hostModel(scope);
  void greet();
}

/** The worker holds a lock for as long as it lives. A page that gets it knows that the worker has died. */
async function greet(): Promise<void> {
  const ready = { gpu: "gpu" in navigator };
  const life = `${WORKER_NAME} ${Math.random()}`;
  try {
    // Not in every context: without a lock, only an error in the worker tells of its end.
    await navigator.locks.request(life, () => {
      scope.postMessage({ ready: { ...ready, life } });
      return new Promise(() => undefined);
    });
  } catch {
    scope.postMessage({ ready });
  }
}
