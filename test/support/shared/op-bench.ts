/** What the tables of operation cases are written with: seeded inputs, one recorded operation, everything it wrote. */

import { audio } from "../../../src/ops/audio";
import { contract, type Operations } from "../../../src/ops/operations";
import type { Norm, Ops } from "../../../src/ops/ops";
import type { WeightFormat } from "../../../src/tensor/weight-format";
import { size, type Tensor } from "../../../src/tensor/tensor";
import { random, type Random } from "./random";

export type OperationName = keyof Operations;

export const operationNames = Object.keys({ ...contract, ...audio }) as OperationName[];

export interface OpCase {
  /** Begins with the operations that the case records. */
  name: string;
  operations: readonly OperationName[];
  run(ops: Ops): Promise<(Float32Array | Uint32Array)[]>;
}

/** Random numbers of the last few cases. A case runs on several backends, one after another, and its inputs take half of the time. */
const kept = new Map<number, { rng: Random; made: unknown[] }>();
const MOST_KEPT = 8;

/** As `random(seed)`, whose numbers are made once. */
function repeatable(seed: number): Random {
  const { rng, made } = kept.get(seed) ?? { rng: random(seed), made: [] };
  kept.set(seed, { rng, made });
  if (kept.size > MOST_KEPT) kept.delete([...kept.keys()][0]);
  let at = 0;
  const take = <T>(make: () => T): T => {
    if (at === made.length) made.push(make());
    return made[at++] as T;
  };
  // Copies: whoever gets them may write into them.
  return {
    next: () => take(rng.next),
    integers: (count, limit) => take(() => rng.integers(count, limit)).slice(),
    normal: (count, deviation) => take(() => rng.normal(count, deviation)).slice(),
  };
}

/** Inputs of one case; everything is freed when it is done. */
export class Bench {
  readonly rng: Random;
  private readonly created: Tensor[] = [];

  constructor(
    readonly ops: Ops,
    seed: number,
  ) {
    this.rng = repeatable(seed);
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

/** The inputs of a case come from its name, so that another case changes nothing of it. FNV-1a. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * @param name unique; begins with the names of the operations that the case records
 * @param body makes the inputs and returns what records the operations
 */
export function add(name: string, body: (bench: Bench) => () => Tensor[]): void {
  if (cases.some((other) => other.name === name)) throw new Error(`two cases are named ${name}`);
  const words = name.split(" ");
  const count = words.findIndex((word) => !operationNames.includes(word as OperationName));
  const operations = (count < 0 ? words : words.slice(0, count)) as OperationName[];
  const seed = seedOf(name);
  cases.push({
    name,
    operations,
    run: (ops) => {
      const bench = new Bench(ops, seed);
      return bench.run(body(bench));
    },
  });
}

/** What was done with a backend since it was watched. */
export interface Watched {
  ops: Ops;
  operations: Set<OperationName>;
  /** Of the weights that were made. */
  formats: Set<string>;
}

/** The backend, with a note of which operations are called and how weights are stored. */
export function watch(ops: Ops): Watched {
  const operations = new Set<OperationName>();
  const formats = new Set<string>();
  const noted = (name: OperationName) => {
    const call = ops[name] as (...operands: unknown[]) => unknown;
    return (...operands: unknown[]) => {
      operations.add(name);
      return call(...operands);
    };
  };
  const create: Ops["create"] = (shape, dtype, ...rest) => {
    if (dtype !== "u32") formats.add(dtype);
    return ops.create(shape, dtype, ...rest);
  };
  const calls = Object.fromEntries(operationNames.map((name) => [name, noted(name)]));
  return { ops: { ...ops, ...calls, create }, operations, formats };
}
