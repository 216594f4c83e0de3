/**
 * Models that run in the calling thread, in a page, too: for tests that look inside the engine, or break what it works with.
 * All others take the way of users, which in a page is a worker.
 */

import { Seq2Seq, type LoadOptions, type Source } from "../../../src/index";

export const loadInThisThread = (source: Source, options: LoadOptions = {}): Promise<Seq2Seq> =>
  Seq2Seq.load(source, { ...options, worker: false });

/**
 * As users load them, but for two things. On a GPU they run in the calling thread: there the models of a page share a device
 * (page/shared-device.ts), where each worker would compile all shaders again. And their files are not kept: a browser takes as long to
 * store dozens of small models as to run them, and the store has tests of its own.
 */
export const loadForGoldens = (source: Source, options: LoadOptions): Promise<Seq2Seq> =>
  Seq2Seq.load(source, { ...options, cache: false, ...(options.device === "webgpu" ? { worker: false } : {}) });
