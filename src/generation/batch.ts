/** Checks and pads what a caller passes as token ids, so that nothing unknown reaches a kernel. */

import { ModelError, quote } from "../errors";
import type { ModelInfo } from "../models/model";

export interface Batch {
  /** Rows as they came. */
  ids: number[][];
  /** 1 for a token to read, 0 for padding; as long as its row. */
  mask: number[][];
  /** The longest row. */
  length: number;
}

interface AllLogitsProcessors {
  /** What to call the argument in messages. */
  name: string;
  vocabSize: number;
  maxLength: number;
}

/** `number[]` is one row; typed arrays are rows, too. */
export function toRows(name: string, value: unknown): number[][] {
  if (!isList(value)) {
    const message = `${name} must be a list of token ids or a list of such lists, not ${described(value)}.`;
    throw new ModelError("invalid_input", message);
  }
  const elements = Array.from(value);
  const nested = isList(elements[0]);
  const other = elements.findIndex((element) => isList(element) !== nested);
  if (other >= 0) {
    const [first, second] = [elements[0], elements[other]].map(described);
    const message = `${name} mixes token ids and rows of them: element 0 is ${first}, element ${other} is ${second}.`;
    throw new ModelError("invalid_input", message);
  }
  const rows = nested ? elements : [elements];
  return rows.map((row) => Array.from(row as ArrayLike<number>));
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView) && !isBigints(value));
}

/** Tensors of int64 come as these; their elements are no numbers. */
const isBigints = (value: unknown): boolean => value instanceof BigInt64Array || value instanceof BigUint64Array;

const described = (value: unknown): string =>
  isBigints(value) ? "an array of bigints" : isList(value) ? "a list" : quote(value);

export function checkIds(rows: number[][], { name, vocabSize, maxLength }: AllLogitsProcessors): void {
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
      if (Number.isSafeInteger(id) && id >= 0 && id < vocabSize) continue;
      const place = `at row ${i}, position ${j}`;
      if (Number.isSafeInteger(id)) {
        const message = `${name}: token id ${id} ${place}; ids go from 0 to ${vocabSize - 1}.`;
        throw new ModelError("invalid_input", message);
      }
      throw new ModelError(
        "invalid_input",
        `${name}: ${described(id)} ${place}, where a token id is needed: an integer from 0 to ${vocabSize - 1}.`,
        hintFor(id),
      );
    }
  }
}

function hintFor(id: unknown): string | undefined {
  if (typeof id === "bigint" || isBigints(id)) return "Make numbers of bigints: Number(id).";
  return isList(id) ? "A row is a list of ids; lists go no deeper than that." : undefined;
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
