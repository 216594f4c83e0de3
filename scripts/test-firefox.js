/**
 * `npm run test:firefox`: goldens in an installed Firefox, over WebDriver BiDi: WebAssembly with all of them, WebGPU with the
 * checkpoints (Firefox needs a Vulkan driver for it, a software one such as Mesa's will do). Where there is no Firefox it
 * says so and passes.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { withSources } from "./sources.js";

const FILES = ["wasm", "vanilla", "families", "goldens", "generation", "misaki", "en-fr", "firefox"].map(
  (name) => `test/browser/${name}.test.ts`,
);
const root = fileURLToPath(new URL("..", import.meta.url));

const firefox = await withSources(({ findFirefox }) => findFirefox(), "/test/support/node/browser.ts");
if (firefox !== undefined) {
  const files = process.argv.length > 2 ? process.argv.slice(2) : FILES;
  const report = "--outputFile.json=test-results/firefox.json";
  const { status } = spawnSync("npx", ["vitest", "run", "--project", "browser", report, ...files], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
    env: { ...process.env, ATTENDANT_BROWSER: "firefox" },
  });
  process.exitCode = status ?? 1;
} else {
  console.log("There is no Firefox here (FIREFOX_PATH can name one): its tests are skipped.");
}
