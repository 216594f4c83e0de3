/**
 * The table of operation cases. Each makes its inputs from a seed, records one operation and returns what it wrote. The same
 * table runs on every backend; see test/browser/ops.test.ts for the comparison. There is one file for each group of
 * src/ops/, and one for weights in fewer bits.
 */

import { cases, type OpCase } from "./op-bench";
import "./op-cases-attention";
import "./op-cases-audio";
import "./op-cases-beams";
import "./op-cases-embedding";
import "./op-cases-formats";
import "./op-cases-linear";
import "./op-cases-rowwise";
import "./op-cases-selection";

export type { OpCase } from "./op-bench";
export const opCases: readonly OpCase[] = cases;
