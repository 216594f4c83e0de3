/** What the tables of operation cases are written with: seeded inputs, one recorded operation, everything it wrote. */

import type { Norm, Ops } from "../../../src/ops/ops";
import type { WeightFormat } from "../../../src/tensor/weight-format";
import { size, type Tensor } from "../../../src/tensor/tensor";
import { random, type Random } from "./random";

export interface OpCase {
  name: string;
  run(ops: Ops): Promise<(Float32Array | Uint32Array)[]>;
}

/** Inputs of one case; everything is freed when it is done. */
export class Bench {
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
  weight(outer: number, inner: number, format: WeightFormat = "f32"): Tensor {
    const data = this.rng.normal(outer * inner, 1 / Math.sqrt(inner));
    return this.keep(this.ops.create([outer, inner], format, "weights", data));
  }

  async run(body: () => Tensor[]): Promise<(Float32Array | Uint32Array)[]> {
    const plan = await this.ops.record("case", body);
    const read = plan.outputs.map((tensor) => ({ tensor, start: 0, count: size(tensor.shape) }));
    const results = await this.ops.submit([plan], read);
    this.ops.release(plan);
    this.ops.free(this.created);
    return results;
  }

  keep(tensor: Tensor): Tensor {
    this.created.push(tensor);
    return tensor;
  }
}

export const cases: OpCase[] = [];

/** @param body makes the inputs and returns what records the operation */
export function add(name: string, body: (bench: Bench) => () => Tensor[]): void {
  const seed = cases.length + 1;
  cases.push({
    name,
    run: (ops) => {
      const bench = new Bench(ops, seed);
      return bench.run(body(bench));
    },
  });
}
