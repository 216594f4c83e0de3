/** Every generation option does what it says, or is refused by name. */

import { describe, expect, it } from "vitest";
import { resolveConfig } from "../../../src/generation/options/resolve";
import { checkGenerationFile } from "../../../src/generation/options/config-file";
import type { ModelInfo } from "../../../src/models/model";
import { failureOf } from "../../support/node/failure";

const info: ModelInfo = {
  modelType: "transformer",
  sourceVocabSize: 50,
  targetVocabSize: 40,
  maxSourceLength: 64,
  maxTargetLength: 32,
  padTokenId: 0,
  eosTokenIds: [2],
  decoderStartTokenId: 1,
  numDecoderLayers: 2,
  cacheWidth: 32,
};
const resolve = (options: object, file: Record<string, unknown> = {}) => resolveConfig(options, file, info);

describe("lengths", () => {
  it.each([
    ["nothing: the model's limit", {}, {}, 32],
    ["the call's max_new_tokens", { max_new_tokens: 5 }, {}, 5],
    ["the call's max_length counts the start token", { max_length: 5 }, {}, 4],
    ["max_new_tokens goes before max_length", { max_new_tokens: 3, max_length: 9 }, {}, 3],
    ["the file's max_new_tokens", {}, { max_new_tokens: 7 }, 7],
    ["the file's max_length", {}, { max_length: 7 }, 6],
    ["the call goes before the file", { max_length: 5 }, { max_new_tokens: 7 }, 4],
    ["null asks for nothing", { max_new_tokens: null }, { max_length: null }, 32],
    ["a file may promise more than the positions hold", {}, { max_length: 512 }, 32],
  ])("%s", (_name, options, file, expected) => {
    expect(resolve(options, file).maxLength).toBe(expected + 1);
  });

  it.each([
    [{ max_new_tokens: 0 }, "max_new_tokens"],
    [{ max_new_tokens: 1.5 }, "max_new_tokens"],
    [{ max_new_tokens: "5" }, "max_new_tokens"],
    [{ max_new_tokens: NaN }, "max_new_tokens"],
    [{ max_length: 1 }, "max_length"],
    [{ max_new_tokens: 33 }, "32 positions"],
    [{ max_length: 34 }, "32 positions"],
  ])("%j is refused", async (options, named) => {
    const error = await failureOf(() => resolve(options));
    expect(error.code).toBe("invalid_option");
    expect(error.message).toContain(named);
  });
});

describe("tokens", () => {
  it("come from the call, the file, the model, in this order", () => {
    expect(resolve({})).toMatchObject({ eosTokenIds: [2], startTokenId: 1, padTokenId: 0 });
    expect(resolve({}, { eos_token_id: 5, decoder_start_token_id: 6 })).toMatchObject({
      eosTokenIds: [5],
      startTokenId: 6,
    });
    expect(resolve({ eos_token_id: [7, 8] }, { eos_token_id: 5 }).eosTokenIds).toEqual([7, 8]);
  });

  it.each([
    [{ eos_token_id: 40 }, "eos_token_id"],
    [{ eos_token_id: [2, -2] }, "eos_token_id"],
    [{ decoder_start_token_id: "1" }, "decoder_start_token_id"],
    [{ output_scores: 1 }, "output_scores"],
    [{ output_attentions: "yes" }, "output_attentions"],
  ])("%j is refused", async (options, named) => {
    const error = await failureOf(() => resolve(options));
    expect(error.code).toBe("invalid_option");
    expect(error.message).toContain(named);
  });

  it("of the end are eight at most", async () => {
    expect(resolve({ eos_token_id: [1, 2, 3, 4, 5, 6, 7, 8] }).eosTokenIds).toHaveLength(8);
    const error = await failureOf(() => resolve({ eos_token_id: [1, 2, 3, 4, 5, 6, 7, 8, 9] }));
    expect(error.code).toBe("unsupported_option");
  });
});

describe("names", () => {
  it.each([
    ["max_new_token", "max_new_tokens"],
    ["num_beam", "num_beams"],
    ["repetition_penality", "repetition_penalty"],
    ["maxNewTokens", "max_new_tokens"],
  ])("%s is unknown; nearest: %s", async (name, nearest) => {
    const error = await failureOf(() => resolve({ [name]: 1 }));
    expect(error.code).toBe("unsupported_option");
    expect(error.message).toContain(`"${name}"`);
    expect(error.hint).toBe(`Did you mean ${nearest}?`);
  });

  // Names of GenerationConfig that are not implemented, each asking for something.
  it.each([
    ["penalty_alpha", 0.6],
    ["force_words_ids", [[5]]],
    ["guidance_scale", 1.5],
    ["output_logits", true],
    ["use_cache", false],
    ["constraints", [1]],
    ["token_healing", true],
    ["watermarking_config", {}],
    ["dola_layers", "high"],
    ["assistant_model", {}],
    ["prompt_lookup_num_tokens", 2],
    ["cache_implementation", "static"],
    ["return_dict_in_generate", "yes"],
  ])("%s = %j throws instead of being ignored", async (name, value) => {
    const error = await failureOf(() => resolve({ [name]: value }));
    expect(error.code).toBe("unsupported_option");
    expect(error.message).toContain(name);
  });

  // What is supported has its values checked in a call.
  it.each([
    ["num_beams", [0, 1.5, "4", 2 ** 16 + 1, 2 ** 31]],
    ["num_return_sequences", [0, 2]],
    ["early_stopping", ["always", 2]],
    ["length_penalty", ["1", Infinity]],
    ["do_sample", [0, "true"]],
    ["temperature", [-1, "0.7"]],
    ["top_k", [-2, 1.5]],
    ["top_p", [-0.1, 1.1]],
    ["min_p", [-0.1, 1.1]],
    ["top_h", [0, 1.1]],
    ["typical_p", [0, 1.1]],
    ["epsilon_cutoff", [-0.1, 1]],
    ["eta_cutoff", [-0.1, 1]],
    ["repetition_penalty", [0, -1]],
    ["encoder_repetition_penalty", [0, -1]],
    ["no_repeat_ngram_size", [-2, 2.5]],
    ["encoder_no_repeat_ngram_size", [-2, 2.5]],
    ["bad_words_ids", [[[40]], [[]], [5], "5"]],
    ["sequence_bias", [[[[40], 1]], [[[5], "1"]], [[5, 1]], { "5": 1 }]],
    ["forced_bos_token_id", [40, -1, [2, 40], []]],
    ["forced_eos_token_id", [40, [2, 40]]],
    ["forced_decoder_ids", [[[1, 40]], [[0, 5]], [5]]],
    ["suppress_tokens", [[40], 5]],
    ["begin_suppress_tokens", [[40], 5]],
    ["min_length", [-2, 1.5]],
    ["min_new_tokens", [-2, 1.5]],
    ["exponential_decay_length_penalty", [[1], ["1", 2], [1, NaN], 2]],
    ["renormalize_logits", [1]],
    ["remove_invalid_values", [1]],
    ["stop_strings", [[""], [5], 5]],
    ["max_time", [-1, "1"]],
  ])("%s is checked", async (name, values) => {
    for (const value of values) {
      const error = await failureOf(() => resolve({ [name]: value }));
      expect([error.code, error.message]).toEqual(["invalid_option", expect.stringContaining(name)]);
    }
  });

  it("0 and -1 ask for nothing where nothing samples, and are refused where something does", async () => {
    resolve({ temperature: 0, top_k: -1 });
    for (const wrong of [{ temperature: 0 }, { top_k: -1 }]) {
      expect((await failureOf(() => resolve({ ...wrong, do_sample: true }))).code).toBe("invalid_option");
    }
    // A file's are not looked at before something samples.
    expect(resolve({}, { temperature: 0, top_p: "x" }).warpers).toMatchObject({ temperature: 1, topP: 1 });
    expect((await failureOf(() => resolve({ do_sample: true }, { temperature: 0 }))).message).toContain("temperature");
  });

  it("-1 is none", () => {
    const { eosTokenIds, processors } = resolve({
      ...{ eos_token_id: -1, pad_token_id: -1, no_repeat_ngram_size: -1, encoder_no_repeat_ngram_size: -1 },
      ...{ min_length: -1, min_new_tokens: -1 },
    });
    expect(eosTokenIds).toEqual([]);
    expect(processors).toMatchObject({ noRepeatNgramSize: 0, encoderNoRepeatNgramSize: 0, minLength: 1 });
  });

  it("contrastive search and DoLa of a file are refused by the searches that they are for", async () => {
    for (const file of [{ penalty_alpha: 0.6 }, { dola_layers: "high" }]) {
      expect((await failureOf(() => resolve({}, file))).code).toBe("unsupported_option");
      checkGenerationFile(file, info);
      resolve({ num_beams: 2 }, file);
    }
    resolve({ do_sample: true }, { penalty_alpha: 0.6 });
    resolve({ top_k: 1 }, { penalty_alpha: 0.6 });
  });

  it.each([
    ["prefix_allowed_tokens", [5]],
    ["seed", -1],
    ["seed", 2 ** 32],
    ["output_alternatives", 0.5],
    ["output_alternatives", 41],
    ["output_hidden_states", 1],
  ])("%s = %j of a call is refused", async (name, value) => {
    expect((await failureOf(() => resolve({ [name]: value }))).code).toBe("invalid_option");
  });

  it("with the value that means off are accepted", () => {
    const off = {
      num_beams: 1,
      do_sample: false,
      top_p: 1,
      temperature: 1,
      bad_words_ids: [],
      no_repeat_ngram_size: 0,
    };
    expect(resolve({ ...off, max_new_tokens: 4 }).maxLength).toBe(5);
    checkGenerationFile({ ...off, transformers_version: "5.0", _from_model_config: true, bos_token_id: 1 }, info);
  });

  it.each([
    [{ max_new_tokens: "x" }, "invalid_option", "max_new_tokens"],
    [{ max_new_tokens: 4, max_length: "x" }, "invalid_option", "max_length"],
    [{ eos_token_id: 99 }, "invalid_option", "eos_token_id"],
    [{ pad_token_id: 50 }, "invalid_option", "pad_token_id"],
  ])("%j in the file is reported at load, with the file's name", async (fields, code, named) => {
    const error = await failureOf(() => checkGenerationFile(fields, info));
    expect(error.code).toBe(code);
    expect(error.message).toContain("generation_config.json");
    expect(error.message).toContain(named);
  });

  it("pad_token_id may be another one than the model's", () => {
    expect(resolve({ pad_token_id: 3 }, { pad_token_id: 4 }).padTokenId).toBe(3);
    expect(resolve({}, { pad_token_id: 4 }).padTokenId).toBe(4);
  });
});
