/** Starts a worker, or says in a sentence why none could start. */

import { messageOf } from "../errors";
import { scriptWorker } from "../util/script-worker";
import type { Port } from "./peer";

/** What the script says first. */
export interface Greeting {
  ready: {
    /** Whether it has WebGPU. */
    gpu: boolean;
    /** The name of a lock that it holds for life. */
    life?: string;
  };
}

export type Started = ({ worker: Worker & Port } & Greeting["ready"]) | { refusal: string };

/** Tells the script that it is to serve a page, and developers what the worker is. */
export const WORKER_NAME = "attendant";

/** A script that has said nothing for so long is another script. Milliseconds. */
const SILENCE = 30_000;

/**
 * @param address of the script
 * @throws `signal.reason` once aborted
 */
export async function startWorker(address: () => string | URL, signal?: AbortSignal): Promise<Started> {
  signal?.throwIfAborted();
  if (typeof Worker !== "function") return { refusal: "there is no Worker here" };
  let url: URL;
  let worker: Worker;
  try {
    url = new URL(address(), globalThis.document?.baseURI ?? globalThis.location?.href);
    worker = scriptWorker(url, WORKER_NAME);
  } catch (error) {
    return { refusal: messageOf(error) };
  }
  const answer = await greeting(worker, signal);
  if (typeof answer !== "string" && !signal?.aborted) return { worker, ...answer.ready };
  worker.terminate();
  signal?.throwIfAborted();
  const place = url.href.replace(/[?#].*$/, "");
  return { refusal: `${place} ${answer as string}` };
}

/** Calls back when the worker has died without a word, as when the browser ends it to save memory. */
export function watchLife(life: string | undefined, signal: AbortSignal, onDeath: () => void): void {
  if (life !== undefined) navigator.locks.request(life, { signal }, onDeath).catch(() => undefined);
}

/** The greeting, or why there is none. A policy that forbids the worker and a file that is missing look the same. */
function greeting(worker: Worker, signal?: AbortSignal): Promise<Greeting | string> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const settle = (answer: Greeting | string): void => {
      over.abort();
      clearTimeout(timer);
      resolve(answer);
    };
    const timer = setTimeout(() => settle(`has not answered for ${SILENCE / 1000} seconds`), SILENCE);
    const on = { signal: over.signal };
    worker.addEventListener("message", ({ data }: MessageEvent<Greeting>) => data.ready && settle(data), on);
    worker.addEventListener(
      "error",
      (event) => {
        event.preventDefault();
        const { message } = event as Partial<ErrorEvent>;
        settle(message ? `failed: ${message}` : "is not there, or the page's Content-Security-Policy refuses it");
      },
      on,
    );
    signal?.addEventListener("abort", () => settle("was not waited for"), on);
  });
}
