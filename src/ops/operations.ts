/** All operations, as their groups describe them: the one list, from which the types of both sides come. */

import { attention } from "./attention";
import type { audio } from "./audio";
import { beams } from "./beams";
import type { ImplementationOf, OperationsOf } from "./contract";
import { embedding } from "./embedding";
import { linear } from "./linear";
import { rowwise } from "./rowwise";
import { selection } from "./selection";

export const contract = { ...embedding, ...rowwise, ...linear, ...attention, ...selection, ...beams };

/**
 * Operations that a backend has only where it is made with them: those of audio.ts, which load with the families that read
 * sound. A backend without them is complete for every other model.
 */
export interface MoreOperations {
  contract: typeof audio;
}

type Whole = typeof contract & MoreOperations["contract"];

/** What models are written in; to be called inside of `record`. */
export type Operations = OperationsOf<Whole>;

/** What every backend computes. */
export type Implementation = ImplementationOf<typeof contract>;

/** What a backend computes that has all operations at hand. */
export type WholeImplementation = ImplementationOf<Whole>;
