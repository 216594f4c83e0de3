/** Loads mutated models through the public API: each works or is refused with a ModelError. Runs in Node and in a page. */

import { ModelError, Seq2Seq } from "../../../src/index";
import { readSafetensors } from "../../../src/loading/formats/safetensors";
import { chooser, mutateBytes, mutateJson } from "./mutate";
import { makeSafetensors, openBytes, type TensorSpec } from "./safetensors";
import { tinyCheckpoint, type TinyFiles } from "./tiny";
import { makeLegacy, makeTorchZip, stateDictPickle, type ViewSpec } from "./torch";

export interface Outcome {
  loaded: number;
  refused: number;
  /** By code. */
  codes: Record<string, number>;
  /** What was neither: the file, the seed and what happened. */
  wrong: string[];
  slowest: { ms: number; what: string };
}

export const KINDS = [
  "model.safetensors",
  "pytorch_model.bin",
  "legacy",
  "model.safetensors.index.json",
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
] as const;

const TOKENIZER = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [
    { id: 2, content: "</s>", single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  ],
  normalizer: { type: "NFC" },
  pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
  post_processor: {
    type: "TemplateProcessing",
    single: [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "</s>", type_id: 0 } }],
    pair: [],
    special_tokens: { "</s>": { id: "</s>", ids: [2], tokens: ["</s>"] } },
  },
  decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
  model: {
    type: "BPE",
    unk_token: "<unk>",
    vocab: Object.fromEntries(
      ["<unk>", "<s>", "</s>", "▁", "a", "b", "c", "▁a", "ab", "bc", "abc", "d", "e"].map((token, id) => [token, id]),
    ),
    merges: ["▁ a", "a b", "b c", "ab c"],
  },
};

/** The files of a good model, by the kind that is to be mutated. */
async function goodFiles(): Promise<Record<(typeof KINDS)[number], TinyFiles>> {
  let base: TinyFiles = {};
  tinyCheckpoint({ layers: 1 }, (files) => void (base = files));
  const weights = base["model.safetensors"] as Uint8Array;
  base = {
    ...base,
    "generation_config.json": JSON.stringify({
      max_length: 20,
      num_beams: 1,
      eos_token_id: [2],
      transformers_version: "4",
    }),
    "tokenizer.json": JSON.stringify(TOKENIZER),
    "tokenizer_config.json": JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast", eos_token: "</s>" }),
  };
  const views: Record<string, ViewSpec> = {};
  const storages: Record<string, Uint8Array> = {};
  const shards: Record<string, TensorSpec>[] = [{}, {}];
  const map: Record<string, string> = {};
  for await (const { name, shape, data } of readSafetensors(openBytes(weights), "model.safetensors")) {
    const i = Object.keys(map).length;
    const bytes = data.slice();
    views[name] = {
      key: String(i),
      elements: bytes.length / 4,
      shape,
      strides: shape.map((_, d) => shape.slice(d + 1).reduce((product, n) => product * n, 1)),
    };
    storages[i] = bytes;
    shards[i % 2][name] = { dtype: "F32", shape, data: bytes };
    map[name] = `shard-${i % 2}.safetensors`;
  }
  const pickle = stateDictPickle(views);
  const others = { ...base };
  delete others["model.safetensors"];
  const bin = { ...others, "pytorch_model.bin": makeTorchZip(pickle, storages) };
  const legacy = { ...others, "pytorch_model.bin": makeLegacy(pickle, storages) };
  const index = {
    ...others,
    "model.safetensors.index.json": JSON.stringify({ metadata: { total_size: 1 }, weight_map: map }),
    "shard-0.safetensors": makeSafetensors(shards[0]),
    "shard-1.safetensors": makeSafetensors(shards[1]),
  };
  const same = {
    "config.json": base,
    "generation_config.json": base,
    "tokenizer.json": base,
    "tokenizer_config.json": base,
  };
  return {
    "model.safetensors": base,
    "pytorch_model.bin": bin,
    legacy,
    "model.safetensors.index.json": index,
    ...same,
  };
}

/** The shapes of a file's front are where most of what can be broken is; half of the mutants are broken there. */
function mutateWeights(file: Uint8Array, below: (n: number) => number): Uint8Array {
  if (below(2) === 0) return mutateBytes(file, below);
  const front = Math.min(file.length, 3000);
  const head = mutateBytes(file.subarray(0, front), below);
  const mutant = new Uint8Array(head.length + file.length - front);
  mutant.set(head);
  mutant.set(file.subarray(front), head.length);
  return mutant;
}

/** Folders with one broken file each; the first of each kind is whole. */
export async function mutants(
  count: number,
  seed: number,
): Promise<{ what: string; whole: boolean; files: TinyFiles }[]> {
  const good = await goodFiles();
  const below = chooser(seed);
  return KINDS.flatMap((kind) =>
    Array.from({ length: count + 1 }, (_, i) => {
      const files = { ...good[kind] };
      const name = kind === "legacy" ? "pytorch_model.bin" : kind;
      const file = files[name];
      if (i > 0) files[name] = typeof file === "string" ? mutateJson(file, below) : mutateWeights(file, below);
      return { what: `${kind} ${i}`, whole: i === 0, files };
    }),
  );
}

export const noOutcome = (): Outcome => ({
  loaded: 0,
  refused: 0,
  codes: {},
  wrong: [],
  slowest: { ms: 0, what: "" },
});

/**
 * Books what comes of a call on something broken.
 * @param whole nothing is broken here: a refusal is wrong, too
 */
export async function attempt(
  outcome: Outcome,
  what: string,
  call: () => Promise<unknown>,
  whole = false,
): Promise<void> {
  const started = performance.now();
  try {
    await call();
    outcome.loaded++;
  } catch (error) {
    if (error instanceof ModelError && error.code !== "internal" && !whole) {
      outcome.refused++;
      outcome.codes[error.code] = (outcome.codes[error.code] ?? 0) + 1;
    } else {
      outcome.wrong.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : "no Error was thrown"}`);
    }
  }
  const ms = performance.now() - started;
  if (ms > outcome.slowest.ms) outcome.slowest = { ms, what };
}

/** @param count mutants of each kind */
export async function loadMutants(count: number, seed: number): Promise<Outcome> {
  const outcome = noOutcome();
  for (const { what, whole, files } of await mutants(count, seed)) {
    const use = () =>
      loadAndGenerate(
        (path) => files[path],
        (model) => model.tokenizer?.encode("abc d") ?? [4, 5],
      );
    await attempt(outcome, what, use, whole);
  }
  return outcome;
}

/** Two tokens from a model on the CPU. */
export async function loadAndGenerate(
  read: (path: string) => Uint8Array | string | undefined,
  input: (model: Seq2Seq) => number[] | Promise<number[]>,
): Promise<void> {
  const model = await Seq2Seq.load({ read }, { device: "cpu", onWarning: () => undefined });
  try {
    await model.generate(await input(model), { max_new_tokens: 2 });
  } finally {
    await model.dispose();
  }
}
