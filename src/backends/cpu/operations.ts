/** All operations on the CPU, as plain loops: float32 storage, float64 sums. The specification of every other backend. */

import type { WholeImplementation } from "../../ops/operations";
import { attention } from "./attention";
import { audio } from "./audio";
import { beams } from "./beams";
import { embedding } from "./embedding";
import type { Arithmetic } from "./int8";
import { createLinear } from "./linear";
import { rowwise } from "./rowwise";
import { selection } from "./selection";

export const createImplementation = (arithmetic: Arithmetic): WholeImplementation => ({
  ...embedding,
  ...rowwise,
  ...createLinear(arithmetic),
  ...attention,
  ...selection,
  ...beams,
  ...audio,
});
