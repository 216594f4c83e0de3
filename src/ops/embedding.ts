/** The operation that makes vectors of token ids. */

import { invariant } from "../errors";
import type { Tensor } from "../tensor/tensor";
import { WEIGHT_FORMATS } from "../tensor/weight-format";
import { expectShape, result } from "./contract";
import { expectNorm, type Norm } from "./rowwise";

export interface EmbedOptions {
  /** Multiplies the row of the table. */
  scale: number;
  /** Normalises what that gives, before the positions are added, or with them. */
  norm?: Norm;
  /** Whether the norm comes after the positions; before them where absent. */
  normLast?: boolean;
  /** (P, D) */
  positions?: Tensor;
  /** (B) u32: the position of the first id of each row; 0 where absent. */
  offset?: Tensor;
  /**
   * Counts positions as fairseq does: a pad gets row `padTokenId` of `positions`, any other id the row
   * padTokenId + offset + how many ids of its row, up to itself, are not pads.
   */
  padTokenId?: number;
}

export const embedding = {
  /**
   * norm(table[ids] * scale) + positions[offset + t], or with `normLast` the norm of the sum: ids (B, T), table (V, D) ->
   * (B, T, D). Sections 3.4 and 3.5 of the paper.
   */
  embed(ids: Tensor, table: Tensor, { norm, positions, offset, padTokenId }: EmbedOptions) {
    expectShape("embed", "ids", ids, [null, null]);
    expectShape("embed", "table", table, [null, null], WEIGHT_FORMATS);
    expectNorm("embed", norm, table.shape[1]);
    if (positions) expectShape("embed", "positions", positions, [null, table.shape[1]]);
    invariant(positions || (!offset && padTokenId === undefined), "embed: offset or padTokenId without positions");
    if (offset) expectShape("embed", "offset", offset, [ids.shape[0]]);
    return result([...ids.shape, table.shape[1]]);
  },
};
