/**
 * Attendant and transformers.js side by side: the same weights, browser, server and calls. README.md says how to install
 * the other one and how to make the weights; neither is part of this repository.
 *
 *     npm run build && node bench/compare/run.js FOLDER --models small --devices wasm --arithmetics f32,int8
 *
 * Each comparison is printed as a table and kept in FOLDER/results.json; `tables.js` makes the README's tables of that.
 */

import { execFileSync } from "node:child_process";
import { createReadStream, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { cpus } from "node:os";
import { extname, join, normalize, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runnerImport } from "vite";

const root = resolve(import.meta.dirname, "../..");
const { module: browsers } = await runnerImport(join(root, "test/support/node/browser.ts"));

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    models: { type: "string", default: "small,opus-mt,t5" },
    /** Of Attendant. The rival computes in WebAssembly, or on WebGPU where Attendant does. */
    devices: { type: "string", default: "webgpu,wasm" },
    /** f32; int8: the default of the rival without a GPU, integers in its products, and in ours; q8: the same against our exact way. */
    arithmetics: { type: "string", default: "f32" },
    /** With 1 the page is not isolated, as most are not. */
    threads: { type: "string", default: "1" },
    /** Our q8 weights come from a folder that `attendant pack` wrote: the same bits, as the rival's int8 comes quantised. */
    packed: { type: "boolean", default: false },
    workloads: { type: "string", default: "1 sentence,source of 200,16 sentences,4 beams" },
    /** New tokens of a sentence. */
    tokens: { type: "string", default: "32" },
    /** One of them alone, to look at. */
    engines: { type: "string", default: "attendant,transformers.js" },
    /** Browsers started for each engine, in turn; the tables hold medians of these. */
    rounds: { type: "string", default: "3" },
    /** Runs of a workload that don't count: engines optimise their code while it runs. */
    warmups: { type: "string", default: "3" },
  },
});
const ENGINES = ["attendant", "transformers.js"];
const WORKLOADS = {
  "1 sentence": { rows: 1, source: 16, beams: 1 },
  "source of 200": { rows: 1, source: 200, beams: 1 },
  "16 sentences": { rows: 16, source: 16, beams: 1 },
  "4 beams": { rows: 1, source: 16, beams: 4 },
};

const folder = resolve(positionals[0] ?? "");
const FOLDERS = {
  "/attendant/": join(root, "dist"),
  "/rival/": join(folder, "node_modules"),
  "/models/": join(folder, "models"),
  "/packed/": join(folder, "packed"),
  "/page.js": join(root, "bench/compare/page.js"),
};
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** Bytes of bodies since the last look. */
let served = { engine: 0, model: 0 };
/** Whether the page may share memory with workers. */
let isolated = false;

const server = createServer((request, response) => {
  if (isolated) {
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
  }
  response.setHeader("Cache-Control", "max-age=3600");
  const path = normalize(new URL(request.url, "http://localhost").pathname);
  if (path === "/") {
    response.setHeader("Content-Type", "text/html");
    return response.end(
      '<!doctype html><link rel="icon" href="data:," /><script type="module" src="/page.js"></script>',
    );
  }
  const prefix = Object.keys(FOLDERS).find((name) => path.startsWith(name));
  const file = prefix && join(FOLDERS[prefix], path.slice(prefix.length));
  const found = file && statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) return response.writeHead(404).end();
  response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
  response.setHeader("Accept-Ranges", "bytes");
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = Number(range?.[1] ?? 0);
  const end = Number(range?.[2] || found.size - 1);
  if (range) response.setHeader("Content-Range", `bytes ${start}-${end}/${found.size}`);
  response.writeHead(range ? 206 : 200, { "Content-Length": end - start + 1 });
  if (request.method === "HEAD") return response.end();
  const kind = ["/models/", "/packed/"].includes(prefix) ? "model" : "engine";
  createReadStream(file, { start, end })
    .on("data", (piece) => (served[kind] += prefix === "/page.js" ? 0 : piece.length))
    .pipe(response);
});
await new Promise((done) => server.listen(0, "localhost", done));

/** Megabytes of memory that the page's process and the GPU's take, now and at most; 0 where there is no /proc. */
async function memory(browser) {
  const session = await browser.target().createCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const megabytes = (type, field) => {
    const sizes = processInfo
      .filter((info) => info.type === type)
      .map(({ id }) => {
        const status = readFileSync(`/proc/${id}/status`, "utf8");
        return Number(new RegExp(`${field}:\\s*(\\d+) kB`).exec(status)?.[1]) / 1024;
      });
    return Math.max(...sizes);
  };
  if (process.platform !== "linux") return {};
  return {
    "page now": megabytes("renderer", "VmRSS"),
    "page at most": megabytes("renderer", "VmHWM"),
    "GPU process at most": megabytes("GPU", "VmHWM"),
  };
}

/** What one browser measured: a row of the table to a number. */
async function one(engine, setting) {
  isolated = setting.threads > 1;
  const browser = await browsers.launchBrowser();
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error(error.message));
    const open = async () => {
      served = { engine: 0, model: 0 };
      await page.goto(`http://localhost:${server.address().port}/`, { waitUntil: "load" });
      return page.evaluate((...call) => globalThis.load(...call), engine, setting);
    };
    const cold = await open();
    const figures = {
      "engine, MB": served.engine / 1e6,
      "model, MB": served.model / 1e6,
      "navigation to ready, ms": cold.readyMs,
      "first call of a page, 1 token, ms": cold.firstMs,
    };
    const ids = {};
    for (const name of args.workloads.split(",")) {
      const workload = { ...WORKLOADS[name], tokens: Number(args.tokens) };
      if (workload.beams > 1 && engine === "transformers.js") continue; // its num_beams searches greedily
      const { sequences, firstMs, tokensPerSecond, perStep } = await page.evaluate(
        (...call) => globalThis.measure(...call),
        workload,
        Number(args.warmups),
      );
      ids[name] = JSON.stringify(sequences);
      figures[`${name}: first token, ms`] = firstMs;
      figures[`${name}: ms per token`] = 1000 / tokensPerSecond;
      if (setting.device === "webgpu")
        for (const [what, count] of Object.entries(perStep)) figures[`${name}: ${what} a step`] = count;
    }
    for (const [what, size] of Object.entries(await memory(browser))) figures[`memory, ${what}, MB`] = size;
    const again = await open();
    figures["second navigation to ready, ms"] = again.readyMs;
    return { figures, ids };
  } finally {
    await browser.close();
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const show = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const results = join(folder, "results.json");

/** Keeps medians under a name, beside what earlier runs measured. */
function keep(name, rows) {
  const kept = statSync(results, { throwIfNoEntry: false }) ? JSON.parse(readFileSync(results, "utf8")) : {};
  kept[name] = rows;
  writeFileSync(results, JSON.stringify(kept, null, 1));
}

/** Writes the packed folder of a model, if it is not there. */
function pack(model) {
  const target = join(FOLDERS["/packed/"], model);
  if (statSync(join(target, "attendant.json"), { throwIfNoEntry: false })) return;
  const command = [
    join(root, "dist/attendant-cli.js"),
    "pack",
    join(FOLDERS["/models/"], model),
    "--dtype",
    "q8",
    "-o",
    target,
  ];
  execFileSync(process.execPath, command, { stdio: "inherit" });
}

async function compare(setting) {
  const { model, device, arithmetic, threads, packed } = setting;
  if (packed) pack(model);
  const runs = { attendant: [], "transformers.js": [] };
  for (let round = 0; round < Number(args.rounds); round++) {
    for (const engine of args.engines.split(",")) runs[engine].push(await one(engine, setting));
  }
  const [ours, theirs] = ENGINES.map((engine) => runs[engine]);
  const different = Object.keys(theirs[0]?.ids ?? {}).filter((name) => theirs[0].ids[name] !== ours[0].ids[name]);
  const parts = [
    model,
    device,
    arithmetic,
    `${threads} thread${threads > 1 ? "s" : ""}`,
    ...(packed ? ["packed"] : []),
  ];
  const name = parts.join(", ");
  console.log(`\n${name}: ids ${different.length ? `differ in ${different.join(", ")}` : "equal"}\n`);
  console.log("| | Attendant | transformers.js | ratio |\n| --- | ---: | ---: | ---: |");
  const rows = {};
  for (const row of Object.keys((ours[0] ?? theirs[0]).figures)) {
    const [a, b] = [ours, theirs].map((list) =>
      list[0]?.figures[row] === undefined ? undefined : median(list.map(({ figures }) => figures[row])),
    );
    rows[row] = [a, b];
    const cells = [a, b, a && b && b / a].map((value) => (value === undefined ? "-" : show(value)));
    console.log(`| ${row} | ${cells.join(" | ")} |`);
  }
  keep(name, rows);
}

const version = (name) => JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version;
const versions = ["@huggingface/transformers", "onnxruntime-web"].map((name) => `${name} ${version(name)}`);
console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores; ${versions.join(", ")}`);
for (const model of args.models.split(",")) {
  for (const device of args.devices.split(",")) {
    for (const arithmetic of args.arithmetics.split(",")) {
      // In f32 there is nothing to pack.
      const packed = args.packed && arithmetic !== "f32";
      for (const threads of args.threads.split(",").map(Number))
        await compare({ model, device, arithmetic, threads, packed });
    }
  }
}
server.close();
