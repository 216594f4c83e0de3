/** The published module, built, imported by a page without a bundler, under the strictest policy. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closePage, openPage } from "../support/page";
import { serveFolder } from "../support/static-server";

const [{ text, translation }] = (
  JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as { cases: { text: string; translation: string }[] }
).cases;

const PAGE = `<!doctype html><meta charset="utf-8"><title>embedded</title><p id="out"></p><script type="module" src="./page.js"></script>`;
const SCRIPT = `
import { Translator, checkSupport } from "./dist/index.js";
const out = document.getElementById("out");
try {
  const { webgpu } = await checkSupport();
  const translator = await Translator.create({ model: "./models/en-fr", sourceLanguage: "en", targetLanguage: "fr" });
  out.textContent = webgpu + "|" + (await translator.translate(${JSON.stringify(text)}));
  translator.destroy();
} catch (error) {
  out.textContent = String(error);
}
`;

describe("the built package", () => {
  let page: Page;
  let folder: string;
  let server: Awaited<ReturnType<typeof serveFolder>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "attendant-package-"));
    const env = { ...process.env, VITEST: "", NODE_ENV: "production" };
    const build = ["node_modules/vite/bin/vite.js", "build", "--mode", "library", "--outDir", join(folder, "dist")];
    execFileSync(process.execPath, [...build, "--emptyOutDir"], { env, stdio: "pipe" });
    mkdirSync(join(folder, "models"));
    symlinkSync(resolve("demo/public/models/en-fr"), join(folder, "models/en-fr"));
    writeFileSync(join(folder, "index.html"), PAGE);
    writeFileSync(join(folder, "page.js"), SCRIPT);
    server = await serveFolder(folder);
    page = await openPage();
    await page.goto(server.url);
  });
  afterAll(async () => {
    await closePage(page); // throws the violations of the policy that the page logged
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it("translates in a page that allows no eval, no inline script and no WebAssembly", async () => {
    await page.waitForFunction(() => document.getElementById("out")?.textContent);
    expect(await page.$eval("#out", (out) => out.textContent)).toBe(`true|${translation}`);
  });

  it("is one module with nothing to fetch", () => {
    const module = readFileSync(join(folder, "dist/index.js"), "utf8");
    expect(module).not.toMatch(/^import\b/m);
    expect(module).toContain("@compute");
  });
});
