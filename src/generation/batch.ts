/** Checks and pads what a caller passes as token ids, so that nothing unknown reaches a kernel. */

import { ModelError } from "../errors";
import type { ModelInfo } from "../models/model";

export interface Batch {
  /** Rows as they came. */
  ids: number[][];
  /** 1 for a token to read, 0 for padding; as long as its row. */
  mask: number[][];
  /** The longest row. */
  length: number;
}

interface Rules {
  /** What to call the argument in messages. */
  name: string;
  vocabSize: number;
  maxLength: number;
}

/** `number[]` is one row; typed arrays are rows, too. */
export function toRows(name: string, value: unknown): number[][] {
  if (!isList(value))
    throw new ModelError("invalid_input", `${name} must be a list of token ids or a list of such lists.`);
  const nested = Array.from(value).filter(isList).length;
  if (nested > 0 && nested < value.length)
    throw new ModelError("invalid_input", `${name} mixes token ids and rows of them.`);
  const rows = nested > 0 ? value : [value];
  return Array.from(rows as ArrayLike<ArrayLike<number>>, (row) => Array.from(row));
}

function isList(value: unknown): value is ArrayLike<unknown> {
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return false; // bigints are no token ids
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

export function checkIds(rows: number[][], { name, vocabSize, maxLength }: Rules): void {
  if (rows.length === 0) throw new ModelError("invalid_input", `${name} holds no rows.`);
  for (const [i, row] of rows.entries()) {
    if (row.length === 0) throw new ModelError("invalid_input", `${name}: row ${i} is empty.`);
    if (row.length > maxLength) {
      throw new ModelError(
        "invalid_input",
        `${name}: row ${i} has ${row.length} tokens, more than the ${maxLength} positions of this model.`,
        "Split the text into shorter parts.",
      );
    }
    for (const [j, id] of row.entries()) {
      if (!Number.isSafeInteger(id) || id < 0 || id >= vocabSize) {
        throw new ModelError(
          "invalid_input",
          `${name}: token id ${String(id)} at row ${i}, position ${j}; ids go from 0 to ${vocabSize - 1}.`,
        );
      }
    }
  }
}

/**
 * The source side of a batch. Without a mask pad tokens are not read, as in torch's examples
 * (`src_key_padding_mask = src == pad`) and in Hugging Face's `generate`. No `padTokenId`: every token is read.
 */
export function sourceBatch(
  inputIds: unknown,
  attentionMask: unknown,
  padTokenId: number | undefined,
  info: Pick<ModelInfo, "sourceVocabSize" | "maxSourceLength">,
): Batch {
  const name = "input_ids";
  const ids = toRows(name, inputIds);
  checkIds(ids, { name, vocabSize: info.sourceVocabSize, maxLength: info.maxSourceLength });
  let mask: number[][] = ids.map((row) => row.map((id) => (id === padTokenId ? 0 : 1)));
  // A row of nothing but padding would leave attention without a key.
  mask = mask.map((row) => (row.includes(1) ? row : row.map(() => 1)));
  if (attentionMask !== undefined && attentionMask !== null) {
    mask = toRows("attention_mask", attentionMask);
    const fits = mask.length === ids.length && mask.every((row, i) => row.length === ids[i].length);
    if (!fits) throw new ModelError("invalid_input", `attention_mask must have the rows and lengths of ${name}.`);
    if (!mask.every((row) => row.every((m) => m === 0 || m === 1) && row.includes(1))) {
      throw new ModelError("invalid_input", "attention_mask must hold 0 and 1, with at least one 1 in each row.");
    }
  }
  return { ids, mask, length: Math.max(...ids.map((row) => row.length)) };
}

/** Rows padded on the right to `length` values with `fill`, one after the other. */
export function padded(rows: number[][], length: number, fill = 0): Uint32Array {
  const out = new Uint32Array(rows.length * length).fill(fill);
  rows.forEach((row, i) => out.set(row, i * length));
  return out;
}
