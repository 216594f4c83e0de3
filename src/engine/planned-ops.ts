/** A device that makes no tensors and computes nothing: what a model asks of one is written down. */

import type { Ops, Purpose } from "../ops/ops";
import type { Tensor } from "../tensor/tensor";

/** @param created called with each tensor that the model asks for */
export function plannedOps(created: (tensor: Tensor) => void = () => undefined): Ops {
  const create = (shape: readonly number[], dtype: Tensor["dtype"], _purpose: Purpose): Tensor => {
    const tensor = { shape, dtype };
    created(tensor);
    return tensor;
  };
  const nothing = (): void => undefined;
  return { device: "cpu", create, write: nothing, writePacked: nothing, dispose: nothing } as unknown as Ops;
}
