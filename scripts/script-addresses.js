/**
 * Where the scripts of the worker and of a thread are, in the files of the package, and the weights of the voice detector.
 *
 * `index.js` and `threads.js` name a file beside them with `new URL("./file", import.meta.url)`, the one form that bundlers know:
 * they copy the file and write its new address there. A copied file must import nothing, so each is complete in itself.
 *
 * `attendant-worker.js` and `attendant.js` start themselves as their threads, and `attendant.js` starts itself as the worker, so they
 * need no file beside them. If a bundler makes `attendant.js` a part of another script, that script would start as the worker, with the
 * whole page in it: this is an error instead.
 */

import { readFileSync } from "node:fs";
import { minifySync } from "vite";

const THREAD = new URL("../src/backends/wasm/thread.js", import.meta.url);
const VAD = new URL("../assets/silero-vad/", import.meta.url);
const vad = "export const vadAddress = () => new URL(SILERO_VAD_WEIGHTS_ADDRESS, import.meta.url).href;";

/** Vite would change the form itself, so it sees names. They are as long as what takes their places: source maps stay true. */
const FILES = {
  ATTENDANT_WORKER_SCRIPT: '"./attendant-worker.js"',
  THREAD_SCRIPT: '"./thread.js"',
  SILERO_VAD_WEIGHTS_ADDRESS: '"./silero-vad.safetensors"',
};
const beside = (name) => `new URL(${name}, import.meta.url)`;
const options = '{ type: "module" }';

const itself = `function itself() {
  if (/\\/attendant(\\.[\\w-]+)*\\.js\\b/.test(import.meta.url)) return import.meta.url;
  throw new Error("attendant.js is a part of another script: in a bundle, import \\"attendant\\"");
}`;
const startItself = `export const startThread = (Worker) => new Worker(new URL(itself()), ${options});`;

/**
 * @typedef {"files" | "worker" | "single"} ScriptForm modules with files beside them; the worker's script; all in one file
 * @type {Record<ScriptForm, { worker: string, thread: string }>}
 */
const FORMS = {
  files: {
    worker: `export const workerAddress = () => ${beside("ATTENDANT_WORKER_SCRIPT")};`,
    thread: `export const startThread = (Worker) => new Worker(${beside("THREAD_SCRIPT")}, ${options});`,
  },
  worker: {
    worker: 'export const workerAddress = () => { throw new Error("a worker starts no other"); };',
    thread: `export const startThread = (Worker) => new Worker(new URL(import.meta.url), ${options});`,
  },
  single: {
    worker: `export ${itself.replace("itself", "workerAddress")}`,
    thread: `${itself}\n${startItself}`,
  },
};

/**
 * @param {ScriptForm} form
 * @returns {import("vite").Plugin}
 */
export function scriptAddresses(form) {
  return {
    name: "script-addresses",
    enforce: "pre",
    load(id) {
      if (id.endsWith("/src/worker/address.ts")) return FORMS[form].worker;
      if (id.endsWith("/src/backends/wasm/thread-script.ts")) return FORMS[form].thread;
      if (id.endsWith("/src/api/vad-address.ts")) return vad;
    },
    renderChunk(code) {
      const found = Object.entries(FILES).filter(([name]) => code.includes(name));
      if (found.length === 0) return null;
      return {
        code: found.reduce((text, [name, file]) => text.replace(name, file.padEnd(name.length)), code),
        map: null,
      };
    },
    generateBundle() {
      if (form !== "files") return;
      const { code } = minifySync("thread.js", readFileSync(THREAD, "utf8"), { module: true });
      this.emitFile({ type: "asset", fileName: "thread.js", source: code });
      for (const [fileName, file] of [
        ["silero-vad.safetensors", "silero-vad.safetensors"],
        ["silero-vad.LICENSE", "LICENSE"],
      ])
        this.emitFile({ type: "asset", fileName, source: readFileSync(new URL(file, VAD)) });
    },
  };
}
