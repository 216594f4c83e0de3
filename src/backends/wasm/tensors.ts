/** Tensors in the one memory: an address, and an array over it that is made anew once the memory has grown. */

import type { Arrays, CpuTensor } from "../cpu/tensors";
import type { Tensor } from "../../tensor/tensor";
import type { Space } from "./memory";

class WasmTensor implements CpuTensor {
  readonly shape;
  readonly dtype;
  readonly purpose;
  private view: Float32Array | Uint32Array;

  constructor(
    { shape, dtype, purpose }: Omit<CpuTensor, "data">,
    private readonly space: Space,
    readonly at: number,
    private words: number,
  ) {
    this.shape = shape;
    this.dtype = dtype;
    this.purpose = purpose;
    this.view = this.makeView();
  }

  get data(): Float32Array | Uint32Array {
    if (this.words > 0 && this.view.buffer !== this.space.memory.buffer) this.view = this.makeView();
    return this.view;
  }

  /** Has no elements from now on. */
  empty(): void {
    this.words = 0;
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

/** The arrays of tensors that lie in `space`. */
export function arraysIn(space: Space): Arrays {
  return {
    allocate(tensor, words) {
      const made = new WasmTensor(tensor, space, space.take(4 * words), words);
      // What lay there before may have been something else.
      made.data.fill(0);
      return made;
    },
    release(tensor) {
      space.give((tensor as WasmTensor).at, tensor.data.byteLength);
      (tensor as WasmTensor).empty();
    },
  };
}
