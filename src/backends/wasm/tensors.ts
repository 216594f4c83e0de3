/** Tensors in the one memory: an address, and an array over it that is made anew once the memory has grown. */

import type { Arrays, CpuTensor } from "../cpu/tensors";
import type { Tensor } from "../../tensor/tensor";
import type { WeightFormat } from "../../tensor/weight-format";
import type { Kernels } from "./kernels";
import type { Space } from "./memory";
import { FORMAT, NORMAL_F16 } from "./numbers";

type HalfKernels = Pick<Kernels, "normalHalves" | "plainHalves">;

class WasmTensor implements CpuTensor {
  readonly shape;
  readonly dtype;
  readonly purpose;
  readonly bytes: number;
  private view: Float32Array | Uint32Array;
  /** Of f16, once a kernel has asked: what its halves are. JavaScript sees and writes them as weight-format.ts has them. */
  private halves?: number;

  constructor(
    { shape, dtype, purpose }: Omit<CpuTensor, "data" | "bytes">,
    private readonly space: Space,
    private readonly kernels: HalfKernels,
    readonly at: number,
    private words: number,
  ) {
    this.shape = shape;
    this.dtype = dtype;
    this.purpose = purpose;
    this.bytes = 4 * words;
    this.view = this.makeView();
  }

  /** In which format the kernels find the elements. */
  get format(): number {
    if (this.dtype !== "f16") return FORMAT[this.dtype as WeightFormat];
    this.halves ??= this.kernels.normalHalves(this.at, 2 * this.words) === 1 ? NORMAL_F16 : FORMAT.f16;
    return this.halves;
  }

  get data(): Float32Array | Uint32Array {
    if (this.halves === NORMAL_F16) this.kernels.plainHalves(this.at, 2 * this.words);
    // Whoever has the elements may write them.
    this.halves = undefined;
    if (this.words > 0 && this.view.buffer !== this.space.memory.buffer) this.view = this.makeView();
    return this.view;
  }

  /** Has no elements from now on. */
  empty(): void {
    this.words = 0;
    this.halves = undefined;
    this.view = new Float32Array(0);
  }

  private makeView(): Float32Array | Uint32Array {
    const { buffer } = this.space.memory;
    return this.dtype === "f32"
      ? new Float32Array(buffer, this.at, this.words)
      : new Uint32Array(buffer, this.at, this.words);
  }
}

/** Where a tensor lies; 0 for one that is absent. */
export const at = (tensor: Tensor | undefined): number => (tensor ? (tensor as WasmTensor).at : 0);

/** In which format the kernels find the elements of a matrix. */
export const formatOf = (tensor: Tensor): number => (tensor as WasmTensor).format;

/** The arrays of tensors that lie in `space`. */
export function arraysIn(space: Space, kernels: HalfKernels): Arrays {
  return {
    allocate(tensor, words) {
      const made = new WasmTensor(tensor, space, kernels, space.take(4 * words), words);
      // What lay there before may have been something else.
      made.data.fill(0);
      return made;
    },
    release(tensor) {
      space.give((tensor as WasmTensor).at, tensor.bytes);
      (tensor as WasmTensor).empty();
    },
  };
}
