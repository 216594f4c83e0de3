/** How the sequences of a call begin: the prompts of the decoder, and the option `constraint`. */

import { ModelError } from "../errors";
import type { ModelInfo } from "../models/model";
import { checkIds, toRows } from "./batch";

/**
 * One prompt per row, start token first, all of the same length. The start token is put before `decoder_input_ids` if no row
 * begins with it, as Hugging Face does (`_prepare_decoder_input_ids_for_generation`).
 */
export function prompts(
  rows: number[][] | undefined,
  count: number,
  start: number | readonly number[],
  info: ModelInfo,
): number[][] {
  if (typeof start !== "number" && start.length !== count) {
    throw new ModelError(
      "invalid_option",
      `decoder_start_token_id has ${start.length} tokens, but input_ids has ${count} rows.`,
      "Pass one token id, or one per row.",
    );
  }
  const starts = Array.from({ length: count }, (_, row) => (typeof start === "number" ? start : start[row]));
  if (rows === undefined) return starts.map((token) => [token]);
  const name = "decoder_input_ids";
  checkIds(rows, { name, vocabSize: info.targetVocabSize, maxLength: info.maxTargetLength - 1 });
  if (rows.length !== count) {
    throw new ModelError("invalid_input", `${name} has ${rows.length} rows, but input_ids has ${count}.`);
  }
  if (rows.some(({ length }) => length !== rows[0].length)) {
    throw new ModelError("invalid_input", `${name}: all rows must have the same length.`, "Make one call per length.");
  }
  const missing = rows.every(([first], row) => first !== starts[row]);
  return missing ? rows.map((row, i) => [starts[i], ...row]) : rows;
}

/** The option `constraint`: one beginning for all rows, or one per row. */
export function prefixes(constraint: unknown, count: number, info: ModelInfo): number[][] | undefined {
  if (constraint === undefined || constraint === null) return undefined;
  const rows = toRows("constraint", constraint);
  if (rows.length === 1 && rows[0].length === 0) return undefined;
  checkIds(rows, { name: "constraint", vocabSize: info.targetVocabSize, maxLength: info.maxTargetLength });
  if (rows.length === count) return rows;
  if (rows.length === 1) return Array.from({ length: count }, () => rows[0]);
  throw new ModelError("invalid_input", `constraint has ${rows.length} rows, but input_ids has ${count}.`);
}
