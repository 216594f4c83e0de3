/** config.json and generation_config.json of every family, broken: each model is refused with a ModelError or generates. */

import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ModelError, Seq2Seq } from "../../src/index";
import { chooser, mutateJson } from "../support/mutate";

const FAMILIES = ["marian-swish", "bart-relu-scaled", "mbart-50", "m2m100", "t5-relu", "mt5", "umt5"];
const MUTANTS = 30;

test.each(FAMILIES)("%s", { timeout: 240_000 }, async (name) => {
  const below = chooser(20170612);
  const wrong: string[] = [];
  let [worked, refused] = [0, 0];
  for (const broken of ["config.json", "generation_config.json"]) {
    const whole = readFileSync(`test/goldens/families/${name}/${broken}`, "utf8");
    for (let i = 0; i < MUTANTS; i++) {
      const mutant = mutateJson(whole, below);
      const read = (path: string) => {
        if (path === broken) return typeof mutant === "string" ? new TextEncoder().encode(mutant) : mutant;
        const file = `test/goldens/families/${name}/${path}`;
        return existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined;
      };
      const started = performance.now();
      let model: Seq2Seq | undefined;
      try {
        model = await Seq2Seq.load({ read }, { device: "cpu", onWarning: () => undefined });
        await model.generate([5, 6, 7], { max_new_tokens: 2 });
        worked++;
      } catch (error) {
        if (error instanceof ModelError && error.code !== "internal") refused++;
        else
          wrong.push(
            `${broken} ${i}: ${error instanceof Error ? error.stack : String(error)}\n${mutant.toString().slice(0, 3000)}`,
          );
      }
      await model?.dispose();
      const ms = performance.now() - started;
      if (ms > 5000) wrong.push(`${broken} ${i}: took ${ms} ms`);
    }
  }
  console.log(`${worked} worked, ${refused} refused`);
  expect(wrong).toEqual([]);
});
