/**
 * `npm run bench:before -- COMMIT [MODEL]`: milliseconds per token on WebGPU, with the engine of a commit and with that of this
 * folder. Both run in one browser, in turn, so that other work of the machine slows down both. The adapter is SwiftShader;
 * ATTENDANT_GPU=1 takes the GPU. Models are those of bench/models.ts.
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveSources } from "./sources.js";

const ROUNDS = 4;
const TOKENS = 12;
const WORKLOADS = {
  greedy: { rows: 1, source: 16, beams: 1 },
  "4 beams": { rows: 1, source: 16, beams: 4 },
  "16 sentences": { rows: 16, source: 16, beams: 1 },
  sampling: { rows: 1, source: 16, beams: 1, sample: true },
};

const root = fileURLToPath(new URL("..", import.meta.url));
const [commit, model = "small"] = process.argv.slice(2);
if (!commit) {
  console.log("usage: npm run bench:before -- COMMIT [MODEL]");
  process.exit(2);
}

/** @param {string[]} args */
function git(...args) {
  const { status, stderr } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
}

const before = join(root, "test-results/before");
if (existsSync(before)) git("worktree", "remove", "--force", before);
git("worktree", "add", "--detach", before, commit);
symlinkSync(join(root, "node_modules"), join(before, "node_modules"));
// Both are measured by the benchmark of this folder.
for (const file of ["bench/generate.ts", "bench/models.ts"]) copyFileSync(join(root, file), join(before, file));

const servers = [await serveSources({ folder: before }), await serveSources()];
try {
  const { launchBrowser } = await servers[1].ssrLoadModule("/test/support/node/browser.ts");
  const browser = await launchBrowser();
  try {
    const pages = [];
    for (const server of servers) {
      const page = await browser.newPage();
      await page.goto(`${server.resolvedUrls?.local[0]}test/browser/blank.html`);
      pages.push(page);
    }
    /** Milliseconds per token, by workload: of the commit, and of now. */
    const least = new Map(Object.keys(WORKLOADS).map((workload) => [workload, [Infinity, Infinity]]));
    const args = [model, { device: "webgpu" }, WORKLOADS, TOKENS, 3].map((value) => JSON.stringify(value)).join(", ");
    for (let round = 0; round < ROUNDS; round++) {
      for (const side of round % 2 ? [1, 0] : [0, 1]) {
        await pages[side].bringToFront();
        const { runs } = await pages[side].evaluate(
          `import("/bench/generate.ts").then((bench) => bench.measure(${args}))`,
        );
        for (const { workload, msPerToken } of runs) {
          const times = least.get(workload);
          if (times) times[side] = Math.min(times[side], msPerToken);
        }
      }
    }
    console.log(`${model}, ms per token, best of ${ROUNDS} rounds of 3\n`);
    console.log(`| workload | ${commit} | now | ratio |\n| --- | ---: | ---: | ---: |`);
    for (const [workload, [then, now]] of least)
      console.log(`| ${workload} | ${then.toFixed(2)} | ${now.toFixed(2)} | ${(now / then).toFixed(3)} |`);
  } finally {
    await browser.close();
  }
} finally {
  for (const server of servers) await server.close();
  git("worktree", "remove", "--force", before);
}
