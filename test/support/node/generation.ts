/** The fixtures of test/goldens/generation.py, and what a result must have in common with one. For Node. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { GenerationCase, GenerationFile, GenerationResult } from "../shared/generation-cases";
import { EVERYTHING } from "./volume";

const FOLDER = "test/goldens/generation";

/** The checkpoints under test/goldens/families/ that have cases. */
export const generationNames: readonly string[] = existsSync(FOLDER)
  ? readdirSync(FOLDER)
      .map((file) => file.replace(".json", ""))
      .sort()
  : [];

export const readGeneration = (name: string): GenerationFile =>
  JSON.parse(readFileSync(`${FOLDER}/${name}.json`, "utf8")) as GenerationFile;

/**
 * A file with a part of its cases: each set of options in each kind of search once in all files, and every fifth of the others.
 * All cases run in WebAssembly in Node, and on every device in `npm run test:soak`.
 */
export function readPartOfGeneration(name: string): GenerationFile {
  const file = readGeneration(name);
  return { ...file, cases: file.cases.filter((_, i) => EVERYTHING || i % 5 === 0 || first.has(placeOf(name, i))) };
}

const placeOf = (name: string, i: number): string => `${name} ${i}`;

/** Which options a call has, in which search, of one row or of several. */
function kindOf({ options, rows }: GenerationCase): string {
  const { num_beams = 1, num_beam_groups = 1, do_sample = false } = options;
  const names = Object.keys(options).filter((option) => option !== "num_beams" && option !== "do_sample");
  return [num_beams > 1, num_beam_groups > 1, do_sample, rows.length > 1, ...names.sort()].join();
}

/** The first case of each kind. */
const first = new Set(
  new Map(
    generationNames
      .flatMap((name) => readGeneration(name).cases.map((golden, i) => [kindOf(golden), placeOf(name, i)] as const))
      .reverse(),
  ).values(),
);

/** One line for each case that differs from Hugging Face's answer: ids at all, scores and log-probabilities by more than 1e-4. */
export function generationFailures(results: GenerationResult[], cases: GenerationCase[]): string[] {
  return cases.flatMap((golden, i) => {
    const what = differenceOf(results[i], golden);
    return what === undefined ? [] : [`${i}: rows ${golden.rows.join()} ${JSON.stringify(golden.options)}: ${what}`];
  });
}

function differenceOf(result: GenerationResult, golden: GenerationCase): string | undefined {
  if (result.error !== undefined) return result.error;
  const show = (rows: number[][]) => rows.map((row) => row.join(" ")).join(" | ");
  if (show(result.sequences) !== show(golden.sequences)) {
    return `\n    ids      ${show(result.sequences)}\n    expected ${show(golden.sequences)}`;
  }
  if (golden.scores && !near(result.scores, golden.scores)) {
    return `\n    scores   ${String(result.scores)}\n    expected ${String(golden.scores)}`;
  }
  const row = golden.logprobs?.findIndex((expected, at) => !near(result.logprobs?.[at], expected)) ?? -1;
  if (row >= 0) {
    return `\n    log-probabilities ${String(result.logprobs?.[row])}\n    expected          ${String(golden.logprobs?.[row])}`;
  }
  return undefined;
}

function near(actual: number[] | undefined, expected: number[]): boolean {
  return (
    actual?.length === expected.length &&
    actual.every((value, i) => Math.abs(value - expected[i]) <= 1e-4 + 1e-4 * Math.abs(expected[i]))
  );
}
