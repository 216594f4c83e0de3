/**
 * Lets tests in Node take the way through a worker: a stand-in for `Worker` serves the model in the same thread, behind a real
 * MessageChannel, so that every message is cloned and every array transferred as in a page.
 */

import { afterAll, expect, vi } from "vitest";
import { Seq2Seq } from "../../../src/index";
import { hostModel } from "../../../src/worker/host";
import type { Greeting } from "../../../src/worker/start";

let started = 0;

class StandIn extends EventTarget {
  private readonly page: MessagePort;
  private readonly inside: MessagePort;

  constructor() {
    super();
    const { port1, port2 } = new MessageChannel();
    this.page = port1;
    this.inside = port2;
    port1.addEventListener("message", (event) =>
      this.dispatchEvent(new MessageEvent("message", { data: event.data as unknown })),
    );
    port1.start();
    hostModel(port2);
    port2.start();
    port2.postMessage({ ready: { gpu: globalThis.navigator !== undefined && "gpu" in navigator } } satisfies Greeting);
    started++;
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.page.postMessage(message, transfer);
  }

  terminate(): void {
    this.page.close();
    this.inside.close();
  }
}

// Node has no page whose address a script could be relative to.
vi.mock("../../../src/worker/address", () => ({ workerAddress: () => "http://localhost/worker.js" }));
Object.assign(globalThis, { Worker: StandIn });

let loaded = 0;
const load = Seq2Seq.load.bind(Seq2Seq);
Seq2Seq.load = async (source, options = {}) => {
  const model = await load(
    source,
    typeof options === "object" && options !== null ? { worker: true, ...options } : options,
  );
  if (options?.worker !== false) loaded++;
  return model;
};
// Where no worker starts, a model runs without one, which is not what is tested here.
afterAll(() => expect(started).toBeGreaterThanOrEqual(loaded));
