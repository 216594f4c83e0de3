/**
 * `npm test`: types, lint, formatting, unit tests, the package, browser tests. Every step runs even when an earlier one
 * failed, so that one run shows everything that is wrong; the exit code is 1 if any step failed.
 */

import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Steps of one row run at the same time: the first ones keep one core busy each, the others all. */
const STEPS = [["check", "lint", "format:check", "test:package"], ["test:unit"], ["test:browser"]];
const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs one script of package.json; a step that was killed by a signal has failed.
 * @param alone its output goes straight to the terminal; otherwise it is printed at the end, in one piece
 */
function passes(step, alone) {
  const stdio = ["ignore", ...Array(2).fill(alone ? "inherit" : "pipe")];
  const child = spawn(`npm run --silent ${step}`, { cwd: root, stdio, shell: true });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => output.push(data));
  const started = performance.now();
  if (alone) console.log(`\n> npm run ${step}`);
  return new Promise((resolve) => {
    child.on("error", (error) => output.push(Buffer.from(error.message)));
    child.on("close", (status) => {
      if (!alone) console.log(`\n> npm run ${step}`);
      process.stdout.write(Buffer.concat(output));
      console.log(`${step}: ${secondsSince(started)} s`);
      resolve(status === 0);
    });
  });
}

const secondsSince = (started) => Math.round((performance.now() - started) / 1000);

// Old counts must never pass for those of this run.
rmSync(new URL("../test-results", import.meta.url), { recursive: true, force: true });

const started = performance.now();
const failed = [];
for (const steps of STEPS) {
  const passed = await Promise.all(steps.map((step) => passes(step, steps.length === 1)));
  failed.push(...steps.filter((_, i) => !passed[i]));
}
const seconds = secondsSince(started);
console.log(failed.length ? `\nFailed: ${failed.join(", ")} (${seconds} s)` : `\nAll steps passed (${seconds} s)`);
process.exitCode = failed.length ? 1 : 0;
