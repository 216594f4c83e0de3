/** Fields of generation_config.json as repositories on the Hugging Face Hub have them: each is taken, not just let pass. */

import { describe, expect, it } from "vitest";
import { resolveConfig } from "../../../src/generation/options/resolve";
import { checkGenerationFile } from "../../../src/generation/options/config-file";
import type { ModelInfo } from "../../../src/models/model";

const info = (vocabSize: number, decoderStartTokenId: number, eos: number, pad: number): ModelInfo => ({
  modelType: "bart",
  sourceVocabSize: vocabSize,
  targetVocabSize: vocabSize,
  maxSourceLength: 1024,
  maxTargetLength: 1024,
  padTokenId: pad,
  eosTokenIds: [eos],
  decoderStartTokenId,
  numDecoderLayers: 2,
  cacheWidth: 32,
});

const FILES = [
  {
    name: "an OPUS-MT model",
    info: info(58101, 58100, 0, 58100),
    file: {
      bad_words_ids: [[58100]],
      bos_token_id: 0,
      decoder_start_token_id: 58100,
      eos_token_id: 0,
      forced_eos_token_id: 0,
      max_length: 512,
      num_beams: 6,
      pad_token_id: 58100,
      renormalize_logits: true,
      transformers_version: "4.32.0.dev0",
    },
    means: {
      numBeams: 6,
      maxLength: 512,
      renormalize: true,
      startTokenId: 58100,
      processors: { badWordsIds: [[58100]], forcedEosTokenIds: [0] },
    },
  },
  {
    name: "BART for summaries",
    info: info(50264, 2, 2, 1),
    file: {
      _from_model_config: true,
      bos_token_id: 0,
      decoder_start_token_id: 2,
      early_stopping: true,
      eos_token_id: 2,
      forced_bos_token_id: 0,
      forced_eos_token_id: 2,
      length_penalty: 2.0,
      max_length: 142,
      min_length: 56,
      no_repeat_ngram_size: 3,
      num_beams: 4,
      pad_token_id: 1,
      transformers_version: "4.27.0.dev0",
    },
    means: {
      numBeams: 4,
      maxLength: 142,
      earlyStopping: true,
      lengthPenalty: 2,
      processors: { forcedBosTokenId: 0, forcedEosTokenIds: [2], minLength: 56, noRepeatNgramSize: 3 },
    },
  },
  {
    name: "M2M100",
    info: info(128112, 2, 2, 1),
    file: {
      _from_model_config: true,
      bos_token_id: 0,
      decoder_start_token_id: 2,
      early_stopping: true,
      eos_token_id: 2,
      max_length: 200,
      num_beams: 5,
      pad_token_id: 1,
      transformers_version: "4.27.0.dev0",
    },
    means: { numBeams: 5, maxLength: 200, earlyStopping: true, startTokenId: 2 },
  },
  {
    name: "T5",
    info: info(32128, 0, 1, 0),
    file: {
      _from_model_config: true,
      decoder_start_token_id: 0,
      eos_token_id: 1,
      pad_token_id: 0,
      transformers_version: "4.27.0.dev0",
    },
    means: { numBeams: 1, maxLength: 1025, startTokenId: 0, eosTokenIds: [1] },
  },
];

describe("generation_config.json", () => {
  it.each(FILES)("of $name", ({ info, file, means }) => {
    checkGenerationFile(file, info);
    expect(resolveConfig({}, file, info)).toMatchObject(means);
    // A call has the last word.
    expect(resolveConfig({ num_beams: 2, max_new_tokens: 9 }, file, info)).toMatchObject({
      numBeams: 2,
      maxLength: 10,
    });
  });

  it("a max_length without room for a token fails only where it counts", () => {
    const { info } = FILES[0];
    for (const max_length of [1, 0, -1]) {
      checkGenerationFile({ max_length }, info);
      expect(() => resolveConfig({}, { max_length }, info)).toThrow(`max_length = ${max_length} leaves no room`);
      expect(resolveConfig({ max_new_tokens: 9 }, { max_length }, info)).toMatchObject({ maxLength: 10 });
    }
  });
});
