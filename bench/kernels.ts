/** Times single kernels of wasm/ in a page: what one repetition takes, all of them in turn, so that all meet the same neighbours. */

import readModule from "../wasm/bench/read.ts?module=simd";
import { instantiate, moduleBytes, type Kernels, type ModuleName } from "../src/backends/wasm/kernels";
import { FORMAT, SUM } from "../src/backends/wasm/numbers";

export interface Timing {
  kernel: string;
  size: string;
  module: ModuleName;
  /** Medians over the rounds. */
  milliseconds: number;
  /** Floating point operations of one repetition, in 10^9 per second. */
  gflops?: number;
  /** Bytes that one repetition has to read of weights, caches or rows, in 10^9 per second. */
  gigabytes: number;
}

interface Task {
  kernel: string;
  size: string;
  flop?: number;
  bytes: number;
  run: (kernels: Kernels) => void;
}

const X = 1 << 16;
const Y = 16 << 20;
const SCRATCH = 64 << 20;
const W = 96 << 20;
const END = 224 << 20;

const rowBytes = {
  f32: (k: number) => 4 * k,
  f16: (k: number) => 2 * k,
  q8: (k: number) => (k / 32) * 36,
  q4: (k: number) => (k / 32) * 20,
};

function tasks(): Task[] {
  const list: Task[] = [];
  const sizes: [number, number, number][] = [
    [1, 512, 512],
    [1, 2048, 512],
    [1, 512, 2048],
    [1, 32_000, 512],
    [4, 2048, 512],
    [4, 32_000, 512],
    [16, 512, 512],
    [16, 16_000, 512],
    [192, 512, 512],
    [192, 2048, 512],
    [192, 512, 2048],
  ];
  for (const [m, n, k] of sizes) {
    const size = `${m} x ${n} x ${k}`;
    const flop = 2 * m * n * k;
    for (const [format, number] of Object.entries(FORMAT)) {
      const bytes = n * rowBytes[format as keyof typeof FORMAT](k);
      list.push({
        kernel: `product ${format}`,
        size,
        flop,
        bytes,
        run: (kernels) => kernels.product(number, X, W, Y, 4 * n, m, n, k, SUM, SCRATCH),
      });
    }
    list.push({
      kernel: "product int8",
      size,
      flop,
      bytes: n * rowBytes.q8(k),
      run: (kernels) => {
        kernels.quantize(SCRATCH + kernels.int8Scratch(k), X, m, k);
        kernels.productInt8(SCRATCH + kernels.int8Scratch(k), W, Y, 4 * n, m, n, k, SCRATCH);
      },
    });
  }
  for (const [b, t, c] of [
    [1, 200, 200],
    [1, 1500, 1500],
    [1, 1, 200],
    [16, 1, 64],
  ]) {
    const [heads, width] = [8, 64];
    list.push({
      kernel: "attention",
      size: `B${b} T${t} C${c} H${heads} Dh${width}`,
      flop: 4 * b * t * c * heads * width,
      bytes: 8 * b * c * heads * width,
      run: (kernels) =>
        kernels.attention(Y, 0, X, W, 0, 0, 0, 0, 0, 0, b, t, c, b, heads, width, 0.125, -1, -1, 0, heads, SCRATCH),
    });
  }
  const n = 512 * 200;
  for (const [name, activation] of Object.entries({ relu: 1, gelu: 2, gelu_new: 3, silu: 5 })) {
    list.push({
      kernel: `finish ${name}`,
      size: `200 x 512`,
      bytes: 4 * n,
      run: (kernels) => kernels.finish(Y, 200, 512, 0.5, W, activation, 0, 0),
    });
  }
  list.push({
    kernel: "layer norm",
    size: "200 x 512",
    bytes: 4 * n,
    run: (k) => k.norm(Y, W, X, 200, 512, 1e-5, false),
  });
  const v = 58_000;
  list.push({ kernel: "softmax", size: `1 x ${v}`, bytes: 4 * v, run: (k) => k.softmax(Y, W, 1, v) });
  list.push({ kernel: "log softmax", size: `1 x ${v}`, bytes: 4 * v, run: (k) => k.logSoftmax(Y, W, 1, v) });
  list.push({ kernel: "argmax", size: `1 x ${v}`, bytes: 4 * v, run: (k) => k.argmax(Y, W, 1, v) });
  list.push({ kernel: "top k", size: `1 x ${v}, k 8`, bytes: 4 * v, run: (k) => k.topK(Y, W, 1, v, 8) });
  return list;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];

/** @param rounds how often each kernel gets its turn, for `turn` milliseconds at a time */
export async function measureKernels(rounds = 15, turn = 3, filter = ""): Promise<Timing[]> {
  const memory = new WebAssembly.Memory({ initial: END >> 16, maximum: 65_536 });
  // Every bit pattern is a number of moderate size as f32, and a sensible scale or integers in the other formats.
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < floats.length; i++) floats[i] = ((i * 7) % 13) / 16 - 0.375;
  const names: ModuleName[] = WebAssembly.validate(moduleBytes("relaxed")) ? ["simd", "relaxed"] : ["simd"];
  const bytes = Uint8Array.from(atob(readModule), (character) => character.charCodeAt(0));
  const { exports } = (await WebAssembly.instantiate(bytes, { env: { memory } })).instance;
  const { read } = exports as unknown as { read: (from: number, bytes: number) => number };

  const jobs: { timing: Timing; flop?: number; bytes: number; run: () => void; repeats: number; times: number[] }[] =
    [];
  const add = (
    kernel: string,
    size: string,
    module: ModuleName,
    flop: number | undefined,
    bytes: number,
    run: () => void,
  ) => {
    const timing = { kernel, size, module, milliseconds: 0, gigabytes: 0 };
    jobs.push({ timing, flop, bytes, run, repeats: 1, times: [] });
  };
  for (const size of [1 << 18, 1 << 22, 1 << 26])
    add("plain read", `${size >> 10} KiB`, "simd", undefined, size, () => read(W, size));
  for (const name of names) {
    const kernels = await instantiate(await WebAssembly.compile(moduleBytes(name)), memory);
    for (const { kernel, size, flop, bytes, run } of tasks()) {
      if (`${kernel} ${size}`.includes(filter)) add(kernel, size, name, flop, bytes, () => run(kernels));
    }
  }
  for (const job of jobs) {
    job.run();
    const started = performance.now();
    job.run();
    job.repeats = Math.max(1, Math.round(turn / Math.max(0.005, performance.now() - started)));
  }
  for (let round = 0; round < rounds; round++) {
    for (const { run, repeats, times } of jobs) {
      const started = performance.now();
      for (let i = 0; i < repeats; i++) run();
      times.push((performance.now() - started) / repeats);
    }
  }
  return jobs.map(({ timing, flop, bytes, times }) => {
    const milliseconds = median(times);
    return {
      ...timing,
      milliseconds,
      gflops: flop && flop / milliseconds / 1e6,
      gigabytes: bytes / milliseconds / 1e6,
    };
  });
}
