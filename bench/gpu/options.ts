/** The command line of `npm run bench:gpu`, and the files that it writes: what Node and a browser share. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileNameOf, markdownOf, type Results } from "./results";
import { PRESETS, SECTIONS, type Section, type Settings } from "./run";

const USAGE = `usage: npm run bench:gpu -- [options]
  --only ops,kernels     sections: ${SECTIONS.join(", ")}; all by default
  --kernels SET          one more set of kernels: ${Object.keys(PRESETS).join(", ")}, or field=value,..; may be repeated
  --words "linear 1 x"   only kernels and models with these words, separated by commas, in their names
  --minutes 8            when to stop
  --out bench/results    where the results go
  --dawn PATH            dawn.node, or the folder of the webgpu package; by default the installed package
  --browser              in an installed browser; by default where the webgpu package is missing
  --fresh                measures again what an earlier run has measured`;

/** The options of a run; ends the process where they are none. */
export function readOptions(args = process.argv.slice(2)) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      kernels: { type: "string", multiple: true },
      words: { type: "string" },
      minutes: { type: "string" },
      out: { type: "string" },
      dawn: { type: "string" },
      browser: { type: "boolean" },
      fresh: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const sections = (values.only?.split(",") ?? SECTIONS) as Section[];
  const minutes = Number(values.minutes ?? 8);
  if (values.help || sections.some((section) => !SECTIONS.includes(section)) || !(minutes > 0)) {
    console.log(USAGE);
    process.exit(values.help ? 0 : 2);
  }
  const wanted: Pick<Settings, "sections" | "kernels" | "words" | "minutes"> = {
    sections: SECTIONS.filter((section) => sections.includes(section)),
    kernels: values.kernels ?? [],
    words: values.words?.split(",") ?? [],
    minutes,
  };
  return { wanted, dawn: values.dawn, fresh: values.fresh ?? false, folder: values.out ?? "bench/results" };
}

/** What earlier runs have written to the folder, by the names of their files. */
export function resultsIn(folder: string): Record<string, Results> {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return Object.fromEntries(
    files.map((file) => [file.slice(0, -5), JSON.parse(readFileSync(join(folder, file), "utf8")) as Results]),
  );
}

/** Writes results to the folder; `runs` is what the measurement ran in. */
export function writeResults(folder: string, runs: string, results: Results): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, fileNameOf(results.adapter));
  const all = { ...results, host: `${runs}, ${cpus()[0]?.model.trim() ?? ""}` };
  writeFileSync(`${path}.json`, `${JSON.stringify(all, null, 1)}\n`);
  writeFileSync(`${path}.md`, markdownOf(all));
}
