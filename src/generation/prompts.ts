/** What the sequences of a call start with: the decoder's prompts, and beginnings that the output must have. */

import { ModelError } from "../errors";
import type { ModelInfo } from "../models/model";
import { checkIds, toRows } from "./batch";

/**
 * One prompt a row, start token first; it is put before `decoder_input_ids` where no row begins with it, as Hugging
 * Face does (`_prepare_decoder_input_ids_for_generation`). All are of one length.
 */
export function prompts(
  rows: number[][] | undefined,
  count: number,
  startTokenId: number,
  info: ModelInfo,
): number[][] {
  if (rows === undefined) return Array.from({ length: count }, () => [startTokenId]);
  const name = "decoder_input_ids";
  checkIds(rows, { name, vocabSize: info.targetVocabSize, maxLength: info.maxTargetLength - 1 });
  if (rows.length !== count) {
    throw new ModelError("invalid_input", `${name}: ${rows.length} rows for ${count} rows of input_ids.`);
  }
  if (rows.some(({ length }) => length !== rows[0].length)) {
    throw new ModelError("invalid_input", `${name}: all rows must have the same length.`, "Make one call a length.");
  }
  const missing = rows.every(([first]) => first !== startTokenId);
  return missing ? rows.map((row) => [startTokenId, ...row]) : rows;
}

/** The option `constraint`: one beginning for all rows, or one a row. */
export function prefixes(constraint: unknown, count: number, info: ModelInfo): number[][] | undefined {
  if (constraint === undefined || constraint === null) return undefined;
  const rows = toRows("constraint", constraint);
  if (rows.length === 1 && rows[0].length === 0) return undefined;
  checkIds(rows, { name: "constraint", vocabSize: info.targetVocabSize, maxLength: info.maxTargetLength });
  if (rows.length === count) return rows;
  if (rows.length === 1) return Array.from({ length: count }, () => rows[0]);
  throw new ModelError("invalid_input", `constraint: ${rows.length} rows for ${count} rows of input_ids.`);
}
