/**
 * What is timed of single operations: the shapes of the models of bench/compare, with the bytes and operations that each
 * needs at least. Weights and caches come in several copies that take turns, so that no cache of the GPU holds them all, as in
 * a model, which reads all of its weights for every token.
 */

import type { GpuTensor } from "../../src/backends/webgpu/gpu-tensor";
import type { LinearOptions, Norm, Ops } from "../../src/ops/ops";
import { rowWords, type WeightFormat } from "../../src/tensor/weight-format";
import { rowsOf, size, type DType, type Tensor } from "../../src/tensor/tensor";

export interface KernelCase {
  /** The operation, then its sizes and how its weights are stored. */
  name: string;
  /** Bytes that have to be read and written at least. */
  bytes: number;
  /** Floating point operations that are needed; 0 where they do not matter. */
  flop: number;
  /** Bytes of weights or caches of one turn: they decide how many copies there are. */
  cold: number;
  /** Makes the inputs and returns what records one turn with the i-th copy. */
  prepare(inputs: Inputs): (i: number) => Tensor[];
}

const NOISE = ((): Float32Array => {
  let seed = 1;
  return Float32Array.from({ length: 65_521 }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 31 - 1;
  });
})();

/** The inputs of a case. Random numbers repeat after 65,521 elements. */
export class Inputs {
  private readonly made: Tensor[] = [];

  constructor(
    readonly ops: Ops,
    private readonly device: GPUDevice,
    /** How many of each weight and cache there are. */
    readonly copies: number,
  ) {}

  f32(shape: number[], scale = 1, purpose: "activations" | "weights" | "cache" = "activations", dtype: DType = "f32") {
    const data = new Float32Array(size(shape));
    for (let i = 0; i < data.length; i++) data[i] = NOISE[i % NOISE.length] * scale;
    return this.keep(this.ops.create(shape, dtype, purpose, data));
  }

  u32(shape: number[], value: (i: number) => number = () => 0): Tensor {
    return this.keep(
      this.ops.create(
        shape,
        "u32",
        "cache",
        Uint32Array.from({ length: size(shape) }, (_, i) => value(i)),
      ),
    );
  }

  zeros(shape: number[]): Tensor {
    return this.keep(this.ops.create(shape, "f32", "cache"));
  }

  norm(width: number): Norm {
    const weights = Float32Array.from({ length: 2 * width }, (_, i) => (i < width ? 1 : 0));
    return { weights: this.keep(this.ops.create([2, width], "f32", "weights", weights)), eps: 1e-5 };
  }

  /** Equal matrices, of which the i-th turn takes the i-th. Their rows repeat after 1,024: random numbers take their time. */
  several(shape: number[], format: WeightFormat, purpose: "weights" | "cache", scale: number): (i: number) => Tensor {
    const [rows, width] = rowsOf(shape);
    const some = this.f32([Math.min(rows, 1024), width], scale, purpose, format) as GpuTensor;
    const encoder = this.device.createCommandEncoder();
    const fill = ({ buffer: to, parts }: GpuTensor): void => {
      parts?.forEach(({ tensor }) => fill(tensor));
      if (!to || !some.buffer) return;
      for (let at = 0; at < to.size; at += some.buffer.size)
        encoder.copyBufferToBuffer(some.buffer, 0, to, at, Math.min(some.buffer.size, to.size - at));
    };
    const all = Array.from({ length: this.copies }, () => {
      const tensor = this.keep(this.ops.create(shape, format, purpose)) as GpuTensor;
      fill(tensor);
      return tensor;
    });
    this.device.queue.submit([encoder.finish()]);
    return (i) => all[i % all.length];
  }

  free(): void {
    this.ops.free(this.made);
  }

  private keep(tensor: Tensor): Tensor {
    this.made.push(tensor);
    return tensor;
  }
}

const bytesOf = (format: WeightFormat, rows: number, width: number): number => 4 * rows * rowWords(format, width);

type LinearMode = "" | "norm" | "residual" | "norm relu";

function linear(m: number, n: number, k: number, format: WeightFormat, mode: LinearMode = ""): KernelCase {
  const cold = bytesOf(format, n, k);
  return {
    name: `linear ${m} x ${n} x ${k}, ${format}${mode && `, ${mode}`}`,
    bytes: cold + 4 * m * (k + n * (mode === "residual" ? 2 : 1)) + 4 * n,
    flop: 2 * m * n * k,
    cold,
    prepare(inputs) {
      // Rows of a batch, as in decoding, up to 16; then positions of one sentence.
      const rows = m <= 16 ? [m, 1] : [1, m];
      const x = inputs.f32([...rows, k]);
      const w = inputs.several([n, k], format, "weights", 1 / Math.sqrt(k));
      const options: LinearOptions = { bias: inputs.f32([n], 0.1, "weights") };
      if (mode.includes("norm")) options.norm = inputs.norm(k);
      if (mode.includes("relu")) options.activation = "relu";
      if (mode === "residual") options.residual = inputs.f32([...rows, n]);
      return (i) => [inputs.ops.linear(x, w(i), options)];
    },
  };
}

function project(m: number, d: number, format: WeightFormat): KernelCase {
  const cold = bytesOf(format, 3 * d, d);
  return {
    name: `query, key, value ${m} x ${3 * d} x ${d}, ${format}${m <= 16 ? ", norm" : ""}`,
    bytes: cold + 16 * m * d + 12 * d,
    flop: 6 * m * d * d,
    cold,
    prepare(inputs) {
      const [b, t] = m <= 16 ? [m, 1] : [1, m];
      const x = inputs.f32([b, t, d]);
      const w = inputs.several([3 * d, d], format, "weights", 1 / Math.sqrt(d));
      const bias = inputs.f32([3 * d], 0.1, "weights");
      const norm = m <= 16 ? inputs.norm(d) : undefined;
      const cache = m <= 16 ? inputs.zeros([b, 64, 2 * d]) : undefined;
      const offset = cache && inputs.u32([b], () => 7);
      return (i) => [inputs.ops.projectQueryKeyValue(x, w(i), { bias, norm, cache, offset }).query];
    },
  };
}

/** @param group rows that share a row of the cache */
function attention(b: number, t: number, c: number, group = 1, heads = 8, width = 64): KernelCase {
  const inner = heads * width;
  const cold = (8 * b * c * inner) / group;
  return {
    name: `attention B${b} T${t} C${c}${group > 1 ? ` G${group}` : ""} H${heads} Dh${width}`,
    bytes: cold + 8 * b * t * inner,
    flop: 4 * b * t * c * inner,
    cold,
    prepare(inputs) {
      const query = inputs.f32([b, t, inner]);
      const cache = inputs.several([b / group, c, 2 * inner], "f32", "cache", 1);
      const mask = inputs.u32([b / group, c], () => 1);
      return (i) => [inputs.ops.attention(query, cache(i), { heads, mask })];
    },
  };
}

function rowCase(
  name: string,
  rows: number,
  width: number,
  call: (inputs: Inputs) => (x: Tensor) => Tensor[],
): KernelCase {
  const bytes = 8 * rows * width;
  return {
    name: `${name} ${rows} x ${width}`,
    bytes,
    flop: 0,
    cold: bytes,
    prepare(inputs) {
      const x = inputs.f32([rows, 1, width]);
      const of = call(inputs);
      return () => of(x);
    },
  };
}

const greedyState = (inputs: Inputs, rows: number, vocabulary: number) => ({
  token: inputs.u32([rows, 1]),
  position: inputs.u32([rows]),
  finished: inputs.u32([rows]),
  history: inputs.u32([64, rows]),
  logprobs: inputs.zeros([64, rows]),
  eos: inputs.u32([1], () => vocabulary),
  pad: 0,
});

function greedy(rows: number, vocabulary: number): KernelCase {
  const bytes = 4 * rows * vocabulary;
  return {
    name: `select greedy ${rows} x ${vocabulary}`,
    bytes,
    flop: 0,
    cold: bytes,
    prepare(inputs) {
      const logits = inputs.f32([rows, 1, vocabulary]);
      const state = greedyState(inputs, rows, vocabulary);
      return () => {
        inputs.ops.selectGreedy(logits, state);
        return [];
      };
    },
  };
}

/** The end of a step: the scores of the vocabulary, and what a search makes of them. */
function endOfStep(
  name: string,
  [rows, vocabulary, k]: readonly [number, number, number],
  format: WeightFormat,
  search: (inputs: Inputs) => (scores: Tensor) => void,
): KernelCase {
  const cold = bytesOf(format, vocabulary, k);
  return {
    name: `vocabulary and ${name} ${rows} x ${vocabulary} x ${k}, ${format}`,
    bytes: cold + 4 * rows * k + 4 * vocabulary,
    flop: 2 * rows * vocabulary * k,
    cold,
    prepare(inputs) {
      const x = inputs.f32([rows, 1, k]);
      const w = inputs.several([vocabulary, k], format, "weights", 1 / Math.sqrt(k));
      const bias = inputs.f32([vocabulary], 0.1, "weights");
      const searches = search(inputs);
      return (i) => {
        searches(inputs.ops.linear(x, w(i), { bias, scores: true }));
        return [];
      };
    },
  };
}

const nextToken = (rows: number, vocabulary: number, k: number, format: WeightFormat): KernelCase =>
  endOfStep("greedy", [rows, vocabulary, k], format, (inputs) => {
    const state = greedyState(inputs, rows, vocabulary);
    return (scores) => inputs.ops.selectGreedy(scores, state);
  });

/** What sampling draws from, and, of four rows, as many as four beams need. */
const best = (rows: number, vocabulary: number, k: number, count: number): KernelCase =>
  endOfStep(
    `top ${count}`,
    [rows, vocabulary, k],
    "f32",
    ({ ops }) =>
      (scores) =>
        void ops.topK(scores, count),
  );

const FORMATS: readonly WeightFormat[] = ["f32", "f16", "q8", "q4"];
const VOCABULARY = 58_101;

/** The most telling first: a run may end before the last. */
export function kernelCases(): KernelCase[] {
  const cases: KernelCase[] = [];
  for (const format of FORMATS) {
    cases.push(nextToken(1, VOCABULARY, 512, format), linear(1, VOCABULARY, 512, format, "norm"));
    cases.push(linear(1, 2048, 512, format, "norm relu"), linear(1, 512, 2048, format, "residual"));
    cases.push(linear(1, 512, 512, format, "residual"), project(1, 512, format));
  }
  for (const format of ["f32", "q8"] as const) {
    for (const m of [4, 16]) {
      cases.push(linear(m, VOCABULARY, 512, format, "norm"), linear(m, 2048, 512, format, "norm relu"));
      cases.push(linear(m, 512, 2048, format, "residual"), project(m, 512, format));
    }
  }
  for (const format of ["f32", "f16"] as const) {
    for (const m of [32, 200, 512, 2048]) {
      cases.push(linear(m, 512, 512, format), linear(m, 2048, 512, format), linear(m, 512, 2048, format, "residual"));
    }
  }
  cases.push(project(200, 512, "f32"), project(1500, 512, "f32"), linear(2048, 4096, 1024, "f32"));
  cases.push(attention(1, 16, 16), attention(1, 200, 200), attention(1, 1500, 1500), attention(16, 32, 32));
  cases.push(attention(1, 1, 64), attention(1, 1, 200), attention(1, 1, 1500), attention(1, 1, 8000));
  cases.push(attention(4, 1, 64), attention(4, 1, 200, 4), attention(4, 1, 1500, 4), attention(16, 1, 64));
  cases.push(greedy(1, VOCABULARY), greedy(16, VOCABULARY), greedy(1, 250_000));
  for (const rows of [1, 4])
    cases.push(rowCase("log softmax", rows, VOCABULARY, ({ ops }) => (x) => [ops.logSoftmax(x)]));
  cases.push(best(1, VOCABULARY, 512, 64), best(4, VOCABULARY, 512, 8));
  cases.push(rowCase("top 8", 4, VOCABULARY, ({ ops }) => (x) => [ops.topK(x, 8)]));
  cases.push(
    rowCase("layer norm", 1500, 512, (inputs) => {
      const norm = inputs.norm(512);
      return (x) => [inputs.ops.layerNorm(x, norm)];
    }),
  );
  return cases;
}
