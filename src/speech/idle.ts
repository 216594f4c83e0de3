/** Options of a transcription that have no effect beside the others. */

import { BEAMS, SAMPLING } from "../generation/options/validate";

/** What a try at temperature 0 does not read. */
export const OF_SAMPLING: readonly string[] = [...Object.keys(SAMPLING), "seed"];
/** What a try without beams does not read. */
export const OF_BEAMS: readonly string[] = [...Object.keys(BEAMS), "num_beams", "diversity_penalty"];

/** The given options, without those of the other search: what the next temperature needs is not idle. */
export function optionsAt(options: Readonly<Record<string, unknown>>, temperature: number, beams: boolean) {
  const idle = [...(temperature > 0 ? [] : OF_SAMPLING), ...(beams && temperature === 0 ? [] : OF_BEAMS)];
  return Object.fromEntries(Object.entries(options).filter(([name]) => !idle.includes(name)));
}

/** What the checks have made of the options. */
interface Decided {
  given: object;
  temperatures: readonly number[];
  thresholds: { noSpeechThreshold?: number };
  conditionOnPrevTokens: boolean;
}

/** @param warn is told of each option without effect */
export function warnOfIdleOptions(
  where: string,
  { given: options, temperatures, thresholds, conditionOnPrevTokens }: Decided,
  file: Readonly<Record<string, unknown>>,
  warn: (message: string) => void,
): void {
  const given = options as Readonly<Record<string, unknown>>;
  const set = (name: string): boolean => given[name] !== undefined;
  const idle = (names: readonly string[], why: string): void => {
    for (const name of names) if (set(name)) warn(`${where}: ${name} has no effect ${why}.`);
  };
  if (temperatures.every((temperature) => temperature === 0))
    idle(OF_SAMPLING.filter(isNotTemperature), "at temperature 0");
  // Whoever asks for one beam gets it.
  const beams = OF_BEAMS.filter((name) => name !== "num_beams" || given.num_beams !== 1);
  if (temperatures.every((temperature) => temperature > 0)) idle(beams, "at temperatures above 0");
  if (!set("chunk_length_s")) {
    idle(["stride_length_s"], "without chunk_length_s");
    if (!given.vad) idle(["batch_size"], "without chunk_length_s or vad");
  }
  if (given.condition_on_prev_tokens && (set("chunk_length_s") || given.vad))
    idle(["condition_on_prev_tokens"], "on what is cut into pieces, each of which is decoded by itself");
  if (!conditionOnPrevTokens) idle(["prompt_condition_type"], "without condition_on_prev_tokens: true");
  if (file.is_multilingual === false && given.return_language)
    idle(["return_language"], "on a model that knows English alone");
  if (temperatures.length === 1 && thresholds.noSpeechThreshold === undefined) {
    const list = "unless temperature is a list, such as [0, 0.2, 0.4, 0.6, 0.8, 1]";
    idle(["compression_ratio_threshold", "logprob_threshold"], list);
  }
}

const isNotTemperature = (name: string): boolean => name !== "temperature";
