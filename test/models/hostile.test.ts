/** config.json and generation_config.json of every family, broken: each model is refused with a ModelError or generates. */

import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { attempt, loadAndGenerate, noOutcome } from "../support/shared/hostile";
import { FAMILIES, onePerFamily } from "../support/node/families";
import { chooser, mutateJson } from "../support/shared/mutate";

/** Of each file. */
const MUTANTS = 30;

test.each(onePerFamily())("%s", async (name) => {
  const below = chooser(20170612);
  const fileOf = (path: string) => `${FAMILIES}/${name}/${path}`;
  const outcome = noOutcome();
  for (const broken of ["config.json", "generation_config.json"]) {
    const whole = readFileSync(fileOf(broken), "utf8");
    for (let i = 0; i < MUTANTS; i++) {
      const mutant = mutateJson(whole, below);
      const read = (path: string) => {
        if (path === broken) return mutant;
        return existsSync(fileOf(path)) ? new Uint8Array(readFileSync(fileOf(path))) : undefined;
      };
      await attempt(outcome, `${broken} ${i}`, () => loadAndGenerate(read, () => [5, 6, 7]));
    }
  }
  console.log(`${outcome.loaded} worked, ${outcome.refused} refused`);
  expect(outcome.wrong).toEqual([]);
  expect(outcome.slowest.ms).toBeLessThanOrEqual(5000);
});
