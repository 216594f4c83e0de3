/**
 * Tensors in buffers. Floats lie there as weight-layout.ts says, with the number of rows padded to four, which the products
 * rely on; u32 tensors have no padding. A weight that is too large for one buffer lies in several, see parts.ts.
 */

import { invariant } from "../../errors";
import type { Purpose, Slice } from "../../ops/ops";
import { pack, rowWords, unpack } from "../../tensor/weight-format";
import { rowsOf, shapeText, size, type DType, type Tensor } from "../../tensor/tensor";
import type { Gpu } from "./device";
import { describe, type GpuTensor, type Part } from "./gpu-tensor";
import { partsOf, rowsOfPart, type PartLimits } from "./parts";
import type { Staging } from "./staging";
import { deviceRowWords, fromDevice, toDevice } from "./weight-layout";

type Data = Float32Array | Uint32Array;

export type Tensors = ReturnType<typeof createTensors>;

export function createTensors(gpu: Gpu, staging: Staging, limits: PartLimits) {
  function create(shape: readonly number[], dtype: DType, purpose: Purpose, data?: Data): GpuTensor {
    const tensor = describe(shape, dtype);
    const rows = purpose === "weights" && shape.length === 2 ? rowsOfPart(tensor, limits) : shape[0];
    if (rows < shape[0]) {
      tensor.parts = createParts(tensor, rows);
    } else {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      tensor.buffer = gpu.createBuffer(`${purpose} ${shapeText(shape)}`, tensor.bytes, usage, purpose);
    }
    if (data) write(tensor, data, 0);
    return tensor;
  }

  /** The parts of a weight, of `rows` rows each. */
  function createParts({ dtype, shape }: GpuTensor, rows: number): Part[] {
    const parts = [];
    for (let first = 0; first < shape[0]; first += rows) {
      const part = [Math.min(rows, shape[0] - first), shape[1]];
      parts.push({ tensor: create(part, dtype, "weights"), first });
    }
    return parts;
  }

  function write(tensor: Tensor, data: Data, start = 0): void {
    const { buffer, dtype, shape, parts } = tensor as GpuTensor;
    invariant(start + data.length <= size(shape), `write: ${data.length} values into ${shapeText(shape)}`);
    const [count, width] = rowsOf(shape);
    for (const { tensor: part, first } of parts ?? []) {
      const begin = Math.max(start, first * width);
      const end = Math.min(start + data.length, first * width + size(part.shape));
      if (begin < end) write(part, data.subarray(begin - start, end - start), begin - first * width);
    }
    if (parts) return;
    invariant(buffer, "write: the tensor has no buffer");
    // A single row may be written in parts.
    if (dtype === "u32" || (dtype === "f32" && count === 1)) return gpu.writeBuffer(buffer, 4 * start, data);
    const words = toDevice(dtype, pack(dtype, data as Float32Array, width), width);
    gpu.writeBuffer(buffer, (4 * start * deviceRowWords(dtype, width)) / width, words);
  }

  function writePacked(tensor: Tensor, words: Uint32Array, first: number): void {
    const { buffer, dtype, shape, parts } = tensor as GpuTensor;
    invariant(dtype !== "u32", "writePacked: u32 rows are not packed");
    const [, width] = rowsOf(shape);
    const pitch = rowWords(dtype, width);
    const end = first + words.length / pitch;
    invariant(end <= shape[0], `writePacked: ${words.length} words into ${shapeText(shape)}`);
    for (const { tensor: part, first: start } of parts ?? []) {
      const [from, to] = [Math.max(first, start), Math.min(end, start + part.shape[0])];
      if (from < to) writePacked(part, words.subarray((from - first) * pitch, (to - first) * pitch), from - start);
    }
    if (parts) return;
    invariant(buffer, "writePacked: the tensor has no buffer");
    gpu.writeBuffer(buffer, 4 * first * deviceRowWords(dtype, width), toDevice(dtype, words, width));
  }

  function copy({ tensor, start, count }: Slice, to: Tensor, first: number): void {
    const [source, target] = [(tensor as GpuTensor).buffer, (to as GpuTensor).buffer];
    invariant(source && target && tensor.dtype === "f32" && to.dtype === "f32", "copy: a tensor is not one f32 buffer");
    const [, width] = rowsOf(tensor.shape);
    const bytesOf = (elements: number): number => (4 * elements * deviceRowWords("f32", width)) / width;
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, bytesOf(start), target, bytesOf(first), bytesOf(count));
    gpu.device.queue.submit([encoder.finish()]);
  }

  function free(tensors: Iterable<Tensor>): void {
    for (const whole of tensors as Iterable<GpuTensor>) {
      for (const { tensor } of partsOf(whole)) if (tensor.buffer) gpu.destroyBuffer(tensor.buffer);
    }
  }

  /** Has the encoder copy a slice; what is returned reads it once that is submitted. */
  function copyOut(encoder: GPUCommandEncoder, { tensor, start, count }: Slice): () => Promise<Data> {
    const { buffer, dtype, shape } = tensor as GpuTensor;
    invariant(buffer, "submit: a tensor to read has no buffer");
    const [, width] = rowsOf(shape);
    const pitch = dtype === "u32" ? width : deviceRowWords(dtype, width);
    const bytes = (4 * count * pitch) / width;
    const what = `${dtype} ${shapeText(shape)}`;
    const target = staging.take(bytes, what);
    encoder.copyBufferToBuffer(buffer, (4 * start * pitch) / width, target, 0, bytes);
    return async () => {
      const words = new Uint32Array(await staging.read(target, bytes, what));
      return dtype === "u32" ? words : unpack(dtype, fromDevice(dtype, words, width), width);
    };
  }

  return { create, write, writePacked, copy, free, copyOut };
}
