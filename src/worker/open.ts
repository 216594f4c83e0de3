/** Loads a model where its calls are to run: in a worker of its own, or in this thread. */

import { loadPart } from "../util/part";
import type { LoadOptions } from "../engine/load-options";
import type { RunningModel } from "../engine/running-model";
import type { Source } from "../loading/sources/source";
import { workerAddress } from "./address";
import { loadRemote } from "./remote-model";
import { sendable } from "./sources";
import { startWorker } from "./start";

/** @param options checked; `onWarning` is given */
export async function openModel(source: Source, options: LoadOptions): Promise<RunningModel> {
  // A worker of the user's own keeps its page free already, and Node has no page.
  const { worker = typeof document === "object", device = "auto", signal, onWarning } = options;
  if (worker) {
    const sent = await sendable(source);
    const started = await startWorker(workerAddress, signal);
    const refusal = "refusal" in started ? started.refusal : lacksGpu(started.gpu, device);
    if ("worker" in started) {
      if (refusal === undefined) return loadRemote(started, sent, options);
      started.worker.terminate();
    }
    onWarning?.(`load: The model runs in the calling thread, because no worker could start: ${refusal}.`);
  }
  const { loadLocal } = await loadPart("runs models", () => import("../engine/core"));
  return loadLocal(source, options);
}

/** In some browsers only pages have WebGPU. It is worth more than a free thread. */
function lacksGpu(workerHasGpu: boolean, device: NonNullable<LoadOptions["device"]>): string | undefined {
  const wanted = device === "auto" || device === "webgpu";
  const pageHasGpu = "gpu" in ((globalThis as { navigator?: object }).navigator ?? {});
  return wanted && !workerHasGpu && pageHasGpu ? "the workers of this browser have no WebGPU" : undefined;
}
