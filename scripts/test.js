/**
 * `npm test`: types, lint, formatting, unit tests, the package, browser tests. Every step runs even when an earlier one
 * failed, so that one run shows everything that is wrong; the exit code is 1 if any step failed.
 */

import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const STEPS = ["check", "lint", "format:check", "test:unit", "test:package", "test:browser"];
const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs one script of package.json; a step that was killed by a signal has failed. */
function passes(step) {
  console.log(`\n> npm run ${step}`);
  const { status, error } = spawnSync(`npm run --silent ${step}`, { cwd: root, stdio: "inherit", shell: true });
  if (error) console.error(error.message);
  return status === 0;
}

// Old counts must never pass for those of this run.
rmSync(new URL("../test-results", import.meta.url), { recursive: true, force: true });

const started = performance.now();
const failed = STEPS.filter((step) => !passes(step));
const seconds = Math.round((performance.now() - started) / 1000);
console.log(failed.length ? `\nFailed: ${failed.join(", ")} (${seconds} s)` : `\nAll steps passed (${seconds} s)`);
process.exitCode = failed.length ? 1 : 0;
