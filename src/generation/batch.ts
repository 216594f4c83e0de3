/** Checks the token ids that a caller passes, so that no invalid id reaches a kernel, and pads them. */

import { ModelError, quote } from "../errors";
import type { ModelInfo } from "../models/model";
import type { SourceRow } from "./device/source";

export interface Batch {
  /** Rows as the caller gave them; empty ones where there are frames. */
  ids: number[][];
  /** Per token, or per encoder position: 1 to read it, 0 for padding. */
  mask: number[][];
  /** Length of the longest row, in tokens or frames. */
  length: number;
  /** Of a model that reads sound: the frames of each row, one after another. */
  frames?: Float32Array[];
}

/** What the encoder reads of one row. */
export const rowOf = ({ ids, mask, frames }: Batch, row: number): SourceRow => ({
  inputIds: ids[row],
  mask: mask[row],
  frames: frames?.[row],
});

interface IdLimits {
  /** What to call the argument in messages. */
  name: string;
  vocabSize: number;
  maxLength: number;
}

/** A list of ids becomes one row; a list of lists becomes its rows. Typed arrays are lists, too. */
export function toRows(name: string, value: unknown): number[][] {
  if (!isList(value)) {
    const message = `${name} must be a list of token ids or a list of such lists, not ${described(value)}.`;
    throw new ModelError("invalid_input", message, hintFor(value));
  }
  const elements = Array.from(value);
  const nested = isList(elements[0]);
  const other = elements.findIndex((element) => isList(element) !== nested);
  if (other >= 0) {
    const [first, second] = [elements[0], elements[other]].map(described);
    const message = `${name} mixes token ids and lists of token ids: element 0 is ${first}, element ${other} is ${second}.`;
    throw new ModelError("invalid_input", message);
  }
  const rows = nested ? elements : [elements];
  return rows.map((row) => Array.from(row as ArrayLike<number>));
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView) && !isBigints(value));
}

/** Tensors of int64 become these; their elements are bigints, not numbers. */
const isBigints = (value: unknown): boolean => value instanceof BigInt64Array || value instanceof BigUint64Array;

const described = (value: unknown): string =>
  isBigints(value) ? "an array of bigints" : isList(value) ? "a list" : quote(value);

export function checkIds(rows: number[][], { name, vocabSize, maxLength }: IdLimits): void {
  if (rows.length === 0) throw new ModelError("invalid_input", `${name} is empty.`);
  for (const [i, row] of rows.entries()) {
    if (row.length === 0) throw new ModelError("invalid_input", `${name}: row ${i} is empty.`);
    if (row.length > maxLength) {
      throw new ModelError(
        "invalid_input",
        `${name}: row ${i} has ${row.length} tokens; this model takes at most ${maxLength}.`,
        "Split the text into shorter parts.",
      );
    }
    for (const [j, id] of row.entries()) {
      if (Number.isSafeInteger(id) && id >= 0 && id < vocabSize) continue;
      const place = `${name}: row ${i}, position ${j}`;
      if (Number.isSafeInteger(id)) {
        const message = `${place} holds token id ${id}; the vocabulary has the ids from 0 to ${vocabSize - 1}.`;
        throw new ModelError("invalid_input", message);
      }
      throw new ModelError(
        "invalid_input",
        `${place} holds ${described(id)}, but a token id is an integer from 0 to ${vocabSize - 1}.`,
        hintFor(id),
      );
    }
  }
}

function hintFor(id: unknown): string | undefined {
  if (typeof id === "string") return "For text use generateText() or streamText(); tokenizer.encode() makes token ids.";
  if (typeof id === "bigint" || isBigints(id)) return "Convert each bigint with Number(id).";
  return isList(id) ? "Pass one list of token ids per row, without further nesting." : undefined;
}

/**
 * The input of the encoder. Without an attention mask every token is read, as transformers 5 does: rows of different lengths
 * need no padding, and padding that a caller has put in needs a mask.
 * @param attentionMask 1 or true for a token to read
 */
export function inputBatch(
  inputIds: unknown,
  attentionMask: unknown,
  info: Pick<ModelInfo, "sourceVocabSize" | "maxSourceLength">,
  { padTokenId, onWarning }: { padTokenId?: number; onWarning?: (message: string) => void } = {},
): Batch {
  const name = "input_ids";
  const ids = toRows(name, inputIds);
  checkIds(ids, { name, vocabSize: info.sourceVocabSize, maxLength: info.maxSourceLength });
  let mask: number[][] = ids.map((row) => row.map(() => 1));
  if (attentionMask === undefined || attentionMask === null) {
    if (padTokenId !== undefined && ids.some((row) => row.includes(padTokenId))) {
      onWarning?.(
        `${name} holds the pad token ${padTokenId}, and without attention_mask it is read like any other token. Pass attention_mask, or rows without padding.`,
      );
    }
  } else {
    mask = toRows("attention_mask", attentionMask).map((row) =>
      row.map((m: unknown) => (typeof m === "boolean" ? Number(m) : (m as number))),
    );
    const fits = mask.length === ids.length && mask.every((row, i) => row.length === ids[i].length);
    if (!fits)
      throw new ModelError("invalid_input", `attention_mask must have as many rows as ${name}, of the same lengths.`);
    if (!mask.every((row) => row.every((m) => m === 0 || m === 1) && row.includes(1))) {
      throw new ModelError(
        "invalid_input",
        "attention_mask may hold only 0 and 1, or true and false, with at least one 1 per row.",
      );
    }
  }
  return { ids, mask, length: Math.max(...ids.map((row) => row.length)) };
}

/** The rows one after the other, each padded on the right with `fill` to `length` values. */
export function padded(rows: number[][], length: number, fill = 0): Uint32Array {
  const out = new Uint32Array(rows.length * length).fill(fill);
  rows.forEach((row, i) => out.set(row, i * length));
  return out;
}
