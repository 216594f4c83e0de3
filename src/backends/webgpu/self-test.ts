/**
 * Whether kernels compute on this device what the CPU computes. Drivers have bugs: some kernels are deterministically wrong on
 * some of them. The cases are small, and differ from those of the tests only in that a user's device runs them.
 */

import type { Operations } from "../../ops/operations";
import type { Norm, Ops } from "../../ops/ops";
import type { WeightFormat } from "../../tensor/weight-format";
import { size, type Tensor } from "../../tensor/tensor";
import type { Tuning } from "./tuning";

/** Makes the inputs of a case, the same on every backend. */
export class Samples {
  private readonly made: Tensor[] = [];
  private state = 1;

  constructor(
    readonly ops: Ops,
    /** How matrices are stored. */
    readonly format: WeightFormat,
  ) {}

  /** Between -1 and 1. */
  private noise(): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.state / 2 ** 31 - 1;
  }

  floats(...shape: number[]): Tensor {
    const data = Float32Array.from({ length: size(shape) }, () => this.noise());
    return this.keep(this.ops.create(shape, "f32", "activations", data));
  }

  matrix(rows: number, width: number): Tensor {
    const data = Float32Array.from({ length: rows * width }, () => this.noise() / Math.sqrt(width));
    return this.keep(this.ops.create([rows, width], this.format, "weights", data));
  }

  words(shape: number[], value: (i: number) => number = () => 0): Tensor {
    const data = Uint32Array.from({ length: size(shape) }, (_, i) => value(i));
    return this.keep(this.ops.create(shape, "u32", "activations", data));
  }

  zeros(...shape: number[]): Tensor {
    return this.keep(this.ops.create(shape, "f32", "cache"));
  }

  norm(width: number): Norm {
    const data = Float32Array.from({ length: 2 * width }, (_, i) => (i < width ? 1 : 0) + this.noise() / 4);
    return { weights: this.keep(this.ops.create([2, width], "f32", "weights", data)), eps: 1e-5 };
  }

  free(): void {
    this.ops.free(this.made);
  }

  private keep(tensor: Tensor): Tensor {
    this.made.push(tensor);
    return tensor;
  }
}

/** Makes its inputs and returns what records the operations; the tensors that this returns are compared. */
export type SelfTest = (samples: Samples) => () => Tensor[];

/** A way to compute what a group of kernels computes. */
export interface Variant {
  name: string;
  tuning: Partial<Tuning>;
  /** What the device must have for it. */
  feature?: GPUFeatureName;
}

export interface Group {
  /** What the kernels do: "matvec". Unique. */
  name: string;
  /** Fields of the tuning that the variants set. */
  fields: readonly (keyof Tuning)[];
  /** The best guess for a GPU first. */
  variants: readonly Variant[];
  /** Makes inputs and returns what records the work that a probe times: sizes of a model of 512 elements. */
  work(samples: Samples): (ops: Operations) => Tensor[];
  tests: readonly { name: string; test: SelfTest }[];
}

type Values = (Float32Array | Uint32Array)[];

export async function run(ops: Ops, format: WeightFormat, test: SelfTest): Promise<Values> {
  const samples = new Samples(ops, format);
  try {
    const plan = await ops.record("self-test", test(samples));
    try {
      const outputs = plan.outputs.map((tensor) => ({ tensor, start: 0, count: size(tensor.shape) }));
      return await ops.submit([plan], outputs);
    } finally {
      ops.release(plan);
    }
  } finally {
    samples.free();
  }
}

/** A wrong kernel is wrong by more than this: 100 times what the tests allow, as roundings differ from device to device. */
const ABSOLUTE = 2e-4;
const RELATIVE = 1e-3;

export function agree(actual: Values, expected: Values): boolean {
  return expected.every((values, output) => {
    const exact = values instanceof Uint32Array;
    return values.every((value: number, i: number) => {
      const off = Math.abs(actual[output][i] - value);
      // NaN is not close to anything.
      return exact ? off === 0 : off <= ABSOLUTE + RELATIVE * Math.abs(value);
    });
  });
}
