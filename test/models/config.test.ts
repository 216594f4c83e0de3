/** Broken config.json fields of the vanilla family: each is a ModelError that names the field. */

import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../src/errors";
import { familyOf } from "../../src/models/families/registry";
import { failureNow } from "../support/node/failure";

const good: Record<string, unknown> = {
  model_type: "transformer",
  d_model: 24,
  nhead: 3,
  num_encoder_layers: 2,
  num_decoder_layers: 4,
  dim_feedforward: 37,
  activation: "gelu",
  norm_first: true,
  layer_norm_eps: 1e-6,
  position: "sinusoidal",
  scale_embedding: false,
  src_vocab_size: 50,
  tgt_vocab_size: 60,
  tie_embeddings: false,
  pad_token_id: 55,
  eos_token_id: [2, 59],
  decoder_start_token_id: 1,
  max_position_embeddings: 77,
};

const info = (change: Record<string, unknown> = {}) => {
  const config = { ...good, ...change };
  return familyOf(config).info(config);
};

const failure = (change: Record<string, unknown>) => failureNow(() => info(change));

const POSITIVE = [
  "d_model",
  "nhead",
  "num_encoder_layers",
  "num_decoder_layers",
  "dim_feedforward",
  "src_vocab_size",
  "tgt_vocab_size",
];
const TOKENS = ["pad_token_id", "eos_token_id", "decoder_start_token_id"];
const BOOLEANS = ["norm_first", "scale_embedding", "tie_embeddings"];
const NOT_INTEGERS: unknown[] = [-1, 1.5, "8", true, [], {}, 1e308, 2 ** 53, 1e10, Infinity, NaN];

type Row = [field: string, value: unknown, code: ErrorCode, message: string];

const rows: Row[] = [
  ...POSITIVE.concat(TOKENS).flatMap((field): Row[] => [
    [field, undefined, "invalid_config", `${field} is missing`],
    [field, null, "invalid_config", `${field} is missing`],
  ]),
  ...POSITIVE.concat("max_position_embeddings").flatMap((field) =>
    [0, [4], ...NOT_INTEGERS].map((value): Row => {
      return [field, value, "invalid_config", `${field} must be an integer from 1 to `];
    }),
  ),
  ...["pad_token_id", "decoder_start_token_id"].flatMap((field) =>
    [[1], ...NOT_INTEGERS].map((value): Row => {
      return [field, value, "invalid_config", `${field} must be an integer from 0 to `];
    }),
  ),
  ...[[[1]], [2, 60], [2, "3"], [null], ...NOT_INTEGERS].map((value): Row => {
    return ["eos_token_id", value, "invalid_config", "eos_token_id must be a token id below the vocabulary size 60"];
  }),
  ["pad_token_id", 60, "invalid_config", "pad_token_id must be a token id below the vocabulary size 60, not 60"],
  ["eos_token_id", 60, "invalid_config", "eos_token_id must be a token id below the vocabulary size 60"],
  ["decoder_start_token_id", 60, "invalid_config", "decoder_start_token_id must be a token id below the vocabulary"],
  ...BOOLEANS.flatMap((field) =>
    [0, 1, "true", [], {}].map((value): Row => [
      field,
      value,
      "invalid_config",
      `${field} must be true or false, not `,
    ]),
  ),
  ...[0, -1e-5, "1e-5", true, [], NaN, Infinity, 1e300].map((value): Row => {
    return ["layer_norm_eps", value, "invalid_config", "layer_norm_eps must be a positive number, not "];
  }),
  ["nhead", 5, "invalid_config", "d_model 24 is not a multiple of nhead 5"],
  ["nhead", 48, "invalid_config", "d_model 24 is not a multiple of nhead 48"],
  ["d_model", 27, "invalid_config", "sinusoidal positions need an even d_model, not 27"],
  ["activation", "tanh", "unsupported_model", 'activation is "tanh"; supported: relu, gelu, silu, swish'],
  ["activation", "ReLU", "unsupported_model", 'activation is "ReLU"; supported: '],
  ["activation", "", "unsupported_model", 'activation is ""; supported: '],
  ["activation", 1, "invalid_config", "activation is 1; supported: "],
  ["activation", ["relu"], "invalid_config", 'activation is ["relu"]; supported: '],
  ["position", "rotary", "unsupported_model", 'position is "rotary"; supported: sinusoidal, learned'],
  ["position", false, "invalid_config", "position is false; supported: "],
  ["model_type", "bert", "unsupported_model", 'model_type is "bert"; supported: transformer'],
  ["model_type", "Transformer", "unsupported_model", 'model_type is "Transformer"'],
  ["model_type", "toString", "unsupported_model", 'model_type is "toString"'],
  ["model_type", "__proto__", "unsupported_model", 'model_type is "__proto__"'],
  ["model_type", 7, "unsupported_model", "model_type is 7"],
  ["model_type", null, "invalid_config", "model_type is missing"],
  ["model_type", undefined, "invalid_config", "model_type is missing"],
];

describe("a broken field", () => {
  const named = rows.map((row) => [row[0], JSON.stringify(row[1]) ?? String(row[1]), row] as const);
  test.each(named)("%s: %s", (_field, _value, [field, value, code, message]) => {
    const error = failure({ [field]: value });
    expect(error.code).toBe(code);
    expect(error.message).toContain(`config.json: ${message}`);
    expect(error.message.length).toBeLessThan(220);
  });

  test("a long value is cut in the message", () => {
    expect(failure({ activation: "x".repeat(5000) }).message.length).toBeLessThan(220);
    expect(failure({ d_model: "x".repeat(5000) }).message.length).toBeLessThan(220);
  });
});

describe("a good configuration", () => {
  test("gives the facts that generation needs", () => {
    expect(info()).toMatchObject({
      modelType: "transformer",
      sourceVocabSize: 50,
      targetVocabSize: 60,
      maxSourceLength: 77,
      maxTargetLength: 77,
      padTokenId: 55,
      eosTokenIds: [2, 59],
      decoderStartTokenId: 1,
      numDecoderLayers: 4,
      cacheWidth: 48,
    });
  });

  test("defaults of the fields that may be left out", () => {
    const names = ["activation", "position", "layer_norm_eps", "max_position_embeddings", ...BOOLEANS];
    expect(info(Object.fromEntries(names.map((name) => [name, undefined])))).toMatchObject({
      activation: "relu",
      learnedPositions: false,
      normEps: 1e-5,
      maxSourceLength: 1024,
      maxTargetLength: 1024,
      normFirst: false,
      scaleEmbedding: true,
      tieEmbeddings: false,
    });
  });

  test.each([
    [
      { position: "learned", d_model: 27 },
      { learnedPositions: true, width: 27 },
    ],
    [{ activation: "swish" }, { activation: "silu" }],
    [{ eos_token_id: 0 }, { eosTokenIds: [0] }],
    [
      { pad_token_id: 59, decoder_start_token_id: 59 },
      { padTokenId: 59, decoderStartTokenId: 59 },
    ],
    [{ nhead: 24 }, { heads: 24 }],
    [{ dropout: 0.1, bias: true, torch_dtype: "float32" }, { width: 24 }],
  ])("%j", (change, facts) => {
    expect(info(change)).toMatchObject(facts);
  });
});
