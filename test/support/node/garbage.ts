/** Garbage is collected when a test asks for it, so that what is held can be counted. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Twice: what one collection finds is freed by a thread of its own, which the next one waits for. */
export function collectGarbage(): void {
  collect();
  collect();
}

/** Bytes of objects, and of array buffers, that something still refers to. */
export function heldBytes(): { heap: number; arrays: number } {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, arrays: arrayBuffers };
}
