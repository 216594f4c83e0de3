/** What the operation of src/ops/embedding.ts computes. */

import type { ImplementationOf } from "../../ops/contract";
import type { embedding as contract } from "../../ops/embedding";
import { normalise } from "./rowwise";
import { f32, matrix, u32 } from "./tensors";

export const embedding: ImplementationOf<typeof contract> = {
  embed(y, ids, table, { scale, norm, normLast, positions, offset, padTokenId }) {
    const [b, t, d] = y.shape;
    const [out, tokens, rows] = [f32(y), u32(ids), matrix(table)];
    const x = new Float64Array(d);
    const positionRows = positions && f32(positions);
    for (let row = 0; row < b; row++) {
      let position = offset ? u32(offset)[row] : 0;
      for (let i = 0; i < t; i++) {
        const id = tokens[row * t + i];
        const to = (row * t + i) * d;
        let from = position * d; // of the position table
        if (padTokenId === undefined) position++;
        else from = (padTokenId + (id === padTokenId ? 0 : ++position)) * d;
        const token = rows.load(id, 1);
        for (let c = 0; c < d; c++) x[c] = rows.values[token + c] * scale;
        if (norm && !normLast) normalise(x, x.slice(), norm, d);
        if (positionRows) for (let c = 0; c < d; c++) x[c] += positionRows[from + c];
        if (norm && normLast) normalise(x, x.slice(), norm, d);
        out.set(x, to);
      }
    }
  },
};
