/** All operations, as their groups describe them: the one list, from which the types of both sides come. */

import { attention } from "./attention";
import { beams } from "./beams";
import type { ImplementationOf, OperationsOf } from "./contract";
import { embedding } from "./embedding";
import { linear } from "./linear";
import { rowwise } from "./rowwise";
import { selection } from "./selection";

export const contract = { ...embedding, ...rowwise, ...linear, ...attention, ...selection, ...beams };

/** What models are written in; to be called inside of `record`. */
export type Operations = OperationsOf<typeof contract>;

/** What a backend computes. */
export type Implementation = ImplementationOf<typeof contract>;
