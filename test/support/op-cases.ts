/**
 * The table of operation cases. Each builds its inputs from a seed, records one operation and returns what it wrote.
 * The same table runs on every backend; see test/browser/ops.test.ts for the comparison.
 */

import type { Activation, AttentionOptions, Norm, Ops, Selection } from "../../src/ops";
import { size, type Tensor } from "../../src/tensor";
import { random, type Random } from "./random";

export interface OpCase {
  name: string;
  run(ops: Ops): Promise<(Float32Array | Uint32Array)[]>;
}

/** Inputs of one case; everything is freed when it is done. */
class Bench {
  readonly rng: Random;
  private readonly created: Tensor[] = [];

  constructor(
    readonly ops: Ops,
    seed: number,
  ) {
    this.rng = random(seed);
  }

  f32(shape: number[], deviation = 1, mean = 0): Tensor {
    const data = this.rng.normal(size(shape), deviation).map((x) => x + mean);
    return this.keep(this.ops.create(shape, "f32", "activations", data));
  }

  u32(shape: number[], data: ArrayLike<number>): Tensor {
    return this.keep(this.ops.create(shape, "u32", "activations", Uint32Array.from(data)));
  }

  zeros(shape: number[], dtype: "f32" | "u32" = "f32"): Tensor {
    return this.keep(this.ops.create(shape, dtype, "cache"));
  }

  /** Gains around 1, biases around 0. */
  norm(width: number, eps = 1e-5): Norm {
    const weights = this.rng.normal(2 * width, 0.3).map((x, i) => (i < width ? 1 + x : x));
    return { weights: this.keep(this.ops.create([2, width], "f32", "weights", weights)), eps };
  }

  /** Weights of a product whose results are of order 1. */
  weight(outer: number, inner: number): Tensor {
    return this.f32([outer, inner], 1 / Math.sqrt(inner));
  }

  async run(body: () => Tensor[]): Promise<(Float32Array | Uint32Array)[]> {
    const plan = await this.ops.record("case", body);
    const read = plan.outputs.map((tensor) => ({ tensor, start: 0, count: size(tensor.shape) }));
    const results = await this.ops.submit([plan], read);
    this.ops.release(plan);
    this.ops.free(this.created);
    return results;
  }

  private keep(tensor: Tensor): Tensor {
    this.created.push(tensor);
    return tensor;
  }
}

const cases: OpCase[] = [];

function add(name: string, body: (bench: Bench) => Tensor[] | (() => Tensor[])): void {
  const seed = cases.length + 1;
  cases.push({
    name,
    run: (ops) => {
      const bench = new Bench(ops, seed);
      const built = body(bench);
      return bench.run(typeof built === "function" ? built : () => built);
    },
  });
}

// --- embed: scaled token embedding plus positions ---
for (const [b, t, d, v] of [
  [1, 1, 1, 1],
  [1, 1, 4, 7],
  [2, 3, 5, 11],
  [1, 7, 24, 61],
  [3, 1, 50, 97],
  [2, 17, 64, 300],
  [1, 65, 257, 13],
  [5, 2, 21, 31],
]) {
  add(`embed B${b} T${t} D${d} V${v}`, (bench) => {
    const ids = bench.u32([b, t], bench.rng.integers(b * t, v));
    const table = bench.f32([v, d]);
    const positions = bench.f32([t + 9, d]);
    const offset = b > 1 ? bench.u32([b], bench.rng.integers(b, 9)) : undefined;
    return () => [bench.ops.embed(ids, table, positions, { scale: Math.sqrt(d), offset })];
  });
}

// --- layer norm ---
for (const [b, t, d, eps, mean] of [
  [1, 1, 1, 1e-5, 0],
  [1, 1, 2, 1e-5, 0],
  [1, 1, 3, 1e-5, 0],
  [1, 3, 4, 1e-3, 0],
  [2, 5, 7, 1e-5, 0],
  [1, 1, 24, 1e-6, 0],
  [3, 4, 50, 1e-5, 3],
  [1, 33, 64, 1e-5, 0],
  [2, 2, 256, 1e-5, 0],
  [1, 5, 257, 1e-5, -2],
  [1, 1, 1024, 1e-5, 0],
  [7, 11, 21, 1e-12, 0],
]) {
  add(`layerNorm B${b} T${t} D${d} eps ${eps} mean ${mean}`, (bench) => {
    const x = bench.f32([b, t, d], 2, mean);
    const norm = bench.norm(d, eps);
    return () => [bench.ops.layerNorm(x, norm)];
  });
}

// --- linear: sizes first, then every option on few and on many rows ---
const linearSizes = [
  [1, 1, 1, 1],
  [1, 1, 2, 3],
  [1, 1, 3, 2],
  [1, 1, 4, 4],
  [1, 1, 7, 5],
  [1, 1, 24, 61],
  [1, 1, 64, 256],
  [1, 1, 257, 31],
  [1, 1, 256, 1021],
  [2, 1, 50, 37],
  [4, 1, 21, 22],
  [1, 4, 16, 129],
  [5, 1, 13, 17],
  [1, 5, 4, 4],
  [1, 6, 33, 65],
  [2, 7, 128, 12],
  [3, 11, 50, 97],
  [1, 33, 64, 64],
  [1, 64, 37, 41],
  [2, 35, 100, 258],
];
for (const [b, t, k, n] of linearSizes) {
  add(`linear B${b} T${t} K${k} N${n}`, (bench) => {
    const x = bench.f32([b, t, k]);
    const w = bench.weight(n, k);
    const bias = bench.f32([n]);
    return () => [bench.ops.linear(x, w, { bias })];
  });
}
for (const [b, t] of [
  [1, 1],
  [3, 1],
  [2, 9],
]) {
  for (const activation of ["none", "relu", "gelu", "silu"] as Activation[]) {
    for (const mode of ["", "norm", "residual", "norm residual", "norm residual residualNorm"]) {
      const [k, n] = activation === "gelu" ? [19, 30] : [32, 44];
      add(`linear B${b} T${t} K${k} N${n} ${activation} ${mode}`.trimEnd(), (bench) => {
        const x = bench.f32([b, t, k], 2, 0.5);
        const w = bench.weight(n, k);
        const bias = bench.f32([n]);
        const norm = mode.includes("norm") ? bench.norm(k) : undefined;
        const residual = mode.includes("residual") ? bench.f32([b, t, n]) : undefined;
        const residualNorm = mode.includes("residualNorm") ? bench.norm(n, 1e-3) : undefined;
        return () => [bench.ops.linear(x, w, { bias, activation, norm, residual, residualNorm })];
      });
    }
  }
}
add("linear gelu and silu far from zero", (bench) => {
  const x = bench.f32([1, 6, 8], 30);
  const identity = Float32Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0));
  const w = bench.ops.create([8, 8], "f32", "activations", identity);
  const bias = bench.zeros([8]);
  return () => [
    bench.ops.linear(x, w, { bias, activation: "gelu" }),
    bench.ops.linear(x, w, { bias, activation: "silu" }),
  ];
});

// --- query, key and value in one product, into a new cache or at an offset of a given one ---
for (const [b, t, k, d, capacity] of [
  [1, 1, 4, 4, 1],
  [1, 1, 21, 21, 5],
  [1, 1, 50, 50, 7],
  [2, 1, 24, 24, 16],
  [4, 1, 8, 8, 3],
  [1, 4, 7, 7, 9],
  [1, 5, 24, 24, 8],
  [3, 6, 21, 21, 11],
  [2, 9, 50, 50, 9],
  [1, 33, 64, 64, 40],
]) {
  for (const normed of [false, true]) {
    add(`projectQueryKeyValue B${b} T${t} K${k} D${d} C${capacity}${normed ? " norm" : ""}`, (bench) => {
      const x = bench.f32([b, t, k]);
      const w = bench.weight(3 * d, k);
      const bias = bench.f32([3 * d]);
      const norm = normed ? bench.norm(k) : undefined;
      const given = capacity > t ? bench.zeros([b, capacity, 2 * d]) : undefined;
      const offset = given && bench.u32([b], bench.rng.integers(b, capacity - t + 1));
      return () => {
        const { query, cache } = bench.ops.projectQueryKeyValue(x, w, { bias, norm, cache: given, offset });
        return [query, cache];
      };
    });
  }
}

// --- attention: B, T, C, heads, width of a head, what is visible ---
const attentionSizes: [number, number, number, number, number, string][] = [
  [1, 1, 1, 1, 1, ""],
  [1, 1, 1, 1, 4, ""],
  [1, 1, 3, 2, 3, ""],
  [1, 1, 17, 3, 8, "causal"],
  [2, 1, 16, 5, 10, "causal"],
  [1, 1, 64, 4, 64, ""],
  [1, 1, 65, 1, 7, "mask"],
  [1, 1, 130, 2, 16, "mask"],
  [3, 1, 9, 2, 21, "mask"],
  [1, 5, 5, 1, 8, "causal"],
  [2, 7, 12, 3, 7, "causal"],
  [2, 7, 7, 3, 8, "mask"],
  [1, 33, 33, 4, 16, ""],
  [1, 70, 70, 2, 12, "mask"],
  [1, 70, 70, 2, 12, "causal"],
  [2, 40, 70, 8, 16, "mask"],
  [1, 2, 200, 1, 128, "mask"],
  [1, 1, 5, 1, 256, ""],
  [1, 3, 4, 2, 5, "one key"],
  [2, 3, 6, 2, 4, "nothing"],
];
function visibility(bench: Bench, b: number, t: number, c: number, what: string): Omit<AttentionOptions, "heads"> {
  const { rng } = bench;
  switch (what) {
    case "mask": // padding on the right, and for good measure one hole
      return {
        mask: bench.u32(
          [b, c],
          Array.from({ length: b * c }, (_, i) => (i % c === 0 || (i % c < c - 2 && i % 5 !== 3) ? 1 : 0)),
        ),
      };
    case "causal":
      return { causalFrom: bench.u32([b], rng.integers(b, c - t + 1)) };
    case "one key":
      return {
        mask: bench.u32(
          [b, c],
          Array.from({ length: b * c }, (_, i) => (i % c === 2 ? 1 : 0)),
        ),
      };
    case "nothing":
      return { mask: bench.u32([b, c], new Array<number>(b * c).fill(0)) };
    default:
      return {};
  }
}
for (const op of ["attention", "attentionWeights"] as const) {
  for (const [b, t, c, heads, width, what] of attentionSizes) {
    add(`${op} B${b} T${t} C${c} H${heads} Dh${width} ${what}`.trimEnd(), (bench) => {
      const query = bench.f32([b, t, heads * width], 1.5);
      const cache = bench.f32([b, c, 2 * heads * width], 1.5);
      const options = { heads, ...visibility(bench, b, t, c, what) };
      return () => [bench.ops[op](query, cache, options)];
    });
  }
}
add("attention with scores of several hundred", (bench) => {
  const query = bench.f32([1, 6, 16], 40);
  const cache = bench.f32([1, 20, 32], 40);
  return () => [bench.ops.attention(query, cache, { heads: 2 })];
});

// --- softmax over the vocabulary ---
for (const [rows, v, deviation] of [
  [1, 1, 1],
  [1, 2, 1],
  [3, 3, 1],
  [2, 63, 3],
  [1, 64, 3],
  [5, 65, 3],
  [1, 257, 20],
  [2, 1021, 3],
  [1, 6007, 5],
]) {
  add(`softmax R${rows} V${v} deviation ${deviation}`, (bench) => {
    const x = bench.f32([1, rows, v], deviation);
    return () => [bench.ops.softmax(x)];
  });
}

// --- greedy selection ---
function selection(bench: Bench, b: number, eos: number[], finished: number[]): Selection {
  return {
    token: bench.zeros([b, 1], "u32"),
    position: bench.u32([b], new Array<number>(b).fill(2)),
    finished: bench.u32([b], finished),
    history: bench.zeros([5, b], "u32"),
    logprobs: bench.zeros([5, b]),
    eos: bench.u32([eos.length], eos),
    pad: 3,
  };
}
for (const [b, v, deviation] of [
  [1, 4, 1],
  [2, 5, 1],
  [3, 63, 2],
  [4, 64, 2],
  [5, 65, 4],
  [1, 257, 30],
  [2, 6007, 4],
]) {
  add(`selectGreedy B${b} V${v} deviation ${deviation}`, (bench) => {
    const logits = bench.f32([b, 1, v], deviation);
    const state = selection(
      bench,
      b,
      [1, 2],
      Array.from({ length: b }, (_, i) => (i === 1 ? 1 : 0)),
    );
    return () => {
      bench.ops.selectGreedy(logits, state);
      return [state.token, state.position, state.finished, state.history, state.logprobs];
    };
  });
}
add("selectGreedy takes the lowest of equal logits", (bench) => {
  const data = new Float32Array(2 * 200).fill(-1);
  for (const at of [150, 70, 199, 200 + 64, 200 + 128]) data[at] = 7;
  const logits = bench.ops.create([2, 1, 200], "f32", "activations", data);
  const state = selection(bench, 2, [70], [0, 0]);
  return () => {
    bench.ops.selectGreedy(logits, state);
    return [state.token, state.finished, state.logprobs];
  };
});
add("selectGreedy where every logit is very low", (bench) => {
  const logits = bench.f32([1, 1, 70], 1, -1e9);
  const state = selection(bench, 1, [1], [0]);
  return () => {
    bench.ops.selectGreedy(logits, state);
    return [state.token];
  };
});

export const opCases: readonly OpCase[] = cases;
