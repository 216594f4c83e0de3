/** Checks the sound that a caller passes, `input_features` or `input_values`, and lays it out as the encoder reads it. */

import { ModelError, quote } from "../../errors";
import type { FeatureInput, ModelInfo } from "../../models/model";
import { shapeText, size } from "../../tensor/tensor";
import type { Batch } from "../batch";

/** Numbers with a shape, row by row: what a feature extractor makes, or a `HostTensor`. */
export interface FeatureTensor {
  /** The numbers, row-major. */
  data: Float32Array;
  /** The length of each dimension. */
  shape: readonly number[];
}

const invalid = (message: string, hint?: string): ModelError => new ModelError("invalid_input", message, hint);

/** What a call or `forward` has of the input. */
export function speechBatch(where: string, given: Record<string, unknown>, { features }: ModelInfo): Batch {
  const name = features!.name;
  const other = name === "input_features" ? "input_values" : "input_features";
  for (const wrong of [other, "input_ids"]) {
    if (given[wrong] === undefined) continue;
    throw new ModelError("invalid_input", `${where}: this model reads ${name}, not ${wrong}.`);
  }
  if (given[name] === undefined) throw new ModelError("invalid_input", `${where}: ${name} is missing.`);
  const mask = given.attention_mask ?? undefined;
  if (mask !== undefined && name === "input_features") {
    throw new ModelError(
      "unsupported_option",
      `${where}: attention_mask has no meaning for a model that reads windows of one length.`,
    );
  }
  return featureBatch(given[name], features!, mask);
}

/**
 * The frames of each row, in a batch. `value` is what a call has as `input_features` or `input_values`.
 * @param mask `attention_mask`: 1 for each sample, then 0 for padding
 */
function featureBatch(value: unknown, input: FeatureInput, mask?: unknown): Batch {
  const rows = input.name === "input_features" ? melRows(value, input) : sampleRows(value, input, mask);
  if (rows.length === 0) throw invalid(`${input.name} is empty.`);
  const lengths = rows.map((row) => row.length / input.channels);
  return {
    ids: rows.map(() => []),
    mask: lengths.map((frames) => new Array<number>(input.positions(frames)).fill(1)),
    length: Math.max(...lengths),
    frames: rows,
  };
}

/** What stands under the name itself: what `extract` of a feature extractor returns may be passed as it is. */
const unwrapped = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && name in value ? (value as Record<string, unknown>)[name] : value;

function tensorOf(value: unknown): FeatureTensor | undefined {
  if (typeof value !== "object" || value === null || !("shape" in value)) return undefined;
  const { data = value, shape } = value as { data?: unknown; shape: unknown };
  const isShape = Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  return data instanceof Float32Array && isShape ? { data, shape } : undefined;
}

/** (B, C, T) or (C, T), one or several -> (T, C) per row */
function melRows(value: unknown, { name, channels, most }: FeatureInput): Float32Array[] {
  const given = unwrapped(value, name);
  const list: unknown[] = Array.isArray(given) ? given : [given];
  return list.flatMap((item) => {
    const tensor = tensorOf(unwrapped(item, name));
    const rule = `a Float32Array \`data\` and its \`shape\`: (rows, ${channels}, ${most}) or (${channels}, ${most})`;
    if (!tensor || size(tensor.shape) !== tensor.data.length || ![2, 3].includes(tensor.shape.length)) {
      throw invalid(`${name} must be ${rule}, or a list of such.`);
    }
    const { data, shape } = tensor;
    const [rows, mels, frames] = shape.length === 3 ? shape : [1, ...shape];
    if (mels !== channels) {
      throw invalid(
        `${name} has the shape ${shapeText(shape)}, but this model reads ${channels} mel channels, not ${mels}.`,
        "Use the feature extractor of the same model.",
      );
    }
    if (frames !== most) {
      throw invalid(
        `${name} has ${frames} frames; this model reads exactly ${most}.`,
        "Pad or cut the sound before the features are computed, and transcribe longer sound window by window.",
      );
    }
    checkFinite(name, data);
    return Array.from({ length: rows }, (_, row) => transposed(data, row * mels * frames, mels, frames));
  });
}

/** (C, T), from element `start` on -> (T, C) */
function transposed(data: Float32Array, start: number, channels: number, frames: number): Float32Array {
  const out = new Float32Array(channels * frames);
  for (let c = 0; c < channels; c++) {
    for (let f = 0; f < frames; f++) out[f * channels + c] = data[start + c * frames + f];
  }
  return out;
}

/** Samples of each row, at its own length -> whole frames, zeros after the last sample */
function sampleRows(value: unknown, input: FeatureInput, mask?: unknown): Float32Array[] {
  const { name, channels, least, most, framesOf, wholeFrames } = input;
  const given = unwrapped(value, name);
  const tensor = given instanceof Float32Array ? undefined : tensorOf(given);
  const list: unknown[] = tensor
    ? Array.from({ length: tensor.shape.length === 2 ? tensor.shape[0] : 1 }, (_, row) => {
        const length = tensor.shape[tensor.shape.length - 1];
        return tensor.data.subarray(row * length, (row + 1) * length);
      })
    : Array.isArray(given) && typeof given[0] !== "number"
      ? given
      : [given];
  const masks = mask === undefined ? undefined : maskRows(mask, list.length);
  return list.map((item, row) => {
    const given = asSamples(unwrapped(item, name));
    if (!given) throw invalid(`${name} must be a Float32Array of samples, or a list of such, not ${quote(item)}.`);
    const samples = masks ? given.subarray(0, lengthOf(masks[row], given.length, row)) : given;
    checkFinite(name, samples);
    const frames = framesOf?.(samples.length) ?? 0;
    if (frames < least) {
      throw invalid(`${name}: row ${row} has ${samples.length} samples, which are too few for this model.`);
    }
    if (frames > most) {
      throw invalid(
        `${name}: row ${row} has ${samples.length} samples; this model reads at most ${most * channels}.`,
        "Cut the sound at pauses.",
      );
    }
    const out = new Float32Array(frames * channels);
    const read = wholeFrames ? Math.floor(samples.length / channels) * channels : out.length;
    out.set(samples.subarray(0, read));
    return out;
  });
}

/** Rows of 0 and 1: one list, one for each row, or a tensor. */
function maskRows(mask: unknown, rows: number): ArrayLike<unknown>[] {
  const isRow = (value: unknown): value is ArrayLike<unknown> =>
    (Array.isArray(value) && !Array.isArray(value[0]) && !ArrayBuffer.isView(value[0])) || ArrayBuffer.isView(value);
  const list = isRow(mask) ? [mask] : mask;
  if (!Array.isArray(list) || list.length !== rows || !list.every(isRow)) {
    throw invalid(`attention_mask must have a list of 0 and 1 for each of the ${rows} rows.`);
  }
  return list;
}

/** How many samples a row has: as many as there are ones before the zeros. */
function lengthOf(mask: ArrayLike<unknown>, samples: number, row: number): number {
  if (mask.length !== samples) {
    throw invalid(`attention_mask: row ${row} has ${mask.length} numbers for ${samples} samples.`);
  }
  const values = Array.from(mask, Number);
  const length = values.indexOf(0) < 0 ? samples : values.indexOf(0);
  if (values.some((value, i) => value !== (i < length ? 1 : 0))) {
    throw invalid(`attention_mask: row ${row} must be ones, then zeros: sound is padded at its end.`);
  }
  return length;
}

function asSamples(value: unknown): Float32Array | undefined {
  if (value instanceof Float32Array) return value;
  const isNumbers = Array.isArray(value) && value.length > 0 && value.every((x) => typeof x === "number");
  return isNumbers || value instanceof Float64Array ? Float32Array.from(value as number[]) : undefined;
}

/** A GPU may assume that there is neither infinity nor NaN. */
function checkFinite(name: string, data: Float32Array): void {
  for (let i = 0; i < data.length; i++) {
    if (!(Math.abs(data[i]) < Infinity)) throw invalid(`${name} holds ${data[i]} at element ${i}.`);
  }
}
