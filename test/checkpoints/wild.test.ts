/** Files as people have them on disk, and calls as they write them: the ids of transformers (test/goldens/wild.py). */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ModelError, Seq2Seq, type GenerationConfig } from "../../src/index";
import { toFloat32 } from "../../src/loading/formats/dtypes";
import { readTensors } from "../support/node/tensors";
import { f32, makeSafetensors, type TensorSpec } from "../support/shared/safetensors";

const KINDS = ["config", "generation", "weights", "calls", "unmasked", "unnamed", "repositories"] as const;

interface WildCase {
  kind: (typeof KINDS)[number];
  name: string;
  family: string;
  config: Record<string, unknown>;
  generation: Record<string, unknown> | null;
  /** The change of the weights, by its name in test/goldens/wild_cases.py. */
  weights?: string;
  options: GenerationConfig & { use_cache?: boolean };
  /** Rows with padding that no mask names; without them the rows are those of all cases. */
  source?: number[][];
  ids?: number[][];
  /** transformers refuses the case. */
  error?: string;
}

const FOLDER = "test/goldens/wild";
// Python writes NaN and Infinity as words.
const text = readFileSync(`${FOLDER}/wild.json`, "utf8");
const words = text.replaceAll(/:(NaN|Infinity)/g, ':{"__float__":"$1"}');
const wild = JSON.parse(words) as { source: number[][]; cases: WildCase[] };

type Tensors = Map<string, TensorSpec>;
const filled = (shape: number[], value: number): TensorSpec => {
  const size = shape.reduce((product, n) => product * n, 1);
  return f32(new Array<number>(size).fill(value), shape);
};
const f64 = ({ dtype, shape, data }: TensorSpec): TensorSpec => {
  const values = Float64Array.from(toFloat32(dtype as "BF16", data));
  return { dtype: "F64", shape, data: new Uint8Array(values.buffer) };
};

/** What wild_cases.py does to the weights, by the end of the case's name; the names of what is then not read. */
const CHANGES: Record<string, (tensors: Tensors) => void> = {
  "position ids": (t) => {
    const data = new Uint8Array(BigInt64Array.from({ length: 32 }, (_, i) => BigInt(i)).buffer);
    t.set("model.encoder.embed_positions.position_ids", { dtype: "I64", shape: [32], data });
  },
  "a classification head": (t) => {
    t.set("classification_head.dense.weight", filled([3, 8], 1));
    t.set("classification_head.out_proj.weight", filled([3, 8], 1));
  },
  "a value head": (t) => void t.set("v_head.summary.weight", filled([1, 8], 1)),
  "more layers": (t) => {
    for (const [name, tensor] of [...t])
      if (name.includes(".layers.1.")) t.set(name.replace("layers.1.", "layers.2."), tensor);
  },
  float64: (t) => {
    for (const [name, tensor] of [...t]) t.set(name, f64(tensor));
  },
  "biases of norms": (t) => {
    for (const [name, { shape }] of [...t])
      if (name.endsWith("layer_norm.weight")) t.set(name.replace(".weight", ".bias"), filled(shape, 3));
  },
  "a bias of the head": (t) => void t.set("lm_head.bias", filled([40], 2)),
  "banned tokens": (t) => {
    const { dtype, shape, data } = t.get("final_logits_bias") as TensorSpec;
    const values = [...toFloat32(dtype as "BF16", data)];
    values[7] = values[11] = -Infinity;
    t.set("final_logits_bias", f32(values, shape));
  },
  "a bias on the logits": (t) => void t.set("final_logits_bias", filled([1, 40], 9)),
  "its sinusoids": (t) => void t.set("model.encoder.embed_positions.weights", filled([34, 8], 1)),
  "the bias of cross-attention": (t) =>
    void t.set("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight", filled([8, 2], 1)),
  "format numbers": (t) => {
    for (const side of ["encoder", "decoder"]) t.set(`model.${side}.version`, filled([1], 1));
  },
};
/** Changes that leave nothing unread, or what transformers passes over without a word, too. */
const SILENT = ["float64", "banned tokens", "the bias of cross-attention", "format numbers"];

async function answer({ name, family, config, generation, weights, options, source, ids, error }: WildCase) {
  const tensors = readTensors(`${FOLDER}/${family}.safetensors`);
  const before = new Set(tensors.keys());
  const change = weights?.replace(/^\w+: /, "") ?? "";
  if (weights !== undefined) CHANGES[change](tensors);
  const files: Record<string, string | Uint8Array> = {
    "config.json": JSON.stringify(config),
    "model.safetensors": makeSafetensors(Object.fromEntries(tensors)),
  };
  if (generation) files["generation_config.json"] = JSON.stringify(generation);
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  const model = await Seq2Seq.load({ read: (path) => files[path] }, { device: "cpu", onWarning });
  const atLoad = [...warnings];
  const { use_cache: _, ...known } = options;
  const generating = model.generate(source ?? wild.source, known).finally(() => model.dispose());
  if (error !== undefined) return expect(generating).rejects.toThrow(ModelError);
  const { sequences } = await generating;
  const reports = atLoad.filter((message) => message.startsWith("Not read"));
  expect(reports.length).toBeLessThanOrEqual(1);
  const added = SILENT.includes(change) ? [] : [...tensors.keys()].filter((name) => !before.has(name));
  for (const name of added) expect(reports.join(), `report of ${name}`).toContain(name);
  expect(sequences).toEqual(ids);
  // Where the pad token ends a sequence, too, it marks nothing.
  const marks = source && !wild.source.every((row, i) => row.length === source[i].length);
  expect(warnings.some((message) => message.includes("attention_mask"))).toBe(
    Boolean(marks) && !/the pad token ends/.test(name),
  );
}

describe.each(KINDS)("%s", (kind) => {
  const cases = wild.cases.filter((given) => given.kind === kind);

  test("there are enough of them", () => {
    expect(cases.length).toBeGreaterThanOrEqual(kind === "repositories" ? 25 : 30);
  });

  test.each(cases)("$name", answer);
});
