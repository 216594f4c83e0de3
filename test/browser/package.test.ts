/** The published modules, built, imported by a page without a bundler, under the strictest policy. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mutants } from "../support/shared/hostile";
import { copyPackage } from "../support/node/built-package";
import { closePage, openPage, takeProblems } from "../support/node/pages";
import { ISOLATED, serveFolder, WASM_POLICY } from "../support/node/static-server";
import { stripWgsl } from "../../scripts/wgsl.js";

const [{ text, translation }] = (
  JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as { cases: { text: string; translation: string }[] }
).cases;

const PAGE = `<!doctype html><meta charset="utf-8"><title>embedded</title><p id="out"></p><script type="module" src="./page.js"></script>`;
const SCRIPT = `
import { Translator } from "./dist/index.js";
const out = document.getElementById("out");
try {
  const languages = { sourceLanguage: "en", targetLanguage: "fr" };
  const translator = await Translator.create({ model: "./models/en-fr", ...languages, device: "webgpu" });
  out.textContent = await translator.translate(${JSON.stringify(text)});
  translator.destroy();
} catch (error) {
  out.textContent = String(error);
}
`;

/** Loads each of the broken models and says what came of it, a line each. */
const HOSTILE = `
import { ModelError, Seq2Seq } from "./dist/attendant.js";
const lines = [];
for (let i = 0; i < Number(location.hash.slice(1)); i++) {
  try {
    const model = await Seq2Seq.load("./broken/" + i, { device: "cpu", worker: false });
    await model.generate([4, 5], { max_new_tokens: 2 });
    await model.dispose();
    lines.push("loaded");
  } catch (error) {
    lines.push(error instanceof ModelError ? error.code : "WRONG " + error);
  }
}
document.getElementById("out").textContent = lines.join("\\n");
`;

/** What "auto" takes in a page that allows no WebAssembly and has no hardware GPU. */
const AUTO = `
import { checkSupport, Seq2Seq, Translator } from "./dist/index.js";
const warnings = [];
const { wasm, wasmReason, cpu } = await checkSupport();
const model = await Seq2Seq.load("./models/en-fr", { onWarning: (warning) => warnings.push(warning) });
const translator = await Translator.create({ model, sourceLanguage: "en", targetLanguage: "fr" });
const french = await translator.translate(${JSON.stringify(text)});
document.getElementById("out").textContent = JSON.stringify({ wasm, wasmReason, cpu, device: model.device, warnings, french });
`;

/** Answers of the model on one thread and on three, and what was warned of; in a page, and in a worker of its own. */
const THREADS = `
import { Seq2Seq } from "./dist/index.js";
export async function answers(rows, max_new_tokens) {
  const [warnings, sequences] = [[], []];
  for (const threads of [1, 3]) {
    const model = await Seq2Seq.load("./models/en-fr", { device: "wasm", threads, onWarning: (text) => warnings.push(text) });
    sequences.push((await model.generate(rows, { max_new_tokens })).sequences);
    await model.dispose();
  }
  return { warnings, sequences };
}
if (typeof document === "undefined") {
  onmessage = async ({ data }) => postMessage(await answers(...data).catch(String));
} else {
  window.answers = answers;
  window.answersOfWorker = (...data) => new Promise((resolve) => {
    const policy = trustedTypes.createPolicy("page", { createScriptURL: (url) => url });
    const worker = new Worker(policy.createScriptURL("./threads.js"), { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage(data);
  });
  document.getElementById("out").textContent = "ready";
}
`;

/** Translates in a worker or in the page. */
const PARTS = `
import { Seq2Seq } from "./dist/index.js";
const worker = location.search === "?worker";
const model = await Seq2Seq.load("./models/en-fr", { device: "cpu", worker });
await model.generateText("It is late.");
document.getElementById("out").textContent = "done";
`;

/** Loads a model with a module in whose shaders there is a mistake. */
const MISTAKE = `
import { Seq2Seq } from "./dist/attendant.mistake.js";
const error = await Seq2Seq.load("./models/en-fr", { device: "webgpu" }).catch((error) => error);
document.getElementById("out").textContent = error.code + " " + error.message;
`;

describe("the built package", () => {
  let page: Page;
  let folder: string;
  let broken: Awaited<ReturnType<typeof mutants>>;
  let server: Awaited<ReturnType<typeof serveFolder>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "attendant-package-"));
    await copyPackage(folder);
    mkdirSync(join(folder, "models"));
    symlinkSync(resolve("demo/public/models/en-fr"), join(folder, "models/en-fr"));
    writeFileSync(join(folder, "index.html"), PAGE);
    writeFileSync(join(folder, "page.js"), SCRIPT);
    writeFileSync(join(folder, "auto.html"), PAGE.replace("page.js", "auto.js"));
    writeFileSync(join(folder, "auto.js"), AUTO);
    writeFileSync(join(folder, "threads.html"), PAGE.replace("page.js", "threads.js"));
    writeFileSync(join(folder, "threads.js"), THREADS);
    writeFileSync(join(folder, "parts.html"), PAGE.replace("page.js", "parts.js"));
    writeFileSync(join(folder, "parts.js"), PARTS);
    writeFileSync(join(folder, "hostile.html"), PAGE.replace("page.js", "hostile.js"));
    writeFileSync(join(folder, "hostile.js"), HOSTILE);
    broken = await mutants(5, 1);
    broken.forEach(({ files }, i) => {
      mkdirSync(join(folder, "broken", String(i)), { recursive: true });
      for (const [name, data] of Object.entries(files)) writeFileSync(join(folder, "broken", String(i), name), data);
    });
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
    expect(await page.$eval("#out", (out) => out.textContent)).toBe(translation);
  });

  it("computes in plain JavaScript where the policy refuses WebAssembly, and warns of it once", async () => {
    await page.goto(`${server.url}auto.html`);
    await page.waitForFunction(() => document.getElementById("out")?.textContent, { timeout: 120_000 });
    // The browser logs each try: one of checkSupport, one of load.
    for (const problem of takeProblems(page)) expect(problem).toContain("WebAssembly");
    const found = JSON.parse(await page.$eval("#out", (out) => out.textContent ?? "")) as Record<string, unknown>;
    expect(found).toEqual({
      wasm: false,
      wasmReason: expect.stringContaining("Content Security Policy") as string,
      cpu: true,
      device: "cpu",
      warnings: [expect.stringMatching(/^load: WebAssembly is here but refused: .*plain JavaScript/)],
      french: translation,
    });
  });

  describe("with threads: 3", () => {
    const { max_new_tokens, cases } = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as {
      max_new_tokens: number;
      cases: { input_ids: number[]; sequence: number[] }[];
    };
    const rows = cases.slice(0, 40).map(({ input_ids }) => input_ids);
    const expected = cases.slice(0, 40).map(({ sequence }) => sequence);

    it.each([
      ["answers", "the page", ISOLATED],
      ["answersOfWorker", "a worker", ISOLATED],
      ["answers", "a page that is not isolated", {}],
    ])("%s: gives PyTorch's ids in %s, under a strict policy", async (name, _where, headers) => {
      const host = await serveFolder(folder, WASM_POLICY, headers);
      const other = await openPage();
      try {
        await other.goto(`${host.url}threads.html`);
        await other.waitForFunction(() => document.getElementById("out")?.textContent === "ready");
        const call = `window.${name}(${JSON.stringify(rows)}, ${max_new_tokens})`;
        const { warnings, sequences } = (await other.evaluate(call)) as { warnings: string[]; sequences: number[][][] };
        expect(warnings).toEqual(
          headers === ISOLATED
            ? []
            : [expect.stringMatching(/^load: threads: 3 has no effect: the page is not cross-origin isolated/)],
        );
        expect(sequences).toEqual([expected, expected]);
      } finally {
        await closePage(other);
        await host.close();
      }
    });
  });

  it("loads broken models or refuses them by code, and breaks no rule of the policy", async () => {
    await page.goto(`${server.url}hostile.html#${broken.length}`);
    await page.waitForFunction(() => document.getElementById("out")?.textContent, { timeout: 120_000 });
    const lines = (await page.$eval("#out", (out) => out.textContent ?? "")).split("\n");
    expect(lines.length).toBe(broken.length);
    const outcomes = lines.map((line, i) => `${broken[i].what}: ${line}`);
    expect(outcomes.filter((line) => /WRONG|: internal/.test(line))).toEqual([]);
    broken.forEach(({ whole, what }, i) => whole && expect(outcomes[i]).toBe(`${what}: loaded`));
    expect(lines.filter((line) => line !== "loaded").length).toBeGreaterThan(20);
  });

  it("names the file and line of a mistake in WGSL, as they are under shaders/", async () => {
    const lines = readFileSync("shaders/embed.wgsl", "utf8").split("\n");
    const at = lines.findIndex((line) => line.startsWith("fn main("));
    const stripped = stripWgsl(lines.join("\n"));
    const mistake = stripped
      .split("\n")
      .map((line, i) => (i === at + 1 ? `let mistake: u32 = 1.5;${line}` : line))
      .join("\n");
    const module = readFileSync(join(folder, "dist/attendant.js"), "utf8");
    expect(module).toContain(stripped);
    writeFileSync(join(folder, "dist/attendant.mistake.js"), module.replace(stripped, mistake));
    writeFileSync(join(folder, "mistake.html"), PAGE.replace("page.js", "mistake.js"));
    writeFileSync(join(folder, "mistake.js"), MISTAKE);
    await page.goto(`${server.url}mistake.html`);
    await page.waitForFunction(() => document.getElementById("out")?.textContent);
    expect(await page.$eval("#out", (out) => out.textContent)).toMatch(
      new RegExp(`^internal The embed\\w* kernel does not compile: embed.wgsl:${at + 2}:\\d+ `),
    );
    takeProblems(page); // the browser warns of the mistake as well
  });

  it("fetches the worker and nothing else of the engine; without a worker, each part when it is needed", async () => {
    const fetched = async (path: string): Promise<string[]> => {
      await page.goto(server.url + path);
      await page.waitForFunction(() => document.getElementById("out")?.textContent === "done", { timeout: 60_000 });
      const names = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
      return names
        .filter((name) => name.includes("/dist/"))
        .map((name) => name.replace(/.*\/dist\//, ""))
        .sort();
    };
    expect(await fetched("parts.html?worker")).toEqual(["attendant-worker.js", "index.js", "page.js"]);
    expect(await fetched("parts.html")).toEqual([
      ...["core.js", "cpu.js", "engine.js", "index.js", "ops.js", "page.js", "rolldown-runtime.js", "sources.js"],
      ...["store.js", "text.js"],
    ]);
  });
});
