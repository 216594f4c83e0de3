/** A device that makes no tensors and computes nothing: what a model asks of one is written down. */

import type { Ops, Purpose } from "../ops/ops";
import type { ModelInfo } from "../models/model";
import { size, type Tensor } from "../tensor/tensor";
import { rowWords } from "../tensor/weight-format";

/** @param created called with each tensor that the model asks for */
export function plannedOps(created: (tensor: Tensor) => void = () => undefined): Ops {
  const create = (shape: readonly number[], dtype: Tensor["dtype"], _purpose: Purpose): Tensor => {
    const tensor = { shape, dtype };
    created(tensor);
    return tensor;
  };
  const nothing = (): void => undefined;
  return {
    device: "cpu",
    create,
    write: nothing,
    writePacked: nothing,
    copy: nothing,
    dispose: nothing,
  } as unknown as Ops;
}

/**
 * Bytes of a weight on a device.
 * @param padded whether rows of f32 take whole groups of four elements, as on a GPU
 */
export function bytesOnDevice({ shape, dtype }: Tensor, padded: boolean): number {
  const width = Math.max(1, shape.at(-1) ?? 1);
  const isPlain = dtype === "u32" || (dtype === "f32" && !padded);
  return 4 * (isPlain ? size(shape) : (size(shape) / width) * rowWords(dtype, width));
}

/** Tokens of a text, on both sides, whose caches are counted where none is known. */
export const TYPICAL_LENGTH = 256;

/** Bytes of the decoder's caches for such a text: those of its own keys and values, and those of the encoder's. */
export const typicalCacheBytes = ({ numDecoderLayers, cacheWidth }: ModelInfo): number =>
  4 * numDecoderLayers * 2 * TYPICAL_LENGTH * cacheWidth;
