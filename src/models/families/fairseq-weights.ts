/**
 * The weights of the families that came from fairseq, under the names that Hugging Face gave them: vocabulary
 * matrices, position tables. Nothing here knows which family it is.
 */

import type { Ops } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import type { ModelInfo } from "../model";
import type { Parameters } from "../parameters";
import { fairseqSinusoids, sinusoidsInHalves } from "../positions";

/** Checkpoints of the bare model, without the vocabulary projection, lack the prefix: `Parameters.setPrefix`. */
export const PREFIX = "model.";

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
