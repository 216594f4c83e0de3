/** How many threads to compute with, found out without loading what runs them. */

import { messageOf } from "../../errors";
import { nodeModule } from "../../util/node-module";

type Os = typeof import("node:os");

/** How many threads a backend takes, and who is told that it takes fewer. */
export interface ThreadOptions {
  threads: "auto" | number;
  onWarning?: (message: string) => void;
  /** From how many multiplications on a call is cut; by default measured, or a fixed number where `threads` is one. */
  smallest?: number;
}

/** "auto" takes at most so many: a token is bound by memory, of which more threads do not give more. */
const MOST_BY_ITSELF = 4;

/** Why threads can't share a memory here, in a sentence; undefined where they can. */
function threadsRefusal(): string | undefined {
  // Node has no pages, so it has nothing to isolate.
  if ((globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === false)
    return "the page is not cross-origin isolated (it needs the headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy)";
  if (typeof SharedArrayBuffer !== "function") return "there is no SharedArrayBuffer here";
  return undefined;
}

/** Half of the cores, so that the page and what else runs keep theirs. */
function threadsByItself(): number {
  if (threadsRefusal()) return 1;
  const cores =
    (globalThis.navigator as Navigator | undefined)?.hardwareConcurrency ??
    nodeModule<Os>("node:os").availableParallelism();
  return Math.max(1, Math.min(MOST_BY_ITSELF, Math.floor(cores / 2)));
}

/** Warns that one thread computes where several were asked for. With "auto" there is nothing to warn of. */
export function warnOfThreads({ threads, onWarning }: ThreadOptions, reason: unknown): void {
  if (threads === "auto") return;
  const why = messageOf(reason);
  onWarning?.(`load: threads: ${threads} has no effect: ${why.replace(/\.$/, "")}. One thread computes.`);
}

/** How many threads to start. */
export function countThreads(options: ThreadOptions): number {
  const { threads } = options;
  if (threads === "auto") return threadsByItself();
  const refusal = threads > 1 ? threadsRefusal() : undefined;
  if (refusal === undefined) return threads;
  warnOfThreads(options, refusal);
  return 1;
}
