/** What a model in this thread computes with, so that a test may count it, or keep its pace. */

import type { LocalSeq2Seq } from "../../../src/engine/seq2seq";
import type { Ops } from "../../../src/ops/ops";
import { steadyPace } from "../../../src/ops/pace";

export const opsOf = (model: LocalSeq2Seq): Ops =>
  (model as unknown as { engines: { engine: { ops: Ops } } }).engines.engine.ops;

/** `limit` steps are in flight all the time, whatever the clock says. */
export const keepPace = (model: LocalSeq2Seq, limit: number): void =>
  void Object.assign(opsOf(model), { pace: steadyPace(limit) });
