/**
 * Runs in a page: one engine with one model. What is measured is what a user of either library calls, with token ids
 * in place of text.
 */

/** What either library calls the arithmetic of a comparison. */
const OURS = { f32: { dtype: "f32" }, q8: { dtype: "q8" }, int8: { dtype: "q8", arithmetic: "int8" } };
const THEIRS = { f32: "fp32", q8: "q8", int8: "q8" };

const ENGINES = {
  async attendant({ model, device, arithmetic, packed }) {
    const { Seq2Seq } = await import("/attendant/index.js");
    const options = { device, ...OURS[arithmetic], worker: false };
    const loaded = await Seq2Seq.load(`/${packed ? "packed" : "models"}/${model}/`, options);
    return async (rows, options) => (await loaded.generate(rows, options)).sequences;
  },

  async "transformers.js"({ model, device, arithmetic, threads }) {
    const dist = "/rival/@huggingface/transformers/dist/transformers.min.js";
    const { AutoModelForSeq2SeqLM, Tensor, env } = await import(dist);
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = "/models/";
    const runtime = "/rival/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify";
    env.backends.onnx.wasm.wasmPaths = { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };
    env.backends.onnx.wasm.numThreads = threads;
    const options = { device: device === "cpu" ? "wasm" : device, dtype: THEIRS[arithmetic] };
    const loaded = await AutoModelForSeq2SeqLM.from_pretrained(model, options);
    const tensor = (rows) =>
      new Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]);
    return async (rows, options) => {
      const mask = tensor(rows.map((row) => row.map(() => 1)));
      const output = await loaded.generate({ inputs: tensor(rows), attention_mask: mask, ...options });
      return output.tolist().map((row) => row.map(Number));
    };
  },
};

/** Calls of WebGPU, counted from outside on the browser's own objects. */
const counts = { dispatches: 0, submits: 0, "buffers made": 0, "bind groups made": 0, "bytes read": 0 };

function count(type, method, name, amount = () => 1) {
  const prototype = globalThis[type]?.prototype;
  const original = prototype?.[method];
  if (!original) return;
  prototype[method] = function (...args) {
    counts[name] += amount(this, args);
    return original.apply(this, args);
  };
}

count("GPUComputePassEncoder", "dispatchWorkgroups", "dispatches");
count("GPUComputePassEncoder", "dispatchWorkgroupsIndirect", "dispatches");
count("GPUQueue", "submit", "submits");
count("GPUDevice", "createBuffer", "buffers made");
count("GPUDevice", "createBindGroup", "bind groups made");
count("GPUBuffer", "mapAsync", "bytes read", (buffer, [mode, , size]) =>
  mode === globalThis.GPUMapMode.READ ? (size ?? buffer.size) : 0,
);

let generate;

const sources = (rows, length) =>
  Array.from({ length: rows }, (_, row) => Array.from({ length }, (_, i) => 100 + 13 * row + i));

async function timed(batch, options) {
  const before = { ...counts };
  const started = performance.now();
  const sequences = await generate(batch, options);
  const ms = performance.now() - started;
  const spent = Object.fromEntries(Object.keys(counts).map((name) => [name, counts[name] - before[name]]));
  return { sequences, ms, spent };
}

/** Milliseconds from the navigation to a model that is ready, and of the first call, with all that is left until then. */
globalThis.load = async (engine, setting) => {
  generate = await ENGINES[engine](setting);
  const readyMs = performance.now();
  return { readyMs, firstMs: (await timed(sources(1, 16), { max_new_tokens: 1 })).ms };
};

/** `rows` sources of `source` tokens each, `tokens` new ones a row; a step makes one for each row. */
globalThis.measure = async ({ rows, source, tokens, beams }, warmups) => {
  const batch = sources(rows, source);
  const options = beams > 1 ? { num_beams: beams } : {};
  for (let i = 0; i < warmups; i++) await timed(batch, { ...options, max_new_tokens: tokens });
  const short = await timed(batch, { ...options, max_new_tokens: 1 });
  const long = await timed(batch, { ...options, max_new_tokens: tokens });
  const steps = tokens - 1;
  return {
    sequences: long.sequences,
    firstMs: short.ms,
    tokensPerSecond: (rows * steps) / ((long.ms - short.ms) / 1000),
    perStep: Object.fromEntries(
      Object.keys(counts).map((name) => [name, (long.spent[name] - short.spent[name]) / steps]),
    ),
  };
};
