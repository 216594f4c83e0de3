/**
 * The weights of the families that came from fairseq, under the names that Hugging Face gave them: layers, vocabulary
 * matrices, position tables. Nothing here knows which family it is.
 */

import type { Norm, Ops } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import { range, type DecoderLayer, type EncoderLayer, type FeedForward, type Linear } from "../layers";
import type { ModelInfo } from "../model";
import type { Parameters } from "../parameters";
import { fairseqSinusoids, sinusoidsInHalves } from "../positions";

/** What one stack has beside its width. */
export interface Stack {
  layers: number;
  heads: number; // H
  feedForwardWidth: number; // F
}

/** torch's default, which no configuration changes. */
const NORM_EPS = 1e-5;

/** Checkpoints of the bare model, without the vocabulary projection, lack the prefix: `Parameters.setPrefix`. */
export const PREFIX = "model.";

// --- layers ---

function linear(p: Parameters, name: string, outer: number, inner: number): Linear {
  return { weight: p.tensor(`${name}.weight`, [outer, inner]), bias: p.tensor(`${name}.bias`, [outer]) };
}

/** Projections of the same states, one under the other: (N D, D). */
function projections(p: Parameters, name: string, which: string[], width: number): Linear {
  const names = which.map((projection) => `${name}.${projection}_proj`);
  return {
    weight: p.stacked(
      names.map((n) => `${n}.weight`),
      [width, width],
    ),
    bias: p.stacked(
      names.map((n) => `${n}.bias`),
      [width],
    ),
  };
}

export function layerNorm(p: Parameters, name: string, width: number): Norm {
  p.require(`${name}.bias`);
  return p.norm(name, width, NORM_EPS);
}

function feedForward(p: Parameters, name: string, width: number, { feedForwardWidth }: Stack): FeedForward {
  return {
    inner: linear(p, `${name}.fc1`, feedForwardWidth, width),
    outer: linear(p, `${name}.fc2`, width, feedForwardWidth),
    norm: layerNorm(p, `${name}.final_layer_norm`, width),
  };
}

function encoderLayer(p: Parameters, name: string, width: number, stack: Stack): EncoderLayer {
  return {
    selfAttention: {
      queryKeyValue: projections(p, `${name}.self_attn`, ["q", "k", "v"], width),
      output: linear(p, `${name}.self_attn.out_proj`, width, width),
      norm: layerNorm(p, `${name}.self_attn_layer_norm`, width),
    },
    feedForward: feedForward(p, name, width, stack),
  };
}

function decoderLayer(p: Parameters, name: string, width: number, stack: Stack): DecoderLayer {
  return {
    ...encoderLayer(p, name, width, stack),
    crossAttention: {
      query: linear(p, `${name}.encoder_attn.q_proj`, width, width),
      keyValue: projections(p, `${name}.encoder_attn`, ["k", "v"], width),
      output: linear(p, `${name}.encoder_attn.out_proj`, width, width),
      norm: layerNorm(p, `${name}.encoder_attn_layer_norm`, width),
    },
  };
}

interface Layers {
  width: number;
  encoder: Stack;
  decoder: Stack;
}

export function allLayers(p: Parameters, prefix: string, { width, encoder, decoder }: Layers) {
  p.ignore(`${prefix}encoder.version`, `${prefix}decoder.version`); // fairseq's format number
  return {
    encoderLayers: range(encoder.layers).map((i) => encoderLayer(p, `${prefix}encoder.layers.${i}`, width, encoder)),
    decoderLayers: range(decoder.layers).map((i) => decoderLayer(p, `${prefix}decoder.layers.${i}`, width, decoder)),
  };
}

// --- vocabulary ---

interface Vocabulary extends ModelInfo {
  width: number;
  /** Whether one vocabulary matrix may stand for another. */
  tied: boolean;
}

/** The matrices that embed the source and the target and that give the logits: (V, D) each. */
export interface VocabularyMatrices {
  source: Tensor;
  target: Tensor;
  head: Tensor;
}

/**
 * Of a model whose source and target share one vocabulary. A checkpoint stores the matrix under any of four names, once
 * or several times; each of the three is its own where the checkpoint has it. Where one is missing, the order is that of
 * `tie_weights` in modeling_utils.py. Untied files of transformers 4 hold the embeddings as `shared` alone.
 */
export function sharedVocabulary(
  p: Parameters,
  prefix: string,
  config: Vocabulary,
  headOf: "encoder" | "decoder",
): VocabularyMatrices {
  const { width, sourceVocabSize, tied } = config;
  const shared = `${prefix}shared.weight`;
  const encoder = `${prefix}encoder.embed_tokens.weight`;
  const decoder = `${prefix}decoder.embed_tokens.weight`;
  const head = "lm_head.weight";
  const shape = [sourceVocabSize, width];
  p.ignore(shared); // unread where all three have their own
  const embedding = (own: string): Tensor =>
    p.tensorOf([own, shared, ...(tied ? [head, encoder, decoder] : [])], shape);
  return {
    source: embedding(encoder),
    target: embedding(decoder),
    head: p.tensorOf(
      [head, ...(tied ? [shared, ...(headOf === "encoder" ? [encoder, decoder] : [decoder, encoder])] : [])],
      shape,
    ),
  };
}

/** Of a model with two vocabularies. The target's embedding may be tied to the head, as in section 3.4 of the paper. */
export function separateVocabularies(p: Parameters, prefix: string, config: Vocabulary): VocabularyMatrices {
  const { width, sourceVocabSize, targetVocabSize, tied } = config;
  const names = [`${prefix}decoder.embed_tokens.weight`, "lm_head.weight"];
  const target = (own: string): Tensor => p.tensorOf([own, ...(tied ? names : [])], [targetVocabSize, width]);
  return {
    source: p.tensor(`${prefix}encoder.embed_tokens.weight`, [sourceVocabSize, width]),
    target: target(names[0]),
    head: target(names[1]),
  };
}

/** Added to the logits, where the checkpoint has it. */
export function finalLogitsBias(p: Parameters, vocabSize: number): Tensor {
  return p.has("final_logits_bias") ? p.logitsBias("final_logits_bias", vocabSize, [1, vocabSize]) : p.zeros(vocabSize);
}

// --- positions ---

/** Where positions come from. */
export type Positions =
  /** A table of the checkpoint; the first position reads row `from`. */
  | { kind: "learned"; from: number }
  /** All sines, then all cosines; the checkpoint's table where it has one, since that may be rounded to float16. */
  | { kind: "sinusoids" }
  /** Fairseq's frequencies. Padding is not counted: a pad reads row `pad_token_id`, the first token the next one. */
  | { kind: "sinusoids of tokens" };

interface Lengths extends ModelInfo {
  width: number;
  maxPositions: number;
}

/** A table (P, D) that is long enough for sequences of so many tokens. */
export type PositionTable = (length: number) => Tensor;

/** The position tables of both stacks. */
export function positionTables(
  ops: Ops,
  p: Parameters,
  prefix: string,
  positions: Positions,
  config: Lengths,
): { source: PositionTable; target: PositionTable } {
  const { maxPositions: length, width, padTokenId } = config;
  const shape = [length, width];
  const create = (rows: number, values: Float32Array): Tensor => ops.create([rows, width], "f32", "weights", values);
  if (positions.kind === "sinusoids of tokens") {
    const table = growingTable(length, (tokens) => {
      const rows = padTokenId + 1 + tokens;
      return create(rows, fairseqSinusoids(rows, width, padTokenId));
    });
    return { source: table, target: table };
  }
  const tableOf = (name: string): PositionTable => {
    const fixed = (): Tensor => {
      if (positions.kind === "learned") {
        return p.rows(`${name}.weight`, [length + positions.from, width], positions.from, length, "f32");
      }
      return p.has(`${name}.weight`)
        ? p.tensor(`${name}.weight`, shape, "f32")
        : create(length, sinusoidsInHalves(length, width));
    };
    const table = fixed();
    return () => table;
  };
  return {
    source: tableOf(`${prefix}encoder.embed_positions`),
    target: tableOf(`${prefix}decoder.embed_positions`),
  };
}

/** Sinusoids have no end: a longer table is made when a longer sequence comes. Recorded plans keep the one they had. */
function growingTable(length: number, create: (tokens: number) => Tensor): PositionTable {
  let size = length;
  let table = create(size);
  return (needed) => {
    if (needed > size) {
      while (size < needed) size *= 2;
      table = create(size);
    }
    return table;
  };
}
