/** The fixtures of test/goldens/tied_names.py: vocabulary matrices under every subset of their names. For Node. */

import { readFileSync } from "node:fs";
import { makeSafetensors, type TensorSpec } from "../shared/safetensors";
import { readTensors } from "./tensors";

const FOLDER = "test/goldens/tied";

export interface TiedAnswer {
  /** Greedy sequences, five tokens after the start token. */
  ids?: number[][];
  /** Every fifth logit of the last position of each row, one row after the other. */
  logits?: number[];
  /** Names that transformers would fill with random numbers. */
  missing?: string[];
}

export interface TiedCase extends TiedAnswer {
  /** Names of the model that the file does not have. */
  lacks: string[];
  /** The answer for a file in which encoder and decoder share their embedding, as transformers 4 reads it. */
  transformers_4?: TiedAnswer;
}

export interface TiedGroup {
  family: string;
  /** What stands before the names: nothing, the bare model's prefix once more, or "without": it is taken away. */
  prefix: string;
  config: Record<string, unknown>;
  cases: TiedCase[];
}

export const tied = JSON.parse(readFileSync(`${FOLDER}/tied.json`, "utf8")) as {
  input_ids: number[][];
  decoder_input_ids: number[][];
  groups: TiedGroup[];
};

/** The tensors of a family's file, by name. */
export const tiedWeights = (family: string): Map<string, TensorSpec> => readTensors(`${FOLDER}/${family}.safetensors`);

/** The folder of one case, in memory. */
export function tiedFiles(
  { family, prefix, config }: TiedGroup,
  { lacks }: TiedCase,
  weights: Map<string, TensorSpec>,
) {
  const kept = [...weights].filter(([name]) => !lacks.includes(name));
  const stored = (name: string) => (prefix === "without" ? name.replace(/^model\./, "") : prefix + name);
  return {
    "config.json": JSON.stringify({ model_type: family, ...config }),
    "model.safetensors": makeSafetensors(Object.fromEntries(kept.map(([name, spec]) => [stored(name), spec]))),
  };
}
