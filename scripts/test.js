/**
 * `npm test`: types, lint, formatting, unit tests, the package, browser tests. Every step runs even when an earlier one
 * failed, so that one run shows everything that is wrong; the exit code is 1 if any step failed.
 */

import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The lists run beside each other, the steps of one list one after another. A browser test waits about a third of its time, for
 * the GPU process, for a page or for a server, so a machine of two cores has one to spare for the other steps.
 */
const LISTS = [["check", "lint", "format:check", "test:unit", "test:package"], ["test:browser"]];
const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs one script of package.json and prints its output at its end, in one piece; a step that was killed by a signal has failed. */
function passes(step) {
  const child = spawn(`npm run --silent ${step}`, { cwd: root, stdio: ["ignore", "pipe", "pipe"], shell: true });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => output.push(data));
  const started = performance.now();
  return new Promise((resolve) => {
    child.on("error", (error) => output.push(Buffer.from(error.message)));
    child.on("close", (status) => {
      console.log(`\n> npm run ${step} (${secondsSince(started)} s)`);
      process.stdout.write(Buffer.concat(output));
      resolve(status === 0);
    });
  });
}

const secondsSince = (started) => Math.round((performance.now() - started) / 1000);

// Old counts must never pass for those of this run.
rmSync(new URL("../test-results", import.meta.url), { recursive: true, force: true });

const started = performance.now();
const failed = [];
const run = async (steps) => {
  for (const step of steps) if (!(await passes(step))) failed.push(step);
};
console.log(
  `${LISTS.flat().join(", ")}: each is printed when it ends; all of them take about 15 minutes on two cores.`,
);
await Promise.all(LISTS.map(run));
const seconds = secondsSince(started);
console.log(failed.length ? `\nFailed: ${failed.join(", ")} (${seconds} s)` : `\nAll steps passed (${seconds} s)`);
process.exitCode = failed.length ? 1 : 0;
