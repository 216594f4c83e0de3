/** The worker of the built package, wherever its files come from, whoever bundles them and whatever the page's policy allows. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyPackage } from "../support/node/built-package";
import { launchBrowser } from "../support/node/browser";
import { BUNDLERS } from "../support/node/bundlers";
import { closePage, openPage, takeProblems } from "../support/node/pages";
import { ISOLATED, serveFolder, STRICT_POLICY } from "../support/node/static-server";

const [{ text, translation }] = (
  JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as { cases: { text: string; translation: string }[] }
).cases;

const PAGE = `<!doctype html><meta charset="utf-8"><title>page</title><p id="out"></p><script type="module" src="./page.js"></script>`;
/** Loads the model and tells how that went. */
const USE = `
export async function use({ Seq2Seq }, options) {
  const warnings = [];
  const onWarning = (warning) => warnings.push(warning);
  const model = await Seq2Seq.load("./models/en-fr", { ...options, onWarning });
  const { texts } = await model.generateText(${JSON.stringify(text)});
  await model.dispose();
  return { device: model.device, french: texts[0], warnings };
}`;
const TELL = `.catch((error) => ({ error: String(error) })).then((found) => (document.getElementById("out").textContent = JSON.stringify(found)));`;
/** The address says after "#" which library, and with which options. */
const SCRIPT = `
import { use } from "./use.js";
const [library, options] = decodeURIComponent(location.hash.slice(1)).split(" ");
import(library).then((attendant) => use(attendant, JSON.parse(options)))${TELL}
`;
/** The same from inside a worker of the page's own, which starts another one. */
const NESTED = `
const worker = new Worker("./nested-worker.js", { type: "module" });
worker.onmessage = ({ data }) => (document.getElementById("out").textContent = JSON.stringify(data));
`;
const NESTED_WORKER = `
import * as attendant from "./dist/index.js";
import { use } from "./use.js";
const options = { device: "wasm", worker: true, threads: 2 };
postMessage(await use(attendant, options).catch((error) => ({ error: String(error) })));
`;
/** What a bundler builds. It has two cores, or the test's machine has not. */
const APP = `
import { Seq2Seq } from "attendant";
import { use } from "./use.js";
use({ Seq2Seq }, { device: "wasm", worker: true, threads: 2 })${TELL}
`;

let folder: string;
let cdn: Awaited<ReturnType<typeof serveFolder>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "attendant-delivery-"));
  await copyPackage(join(folder, "node_modules/attendant"));
  const dist = join(folder, "node_modules/attendant/dist");
  symlinkSync(dist, join(folder, "dist"));
  // Nothing but the module itself.
  for (const [name, without] of [
    ["worker", /attendant-worker\.js/],
    ["thread", /\/thread\.js/],
  ] as const)
    cpSync(dist, join(folder, `no-${name}`), { recursive: true, filter: (path) => !without.test(path) });
  mkdirSync(join(folder, "models"));
  symlinkSync(resolve("demo/public/models/en-fr"), join(folder, "models/en-fr"));
  writeFileSync(join(folder, "use.js"), USE);
  writeFileSync(join(folder, "index.html"), PAGE);
  writeFileSync(join(folder, "page.js"), SCRIPT);
  writeFileSync(join(folder, "nested.html"), PAGE.replace("page.js", "nested.js"));
  writeFileSync(join(folder, "nested.js"), NESTED);
  writeFileSync(join(folder, "nested-worker.js"), NESTED_WORKER);
  cdn = await serveFolder(folder, "");
});
afterAll(async () => {
  await cdn.close();
  rmSync(folder, { recursive: true });
});

interface Found {
  device: string;
  french: string;
  warnings: string[];
}

/** Opens a page under a policy. @returns what it found, the workers that ran, and what the browser logged */
async function visit(policy: string, path: string, headers = {}, root = folder) {
  const server = await serveFolder(root, policy.replace("CDN", cdn.url), headers);
  const page = await openPage();
  const workers: string[] = [];
  page.on("workercreated", (worker) => workers.push(worker.url()));
  try {
    await page.goto(`${server.url}${path.replaceAll("CDN/", cdn.url)}`);
    await page.waitForFunction(() => document.getElementById("out")?.textContent, { timeout: 120_000 });
    const found = JSON.parse(await page.$eval("#out", (out) => out.textContent ?? "")) as Found;
    return { ...found, workers, problems: takeProblems(page) };
  } finally {
    await closePage(page);
    await server.close();
  }
}

const threads = '{"device":"wasm","worker":true,"threads":2}';
const cpu = '{"device":"cpu","worker":true}';
const open = "default-src 'self' CDN blob: 'wasm-unsafe-eval'; connect-src *";

describe("the worker's script", () => {
  // More than one thread, or a warning.
  it.each([
    ["beside index.js", "", `#./no-thread/index.js ${threads}`, "wasm"],
    ["in attendant.js", "", `#./no-thread/attendant.js ${threads}`, "wasm"],
    ["from another origin", "", `#CDN/no-thread/index.js ${threads}`, "wasm"],
    ["in attendant.js from another origin", "", `#CDN/no-thread/attendant.js ${threads}`, "wasm"],
    ["from another origin, under a policy that allows it", open, `#CDN/dist/index.js ${threads}`, "wasm"],
    ["started by another worker", "", "nested.html", "wasm"],
    ["under a policy with neither eval nor blob: nor WebAssembly", STRICT_POLICY, `#./dist/index.js ${cpu}`, "cpu"],
    ["in attendant.js under that policy", STRICT_POLICY, `#./dist/attendant.js ${cpu}`, "cpu"],
  ])("runs %s", async (_, policy, path, device) => {
    const { workers, problems, ...found } = await visit(policy, path, ISOLATED);
    expect(found).toEqual({ device, french: translation, warnings: [] });
    expect(workers.length).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });

  it.each([
    ["is missing", "", "#./no-worker/index.js", "no-worker/attendant-worker.js is not there, or"],
    [
      "is forbidden",
      "default-src 'self' 'wasm-unsafe-eval'; worker-src 'none'",
      "#./dist/index.js",
      "dist/attendant-worker.js is not there, or",
    ],
    [
      "of another origin needs blob:, which is forbidden",
      "default-src 'self' CDN 'wasm-unsafe-eval'; worker-src 'self'",
      "#CDN/dist/index.js",
      "dist/attendant-worker.js is not there, or",
    ],
  ])("that %s leaves the model in the page, with one warning", async (_, policy, path, reason) => {
    const options = '{"device":"wasm","worker":true}';
    const { problems, workers: _workers, warnings, ...found } = await visit(policy, `${path} ${options}`);
    expect(found).toEqual({ device: "wasm", french: translation });
    expect(warnings).toEqual([expect.stringContaining(reason)]);
    for (const problem of problems) expect(problem).toMatch(/worker/i);
  });
});

it.each([
  ["index.js", "dist"],
  ["index.js", "CDN/dist"],
])("threads without a worker: %s in %s", async (name, from) => {
  const path = `${from === "dist" ? "./dist" : from}/${name}`;
  const { problems, workers, ...found } = await visit(
    "",
    `#${path} {"device":"wasm","worker":false,"threads":2}`,
    ISOLATED,
  );
  expect(found).toEqual({ device: "wasm", french: translation, warnings: [] });
  expect(workers.length).toBe(1);
  expect(problems).toEqual([]);
});

describe.each(Object.entries(BUNDLERS))("an app built by %s", (name, build) => {
  it("finds the worker and its threads", async () => {
    const app = join(folder, name);
    mkdirSync(join(app, "node_modules"), { recursive: true });
    symlinkSync(join(folder, "node_modules/attendant"), join(app, "node_modules/attendant"));
    writeFileSync(join(app, "index.html"), PAGE);
    writeFileSync(join(app, "use.js"), USE);
    writeFileSync(join(app, "page.js"), APP);
    await build(app);
    symlinkSync(join(folder, "models"), join(app, "dist/models"));
    const { problems, workers, ...found } = await visit("", "", ISOLATED, join(app, "dist"));
    expect(found).toEqual({ device: "wasm", french: translation, warnings: [] });
    expect(workers.length).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });
});

it("runs in a page of an extension", async () => {
  const extension = join(folder, "extension");
  mkdirSync(extension);
  cpSync(join(folder, "node_modules/attendant/dist"), join(extension, "dist"), { recursive: true });
  cpSync("demo/public/models/en-fr", join(extension, "models/en-fr"), { recursive: true });
  writeFileSync(join(extension, "index.html"), PAGE);
  writeFileSync(join(extension, "use.js"), USE);
  writeFileSync(join(extension, "page.js"), APP.replace('"attendant"', '"./dist/index.js"'));
  const content_security_policy = { extension_pages: "script-src 'self' 'wasm-unsafe-eval'; object-src 'self'" };
  const manifest = { manifest_version: 3, name: "test", version: "1", content_security_policy };
  writeFileSync(join(extension, "manifest.json"), JSON.stringify(manifest));
  const browser = await launchBrowser([], { pipe: true, enableExtensions: true });
  try {
    const id = await browser.installExtension(extension);
    const page = await browser.newPage();
    const workers: string[] = [];
    page.on("workercreated", (worker) => workers.push(worker.url()));
    await page.goto(`chrome-extension://${id}/index.html`);
    await page.waitForFunction(() => document.getElementById("out")?.textContent, { timeout: 60_000 });
    const found = JSON.parse(await page.$eval("#out", (out) => out.textContent ?? "")) as Found;
    // Nothing makes it cross-origin isolated.
    const warnings = [expect.stringContaining("not cross-origin isolated") as string];
    expect(found).toEqual({ device: "wasm", french: translation, warnings });
    expect(workers).toEqual([`chrome-extension://${id}/dist/attendant-worker.js`]);
  } finally {
    await browser.close();
  }
});
