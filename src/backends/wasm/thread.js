/**
 * The script of a thread of the pool (pool.ts): has the same kernels over the same memory, and computes parts of a call
 * until it is ended. Plain JavaScript without imports, so that Node and every bundler can take it as it is.
 *
 * @typedef {object} Start
 * @property {WebAssembly.Module} module
 * @property {WebAssembly.Memory} memory
 * @property {number} control where the words of pool.ts begin
 * @property {string[]} names of the kernels, in the order of the word KERNEL
 * @property {Record<"TICKET" | "DONE" | "FAILED" | "KERNEL" | "SLEEPING" | "WAITING" | "ARGUMENTS" | "MOST", number>} layout
 * @property {number} spins
 */

/** @param {Start} start */
function run({ module, memory, control, names, layout, spins }) {
  const { TICKET, DONE, FAILED, KERNEL, SLEEPING, WAITING, ARGUMENTS, MOST } = layout;
  const words = new Int32Array(memory.buffer, control, ARGUMENTS);
  const values = new Float64Array(memory.buffer, control + 4 * ARGUMENTS);
  // The kernels import the memory and functions of Math.
  const imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = kind === "memory" ? memory : Math[name];
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  const kernels = names.map((name) => exports[name]);
  tell("ready");

  for (;;) {
    const ticket = Atomics.load(words, TICKET);
    const left = ticket & 255;
    if (left === 0) {
      let turns = spins;
      while (turns > 0 && Atomics.load(words, TICKET) === ticket) turns--;
      if (turns > 0) continue;
      Atomics.add(words, SLEEPING, 1);
      Atomics.wait(words, TICKET, ticket);
      Atomics.sub(words, SLEEPING, 1);
      continue;
    }
    if (Atomics.compareExchange(words, TICKET, ticket, ticket - 1) !== ticket) continue;
    const first = (left - 1) * MOST;
    try {
      kernels[words[KERNEL]].apply(undefined, values.subarray(first, first + MOST));
    } catch {
      Atomics.store(words, FAILED, 1);
    }
    Atomics.add(words, DONE, 1);
    if (Atomics.load(words, WAITING) !== 0) Atomics.notify(words, DONE);
  }
}

// A worker of a page or of Node, which the pool has started: only there is this file more than a part of another.
const name = "attendant-thread";
const inPage = typeof WorkerGlobalScope === "function";
const node = inPage ? undefined : globalThis.process?.getBuiltinModule?.("node:worker_threads");
const port = inPage ? self.name === name && self : node?.workerData === name && node.parentPort;
/** @param {string} word */
const tell = (word) => port.postMessage(word);
if (port && inPage) self.onmessage = ({ data }) => run(data);
else if (port) port.on("message", run);
