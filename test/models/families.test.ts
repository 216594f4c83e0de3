/** Each family's configuration and its tensors' names: defaults, fields that count, what is refused, tied matrices. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createCpuBackend } from "../../src/backends/cpu/backend";
import type { ModelInfo } from "../../src/models/model";
import { Parameters } from "../../src/models/parameters";
import { familyOf, modelTypes, speechTypes } from "../../src/models/families/registry";
import { failureNow } from "../support/node/failure";
import { goldenTypes, onePerFamily, readCheckpoint } from "../support/node/families";
import { VANILLA, vanillaNames } from "../support/node/vanilla";

type Fields = Record<string, unknown>;
type Shapes = Map<string, number[]>;

const info = (fields: Fields): ModelInfo & Fields => familyOf(fields).info(fields) as ModelInfo & Fields;

test("every model_type has a golden, and every golden a family", () => {
  const vanilla = vanillaNames.map((name) => {
    return (JSON.parse(readFileSync(`${VANILLA}/${name}/config.json`, "utf8")) as { model_type: string }).model_type;
  });
  expect([...new Set([...vanilla, ...goldenTypes])].sort()).toEqual([...modelTypes].sort());
});

/** Declares a model's tensors and checks them against a file that has those; returns what was made. */
function build(fields: Fields, shapes: Shapes): { weights: number; wanted: string[]; unread: string[] } {
  const ops = createCpuBackend();
  const parameters = new Parameters(
    ops,
    [...shapes].map(([name, shape]) => ({ name, shape })),
  );
  familyOf(fields).build(ops, fields, parameters);
  const unread = parameters.check("model.safetensors");
  const wanted = [...shapes.keys()].filter((name) => parameters.wants(name));
  const { weights } = ops.memory();
  ops.dispose();
  return { weights, wanted, unread };
}

const without = (shapes: Shapes, ...names: string[]): Shapes =>
  new Map([...shapes].filter(([name]) => !names.includes(name)));
const renamed = (shapes: Shapes, change: (name: string) => string): Shapes =>
  new Map([...shapes].map(([name, shape]) => [change(name), shape]));

describe("config.json without anything but its model_type has transformers' defaults", () => {
  const common = { encoder: { layers: 12, heads: 16, feedForwardWidth: 4096 }, numDecoderLayers: 12, cacheWidth: 2048 };
  test.each([
    ["marian", { ...common, sourceVocabSize: 58101, targetVocabSize: 58101, padTokenId: 58100, eosTokenIds: [0] }],
    ["marian", { decoderStartTokenId: 58100, activation: "gelu", scale: 1, maxSourceLength: 1024, shared: true }],
    ["bart", { ...common, sourceVocabSize: 50265, padTokenId: 1, eosTokenIds: [2], decoderStartTokenId: 2, scale: 1 }],
    ["mbart", { ...common, sourceVocabSize: 50265, decoderStartTokenId: 0, activation: "gelu", tied: true }],
    ["m2m_100", { ...common, sourceVocabSize: 128112, decoderStartTokenId: 2, activation: "relu", scale: 32 }],
    [
      "pegasus",
      { ...common, sourceVocabSize: 50265, padTokenId: 0, eosTokenIds: [1], decoderStartTokenId: 0, scale: 1 },
    ],
    ["pegasus", { activation: "gelu", maxSourceLength: 1024, tied: true }],
    [
      "blenderbot",
      {
        encoder: { layers: 2, heads: 32, feedForwardWidth: 10240 },
        decoder: { layers: 24, heads: 32, feedForwardWidth: 10240 },
        width: 2560,
      },
    ],
    [
      "blenderbot",
      { targetVocabSize: 8008, padTokenId: 0, eosTokenIds: [2], decoderStartTokenId: 1, maxTargetLength: 128 },
    ],
    [
      "blenderbot-small",
      {
        encoder: { layers: 8, heads: 16, feedForwardWidth: 2048 },
        numDecoderLayers: 8,
        width: 512,
        maxSourceLength: 512,
      },
    ],
    ["blenderbot-small", { sourceVocabSize: 50265, padTokenId: 0, eosTokenIds: [2], decoderStartTokenId: 1, scale: 1 }],
    [
      "plbart",
      {
        encoder: { layers: 6, heads: 12, feedForwardWidth: 3072 },
        numDecoderLayers: 6,
        width: 768,
        scale: Math.sqrt(768),
      },
    ],
    [
      "plbart",
      { sourceVocabSize: 50005, padTokenId: 1, eosTokenIds: [2], decoderStartTokenId: 0, maxSourceLength: 1024 },
    ],
    ["mvp", { ...common, sourceVocabSize: 50267, padTokenId: 1, eosTokenIds: [2], decoderStartTokenId: 2, scale: 1 }],
    ["t5", { targetVocabSize: 32128, width: 512, heads: 8, innerWidth: 512, feedForwardWidth: 2048, encoderLayers: 6 }],
    ["t5", { activation: "relu", gated: false, buckets: 32, farthest: 128, normEps: 1e-6, outputScale: 512 ** -0.5 }],
    ["t5", { padTokenId: 0, eosTokenIds: [1], decoderStartTokenId: 0, maxSourceLength: 8192, maxTargetLength: 2048 }],
    ["mt5", { targetVocabSize: 250112, heads: 6, innerWidth: 384, cacheWidth: 768, feedForwardWidth: 1024 }],
    ["umt5", { heads: 6, gated: true, activation: "gelu_new", outputScale: 512 ** -0.5, biasPerLayer: true }],
    ["mt5", { encoderLayers: 8, decoderLayers: 8, activation: "gelu_new", gated: true, outputScale: 1 }],
  ])("%s %#", (model_type, expected) => {
    expect(info({ model_type })).toMatchObject(expected);
  });
});

describe("fields that count", () => {
  test.each<[string, Fields, Fields]>([
    ["marian", { share_encoder_decoder_embeddings: false, decoder_vocab_size: 60000 }, { targetVocabSize: 60000 }],
    ["marian", { decoder_vocab_size: 7 }, { targetVocabSize: 58101 }], // shared: vocab_size counts
    ["marian", { activation_function: "swish", scale_embedding: true, d_model: 64 }, { activation: "silu", scale: 8 }],
    [
      "bart",
      { encoder_layers: 3, num_hidden_layers: 4 },
      { encoder: { layers: 4, heads: 16, feedForwardWidth: 4096 } },
    ],
    ["bart", { hidden_size: 32, num_attention_heads: 4, decoder_attention_heads: 2 }, { width: 32, cacheWidth: 64 }],
    ["bart", { decoder_layers: 2, decoder_ffn_dim: 5 }, { decoder: { layers: 2, heads: 16, feedForwardWidth: 5 } }],
    ["bart", { tie_word_embeddings: false, eos_token_id: [2, 3] }, { tied: false, eosTokenIds: [2, 3] }],
    ["mbart", { decoder_start_token_id: null, bos_token_id: 5 }, { decoderStartTokenId: 5 }],
    ["mbart", { decoder_start_token_id: 9, bos_token_id: 5 }, { decoderStartTokenId: 9 }],
    ["m2m_100", { max_position_embeddings: 77 }, { maxPositions: 77, maxSourceLength: 8192, maxTargetLength: 2048 }],
    ["t5", { d_kv: 5, num_heads: 3 }, { innerWidth: 15, cacheWidth: 30, width: 512 }],
    ["t5", { num_layers: 3 }, { encoderLayers: 3, decoderLayers: 3, numDecoderLayers: 3 }],
    ["t5", { num_layers: 3, num_decoder_layers: 1 }, { encoderLayers: 3, decoderLayers: 1 }],
    ["t5", { feed_forward_proj: "gated-gelu" }, { gated: true, activation: "gelu_new" }],
    ["t5", { feed_forward_proj: "gelu" }, { gated: false, activation: "gelu" }],
    ["t5", { feed_forward_proj: "gated-silu" }, { gated: true, activation: "silu" }],
    ["t5", { feed_forward_proj: "gated-gelu", dense_act_fn: "gelu" }, { gated: true, activation: "gelu" }],
    ["t5", { feed_forward_proj: "relu", is_gated_act: true }, { gated: true, activation: "relu" }],
    ["t5", { tie_word_embeddings: false }, { outputScale: 1 }],
    ["t5", { tie_word_embeddings: true, scale_decoder_outputs: false }, { outputScale: 1 }],
    ["t5", { tie_word_embeddings: false, scale_decoder_outputs: true, d_model: 16 }, { outputScale: 0.25 }],
    ["mt5", { tie_word_embeddings: true }, { outputScale: 1 }],
    ["t5", { layer_norm_epsilon: 0.25, max_position_embeddings: 99 }, { normEps: 0.25, maxTargetLength: 2048 }],
    ["t5", { num_layers: 3, num_hidden_layers: 2 }, { encoderLayers: 2, decoderLayers: 3 }],
    ["t5", { num_hidden_layers: 2 }, { encoderLayers: 2, decoderLayers: 6 }],
    ["bart", { pad_token_id: -1, eos_token_id: -1, decoder_start_token_id: -1 }, { padTokenId: 0, eosTokenIds: [] }],
  ])("%s %j", (model_type, fields, expected) => {
    expect(info({ model_type, ...fields })).toMatchObject(expected);
  });
});

describe("what is refused", () => {
  test.each<[Fields, string, string]>([
    [{ model_type: "gpt2" }, "unsupported_model", `supported: ${[...modelTypes, ...speechTypes].join(", ")}.`],
    [{ model_type: "mvp", use_prompt: true }, "unsupported_model", "use_prompt is true: prompts, which"],
    [{ model_type: "mvp", use_prompt: 1 }, "invalid_config", "use_prompt must be true or false, not 1"],
    [{ model_type: "blenderbot", d_model: 100 }, "invalid_config", "d_model 100 is not a multiple"],
    [
      { model_type: "bart", activation_function: "prelu" },
      "unsupported_model",
      'activation_function is "prelu"; supported: relu, gelu',
    ],
    [
      { model_type: "bart", encoder_attention_heads: 3 },
      "invalid_config",
      "d_model 1024 is not a multiple of encoder_attention_heads 3",
    ],
    [{ model_type: "bart", decoder_attention_heads: 7 }, "invalid_config", "decoder_attention_heads 7"],
    [{ model_type: "marian", pad_token_id: 58101 }, "invalid_config", "pad_token_id"],
    [{ model_type: "mbart", scale_embedding: 1 }, "invalid_config", "scale_embedding must be true or false, not 1"],
    [
      { model_type: "m2m_100", d_model: 2, encoder_attention_heads: 1, decoder_attention_heads: 1 },
      "invalid_config",
      "at least 4",
    ],
    [{ model_type: "t5", feed_forward_proj: "gated-swiglu" }, "unsupported_model", 'feed_forward_proj is "swiglu"'],
    [{ model_type: "t5", feed_forward_proj: "half-gelu" }, "invalid_config", "feed_forward_proj must be"],
    [{ model_type: "t5", feed_forward_proj: 3 }, "invalid_config", "feed_forward_proj must be"],
    [{ model_type: "t5", dense_act_fn: "prelu" }, "unsupported_model", "dense_act_fn"],
    [{ model_type: "t5", relative_attention_num_buckets: 3 }, "invalid_config", "relative_attention_num_buckets"],
    [{ model_type: "t5", relative_attention_max_distance: 16 }, "invalid_config", "relative_attention_max_distance 16"],
    [{ model_type: "t5", num_heads: 0 }, "invalid_config", "num_heads"],
  ])("%j", (fields, code, text) => {
    const error = failureNow(() => info(fields));
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
  });
});

describe("names of tensors", () => {
  const names = ["shared", "encoder.embed_tokens", "decoder.embed_tokens"].map((key) => `model.${key}.weight`);
  names.push("lm_head.weight");
  /** One of each family with fairseq's names, whose file has one matrix for all of them. */
  const tied = onePerFamily(({ shapes }) => {
    return shapes.has("model.encoder.layers.0.fc1.weight") && names.filter((key) => shapes.has(key)).length === 1;
  });

  test.each(tied)("%s without its prefix, as the bare model is saved", (name) => {
    const { fields, shapes } = readCheckpoint(name);
    const bare = renamed(shapes, (key) => key.replace(/^model\./, ""));
    expect(build(fields, bare).weights).toBe(build(fields, shapes).weights);
  });

  test.each(tied)("%s: the shared matrix under any of its names, or all", (name) => {
    const { fields, shapes } = readCheckpoint(name);
    const stored = names.filter((key) => shapes.has(key));
    expect(stored.length).toBe(1);
    const shape = shapes.get(stored[0]) as number[];
    const once = build(fields, shapes).weights;
    for (const key of names) {
      const moved = without(shapes, ...stored).set(key, shape);
      expect(build(fields, moved).weights, key).toBe(once);
    }
    const all = new Map([...shapes, ...names.map((key): [string, number[]] => [key, shape])]);
    const { weights, wanted } = build(fields, all);
    // The three that are read each have their own; shared.weight has no reader left.
    expect(weights).toBe(once + 2 * 4 * shape[0] * shape[1]);
    expect(wanted).not.toContain("model.shared.weight");
    expect(failureNow(() => build(fields, without(shapes, ...stored))).code).toBe("missing_tensor");
  });

  test("an untied head has to be there", () => {
    const { fields, shapes } = readCheckpoint("mbart-untied");
    build(fields, shapes);
    const error = failureNow(() => build(fields, without(shapes, "lm_head.weight")));
    expect(error.message).toContain("lm_head.weight");
    build({ ...fields, tie_word_embeddings: true }, without(shapes, "lm_head.weight"));
  });

  test("two vocabularies: each side needs its own, the head may be tied to the decoder's", () => {
    const { fields, shapes } = readCheckpoint("marian-two-vocabularies-untied");
    build(fields, shapes);
    for (const key of ["model.encoder.embed_tokens.weight", "lm_head.weight"]) {
      expect(failureNow(() => build(fields, without(shapes, key))).message).toContain(key);
    }
    build({ ...fields, tie_word_embeddings: true }, without(shapes, "lm_head.weight"));
  });

  test("T5's head is its own where the file has one, whatever config.json says", () => {
    const { fields, shapes } = readCheckpoint("t5-v1.1-gated-gelu");
    expect(build(fields, shapes).wanted).toContain("lm_head.weight");
    expect(build(fields, without(shapes, "lm_head.weight")).wanted).toContain("shared.weight");
  });

  test.each<[string, string, number[]]>([
    ["marian-swish", "model.encoder.embed_positions.weight", [64, 16]],
    ["m2m100", "model.decoder.embed_positions.weights", [66, 16]],
    ["bart-gelu", "model.decoder.version", [1]],
    ["t5-relu", "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight", [32, 4]],
  ])("%s may hold %s", (name, key, shape) => {
    const { fields, shapes } = readCheckpoint(name);
    build(fields, new Map(shapes).set(key, shape));
  });

  test.each(onePerFamily())("%s: a tensor more is reported, one less is an error that names it", (name) => {
    const { fields, shapes } = readCheckpoint(name);
    expect(build(fields, shapes).unread).toEqual([]);
    const more = build(fields, new Map(shapes).set("classification_head.dense.weight", [2]));
    expect(more.unread).toEqual(["classification_head.dense.weight"]);
    // Sinusoids may be missing: they are computed then.
    const needed = fields.model_type === "pegasus" ? /norm|fc1|q_proj/ : /norm|fc1|wi|q_proj|\.k\.|embed_positions/;
    for (const key of [...shapes.keys()].filter((key) => needed.test(key))) {
      const less = failureNow(() => build(fields, without(shapes, key)));
      expect(less.code, key).toBe("missing_tensor");
      expect(less.message).toContain(key);
    }
  });
});
