/**
 * Models that run in the calling thread, in a page, too: for tests that look inside the engine, or break what it works with.
 * All others take the way of users, which in a page is a worker.
 */

import { Seq2Seq, type LoadOptions, type Source } from "../../../src/index";

export const loadInThisThread = (source: Source, options: LoadOptions = {}): Promise<Seq2Seq> =>
  Seq2Seq.load(source, { ...options, worker: false });

/**
 * As users load them, but on a GPU in the calling thread: there the models of a page share a device (page/shared-device.ts),
 * where each worker would compile all shaders again.
 */
export const loadForGoldens = (source: Source, options: LoadOptions): Promise<Seq2Seq> =>
  options.device === "webgpu" ? loadInThisThread(source, options) : Seq2Seq.load(source, options);
