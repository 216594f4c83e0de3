/** What the files of a model say of it, for callers: `Seq2Seq.config`. */

import { NO_START } from "../generation/options/file-fields";
import { OptionReader } from "../generation/options/option-reader";
import type { ModelInfo } from "../models/model";
import { frozen } from "../util/frozen";

/** The longest input and output of a model. */
export interface Limits {
  /** The longest source, in tokens. */
  source: number;
  /** The most new tokens. */
  target: number;
}

/**
 * What was read of config.json and generation_config.json, by the names of Hugging Face. Frozen, whatever is in it, too; an
 * option of a call changes nothing here.
 */
export interface ModelConfig {
  /** The family: `model_type` of config.json. */
  readonly model_type: string;
  /** The token that a sequence starts with where the call names none; undefined: the files name none, and each call has to. */
  readonly decoder_start_token_id: number | undefined;
  /** The tokens that end a sequence where the call names none; empty: nothing ends it before its maximum length. */
  readonly eos_token_id: readonly number[];
  /** The token of padding, which the engine pads rows with; 0 where the files name none. */
  readonly pad_token_id: number;
  /** How many token ids the source has: ids are below it. */
  readonly vocab_size: number;
  /** How many token ids the output has. Differs from `vocab_size` only in models with two vocabularies. */
  readonly decoder_vocab_size: number;
  /** How many decoder layers there are: the length of [layer] in what `generate` and `forward` return of the decoder. */
  readonly decoder_layers: number;
  /** The longest source and output, in tokens: `Seq2Seq.limits`. */
  readonly limits: Readonly<Limits>;
  /** Of a model that reads sound: what it reads; undefined where it reads token ids. */
  readonly input:
    | Readonly<{
        /** The argument that has the sound. */
        name: "input_features" | "input_values";
        /** How many numbers a frame has. */
        channels: number;
        /** The fewest frames. */
        least: number;
        /** The most frames. */
        most: number;
      }>
    | undefined;
  /** The options of `generate` that the files set, from generation_config.json or an old config.json; others have no default here. */
  readonly generation: Readonly<Record<string, unknown>>;
  /** config.json as it stands, such as its `task_specific_params`. */
  readonly file: Readonly<Record<string, unknown>>;
}

/** @param info of the model as generation reads it: the tokens that its files name */
export function modelConfig(
  info: ModelInfo,
  generation: Record<string, unknown>,
  file: Record<string, unknown>,
): ModelConfig {
  const read = new OptionReader([{ where: "generation_config.json", fields: generation }]);
  const { targetVocabSize, sourceVocabSize, features } = info;
  const known = info.decoderStartTokenId === NO_START ? undefined : info.decoderStartTokenId;
  const bos = known ?? read.tokensOrNone("bos_token_id", targetVocabSize, [])[0];
  const start = read.tokensOrNone("decoder_start_token_id", targetVocabSize, [])[0] ?? bos;
  const pads = read.tokensOrNone("pad_token_id", Math.max(sourceVocabSize, targetVocabSize), []);
  return frozen({
    model_type: info.modelType,
    decoder_start_token_id: start,
    eos_token_id: read.tokensOrNone("eos_token_id", targetVocabSize, info.eosTokenIds),
    pad_token_id: pads[0] ?? info.padTokenId,
    vocab_size: sourceVocabSize,
    decoder_vocab_size: targetVocabSize,
    decoder_layers: info.numDecoderLayers,
    input: features && {
      name: features.name,
      channels: features.channels,
      least: features.least,
      most: features.most,
    },
    limits: { source: info.maxSourceLength, target: info.maxTargetLength },
    generation: structuredClone(generation),
    file: structuredClone(file),
  });
}
