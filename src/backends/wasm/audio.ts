/** The operations of src/ops/audio.ts: windows are laid one after another in scratch memory, then it is a product. */

import { addPositions, audio as specification, gatherWindows } from "../cpu/audio";
import { activations } from "../cpu/math";
import { f32 } from "../cpu/tensors";
import type { audio as contract } from "../../ops/audio";
import type { ImplementationOf } from "../../ops/contract";
import { size } from "../../tensor/tensor";
import type { Kernels } from "./kernels";
import { ACTIVATION, FORMAT, hasKernel, SHORT_SUM } from "./numbers";
import { parts, type Space } from "./memory";
import { at } from "./tensors";

export function createAudio(kernels: Kernels, space: Space): ImplementationOf<typeof contract> {
  return {
    ...specification,

    convolve(y, x, w, options) {
      const { bias, activation = "none", positions } = options;
      const [b, windows, n] = y.shape;
      const length = size(w.shape.slice(1)); // k C
      const known = hasKernel(activation) ? activation : undefined;
      for (let row = 0; row < b; row++) {
        const [rows, scratch] = parts(space, 4 * windows * length, kernels.productScratch(windows, length, SHORT_SUM));
        gatherWindows(new Float32Array(space.memory.buffer, rows, windows * length), x, row, w.shape[1], options);
        const to = at(y) + 4 * row * windows * n;
        kernels.product(FORMAT.f32, rows, at(w), to, 4 * n, windows, n, length, SHORT_SUM, scratch);
        kernels.finish(to, windows, n, 1, at(bias), ACTIVATION[known ?? "none"], known ? at(positions) : 0, 0);
        if (known) continue;
        // An activation that has no kernel: the specification's, element by element.
        const out = f32(y).subarray(row * windows * n, (row + 1) * windows * n);
        out.forEach((value, i) => (out[i] = activations[activation](value)));
        addPositions(out, positions);
      }
    },
  };
}
