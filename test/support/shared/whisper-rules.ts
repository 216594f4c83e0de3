/** Whisper's rules on a backend, over test/goldens/whisper_rules.json: what transformers' processors leave of the same scores. */

import { createWebGpuBackend } from "../../../src/backends/webgpu/backend";
import { timestampWords } from "../../../src/ops/audio";
import type { Ops } from "../../../src/ops/ops";
import { size } from "../../../src/tensor/tensor";
import { BANNED } from "../../../src/util/scores";
import type { TimestampRules } from "../../../src/util/timestamps";
import goldens from "../../goldens/whisper_rules.json";
import { more } from "./audio-operations";
import { Lcg } from "./lcg";
import { noRules, ruleState, ruleTensors } from "./processors-table";

export interface RuleSetting {
  vocabulary: number;
  /** Tokens before the first that is generated. */
  prompt: number;
  eos: number;
  no_timestamps: number;
  max_initial: number | null;
  suppress: number[];
  begin_suppress: number[];
}

export interface RuleCase {
  setting: number;
  seed: number;
  history: number[];
  /** By token, token 0 in the lowest bit. */
  banned: string;
  draw?: { temperature: number; top_k: number; top_p?: number };
  probabilities?: [token: number, probability: number][];
}

export const whisperSettings: readonly RuleSetting[] = goldens.settings;
export const whisperRuleCases = goldens.cases as unknown as RuleCase[];

export const rulesOf = ({ prompt, eos, no_timestamps, max_initial }: RuleSetting): TimestampRules => ({
  begin: prompt,
  first: no_timestamps + 1,
  noTimestamps: no_timestamps,
  endToken: eos,
  lastInitial: no_timestamps + 1 + (max_initial ?? Infinity),
});

/** As `scores_of` of the script. */
export function scoresOf({ seed, setting }: RuleCase): Float32Array {
  const rng = new Lcg(1_000_000 + seed);
  const { vocabulary, no_timestamps } = whisperSettings[setting];
  const shift = rng.pick([-3, -1, 0, 2]) * 8192;
  return Float32Array.from(
    { length: vocabulary },
    (_, token) => (rng.next() - 32768 + (token > no_timestamps ? shift : 0)) / 8192,
  );
}

export const isBanned = ({ banned }: RuleCase, token: number): boolean =>
  ((BigInt(`0x${banned}`) >> BigInt(token)) & 1n) === 1n;

/**
 * What is wrong with the scores that a backend makes, all histories of a setting at once; empty where nothing is.
 * @param scattered the past of a row lies in other rows, as beams leave it
 */
export async function whisperRuleFaults(ops: Ops, scattered: boolean): Promise<string[]> {
  const faults: string[] = [];
  for (const [index, setting] of whisperSettings.entries()) {
    const { vocabulary, prompt, suppress, begin_suppress, eos } = setting;
    const cases = whisperRuleCases.filter((c) => c.setting === index);
    const context = { startTokenId: 0, eosTokenIds: [eos], promptLength: prompt, maxLength: 64 };
    const rules = { ...noRules, suppressTokens: suppress, beginSuppressTokens: begin_suppress };
    const sequences = cases.map(({ history }) => [...new Array<number>(prompt).fill(0), ...history]);
    const state = ruleState(ops, { rules, context, sequences, sources: [[0]] }, scattered);
    const table = ops.create([5], "u32", "activations", timestampWords(rulesOf(setting)));
    const given = cases.map((c) => scoresOf(c));
    const all = Float32Array.from(given.flatMap((row) => [...row]));
    const scores = ops.create([cases.length, 1, vocabulary], "f32", "activations", all);
    const plan = await ops.record("rules", () => {
      ops.processLogits(scores, state);
      ops.timestampRules(scores, { ...state, rules: table });
    });
    const [found] = await ops.submit([plan], [{ tensor: scores, start: 0, count: size(scores.shape) }]);
    ops.release(plan);
    ops.free([scores, table, ...ruleTensors(state)]);
    cases.forEach((c, row) => {
      const wrong = [...given[row]].flatMap((score, token) => {
        const value = found[row * vocabulary + token];
        const isRight = isBanned(c, token) ? value <= BANNED : value === score;
        return isRight ? [] : [token];
      });
      if (wrong.length > 0) faults.push(`setting ${index}, after ${c.history.join(" ")}: tokens ${wrong.join(" ")}`);
    });
  }
  return faults;
}

/** In a page. */
export async function whisperRuleFaultsOnGpu(): Promise<string[]> {
  const { ops } = await createWebGpuBackend(undefined, undefined, more);
  const faults = [...(await whisperRuleFaults(ops, false)), ...(await whisperRuleFaults(ops, true))];
  ops.dispose();
  return faults;
}
