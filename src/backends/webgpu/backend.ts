/**
 * The WebGPU implementation of `Ops`. An operation picks its kernels and notes one or two dispatches; see plan.ts for
 * what becomes of them.
 *
 * Float tensors lie in buffers as storage.ts says, with the number of rows padded to four, which the products rely on;
 * u32 tensors have no padding.
 */

import { beamShape, candidatesShape, SLOT_FIELDS, type BeamState } from "../../beams";
import { invariant, ModelError } from "../../errors";
import {
  attentionShape,
  embedShape,
  layerNormShape,
  linearShape,
  projectionShape,
  selectionShape,
  topKShape,
  type AttentionOptions,
  type LinearOptions,
  type Norm,
  type Ops,
  type Plan,
  type Purpose,
} from "../../ops";
import { rulesShape } from "../../rules";
import { pack, rowWords, unpack, type Storage } from "../../storage";
import { rowsOf, shapeText, size, type DType, type Tensor } from "../../tensor";
import { openDevice, type AdapterInfo } from "./device";
import { ACTIVATIONS, createKernels, GPU_TUNING, matmulGrid, matvecGrid, SOFTWARE_TUNING, topKChunk } from "./kernels";
import type { Kernel, Tuning } from "./kernels";
import { partsOf, rowsOfPart, tooLarge, type PartLimits } from "./parts";
import { buildPlan, encodePlans, type Dispatch, type GpuPlan, type GpuTensor } from "./plan";
import { createStaging } from "./staging";

export type { AdapterInfo } from "./device";

/** vec4s that hold `length` elements. */
const vec4s = (length: number): number => Math.ceil(length / 4);

/** Of a tensor whose shape and dtype ops.ts has checked. */
const storageOf = (tensor: Tensor): Storage => tensor.dtype as Storage;

/** The bits of a float, for a parameter list of u32. */
const bits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

const isRms = (norm: Norm | undefined): number => (norm?.kind === "rms" ? 1 : 0);

/** @param given which kernel variants to use; by default those that fit the adapter */
export async function createWebGpuBackend(given?: Tuning): Promise<{ ops: Ops; adapter: AdapterInfo }> {
  const gpu = await openDevice();
  const tuning = given ?? (gpu.adapter.fallback ? SOFTWARE_TUNING : GPU_TUNING);
  const kernels = createKernels(tuning);
  const stepsInFlight = gpu.adapter.fallback ? 1 : 3;
  const staging = createStaging(gpu, 2 * stepsInFlight);
  const { limits } = gpu.device;
  const partLimits: PartLimits = {
    bytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    workgroups: limits.maxComputeWorkgroupsPerDimension,
  };
  let recording:
    { dispatches: Dispatch[]; temporaries: Set<GpuTensor>; normed: Map<Tensor, Map<Norm, Tensor>> } | undefined;
  // Bound where an operation has an optional operand and the call has none. Zeros, so that an offset reads as 0.
  let absent: GpuTensor | undefined;

  function describe(shape: readonly number[], dtype: DType): GpuTensor {
    const [rows, width] = rowsOf(shape);
    const words = dtype === "u32" ? rows * width : Math.ceil(rows / 4) * 4 * rowWords(dtype, width);
    return { shape: [...shape], dtype, bytes: Math.max(16, 4 * words) };
  }

  function create(
    shape: readonly number[],
    dtype: DType,
    purpose: Purpose,
    data?: Float32Array | Uint32Array,
  ): GpuTensor {
    const tensor = describe(shape, dtype);
    if (purpose === "weights" && shape.length === 2) {
      const rows = rowsOfPart(tensor, partLimits);
      if (rows < shape[0]) return createParts(tensor, rows, data);
    }
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    tensor.buffer = gpu.createBuffer(`${purpose} ${shapeText(shape)}`, tensor.bytes, usage, purpose);
    if (data) write(tensor, data, 0);
    return tensor;
  }

  /** A weight in buffers of `rows` rows. */
  function createParts(whole: GpuTensor, rows: number, data?: Float32Array | Uint32Array): GpuTensor {
    const { dtype, shape } = whole;
    const parts = [];
    for (let first = 0; first < shape[0]; first += rows) {
      const part = [Math.min(rows, shape[0] - first), shape[1]];
      parts.push({ tensor: create(part, dtype, "weights"), first });
    }
    whole.parts = parts;
    if (data) write(whole, data, 0);
    return whole;
  }

  function write(tensor: Tensor, data: Float32Array | Uint32Array, start = 0): void {
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
    gpu.writeBuffer(buffer, (4 * start * rowWords(dtype, width)) / width, pack(dtype, data as Float32Array, width));
  }

  function current() {
    invariant(recording, "an operation was called outside record()");
    return recording;
  }

  function temporary(shape: readonly number[], dtype: DType = "f32"): GpuTensor {
    const tensor = describe(shape, dtype);
    current().temporaries.add(tensor);
    return tensor;
  }

  function dispatch(
    kernel: Kernel,
    tensors: (Tensor | undefined)[],
    params: number[],
    grid: [number, number, number],
  ): void {
    const limit = gpu.device.limits.maxComputeWorkgroupsPerDimension;
    invariant(
      Math.max(...grid) <= limit,
      `${kernel.name}: a grid of ${grid.join(" x ")} is over the limit of ${limit}`,
    );
    const bound = tensors.map((tensor) => {
      if (tensor && (tensor as GpuTensor).parts) throw tooLarge(tensor, partLimits, kernel.name);
      if (tensor) return tensor as GpuTensor;
      absent ??= create([64], "u32", "activations");
      return absent;
    });
    current().dispatches.push({ kernel, tensors: bound, params, grid });
  }

  function layerNorm(x: Tensor, norm: Norm): Tensor {
    const y = temporary(layerNormShape(x, norm));
    const [rows, width] = rowsOf(x.shape);
    const params = [vec4s(width), width, bits(norm.eps), isRms(norm)];
    dispatch(kernels.layerNorm, [x, norm.weights, y], params, [rows, 1, 1]);
    return y;
  }

  /** For the kernels that don't normalise themselves; a norm that two operations ask for is computed once. */
  function normed(x: Tensor, norm: Norm | undefined): Tensor {
    if (!norm) return x;
    const { normed: known } = current();
    const byNorm = known.get(x) ?? new Map<Norm, Tensor>();
    const y = byNorm.get(norm) ?? layerNorm(x, norm);
    known.set(x, byNorm.set(norm, y));
    return y;
  }

  function attentionDispatch(kernel: Kernel, query: Tensor, cache: Tensor, y: Tensor, options: AttentionOptions): void {
    const [b, t, width] = query.shape;
    const { heads, mask, causalFrom, positionBias, ancestors } = options;
    const headWidth = width / heads;
    if (headWidth > 256) {
      throw new ModelError(
        "unsupported_model",
        `Heads of ${headWidth} elements are wider than the 256 that the GPU kernels take.`,
      );
    }
    const params = [t, cache.shape[1], width, headWidth, heads, b, b / cache.shape[0]];
    params.push(bits(options.scale ?? 1 / Math.sqrt(headWidth)), mask ? 1 : 0, causalFrom ? 1 : 0);
    params.push(positionBias ? 1 : 0, positionBias ? (positionBias.buckets.shape[0] - 1) / 2 : 0, ancestors ? 1 : 0);
    const x = kernel === kernels.attentionWeights ? Math.ceil(t / 64) : t;
    const tensors = [query, cache, mask, causalFrom, positionBias?.table, positionBias?.buckets, ancestors, y];
    dispatch(kernel, tensors, params, [x, heads, b]);
  }

  /** The k largest of every `together` rows of x, which may get running scores added; in two dispatches. */
  function largest(x: Tensor, k: number, together: number, state?: BeamState): GpuTensor {
    const [rows, width] = rowsOf(x.shape);
    const chunk = topKChunk(k);
    const chunks = Math.ceil(width / chunk);
    const kept = Math.min(k, chunk, width);
    const parts = temporary([rows, chunks * kept, 2], "u32");
    const params = [kept, width, 0, chunk, together, state ? 1 : 0, SLOT_FIELDS];
    dispatch(kernels.topK, [x, state?.slots, parts], params, [chunks, rows, 1]);
    if (chunks * together === 1) return parts;
    const lists = rows / together;
    const merged = temporary([lists, k, 2], "u32");
    dispatch(kernels.topK, [parts, undefined, merged], [k, together * chunks * kept, 1, 0, 1, 0, 0], [1, lists, 1]);
    return merged;
  }

  const ops: Ops = {
    device: "webgpu",
    stepsInFlight,
    create,
    write,
    free(tensors) {
      for (const whole of tensors as Iterable<GpuTensor>) {
        for (const { tensor } of partsOf(whole)) if (tensor.buffer) gpu.destroyBuffer(tensor.buffer);
      }
    },

    async record<T>(label: string, body: () => T): Promise<Plan<T>> {
      gpu.check();
      invariant(!recording, "record() inside record()");
      recording = { dispatches: [], temporaries: new Set(), normed: new Map() };
      const { dispatches, temporaries } = recording;
      let outputs: T;
      try {
        outputs = body();
      } finally {
        recording = undefined;
      }
      return buildPlan(gpu, label, outputs, dispatches, temporaries);
    },
    async submit(plans, read = []) {
      gpu.check();
      const encoder = gpu.device.createCommandEncoder();
      encodePlans(gpu, encoder, plans as GpuPlan[]);
      const copies = read.map(({ tensor, start, count }) => {
        const { buffer, dtype, shape } = tensor as GpuTensor;
        invariant(buffer, "submit: a tensor to read has no buffer");
        const [, width] = rowsOf(shape);
        const pitch = dtype === "u32" ? width : rowWords(dtype, width);
        const bytes = (4 * count * pitch) / width;
        const target = staging.take(bytes);
        encoder.copyBufferToBuffer(buffer, (4 * start * pitch) / width, target, 0, bytes);
        return { target, bytes, dtype, width };
      });
      gpu.device.queue.submit([encoder.finish()]);
      gpu.counters.submits++;
      if (copies.length === 0) {
        await gpu.device.queue.onSubmittedWorkDone();
        gpu.check();
      }
      return Promise.all(
        copies.map(async ({ target, bytes, dtype, width }) => {
          const words = new Uint32Array(await staging.read(target, bytes));
          return dtype === "u32" ? words : unpack(dtype, words, width);
        }),
      );
    },
    release(plan) {
      for (const buffer of (plan as GpuPlan).buffers) gpu.destroyBuffer(buffer);
    },

    counters: () => ({ ...gpu.counters }),
    memory: () => ({ ...gpu.memory }),
    dispose: () => gpu.dispose(),

    embed(ids, table, options) {
      const { scale, positions, offset, padTokenId } = options;
      const shape = embedShape(ids, table, options);
      const y = temporary(shape);
      const [rows, width] = rowsOf(shape);
      const counting = positions ? (padTokenId === undefined ? 1 : 2) : 0;
      const kernel = kernels.embed[storageOf(table)];
      for (const { tensor, first } of partsOf(table as GpuTensor)) {
        const params = [shape[1], vec4s(width), bits(scale), counting, padTokenId ?? 0, first, tensor.shape[0]];
        dispatch(kernel, [ids, tensor, positions, offset, y], params, [Math.ceil(vec4s(width) / 64), rows, 1]);
      }
      return y;
    },
    layerNorm,
    linear(x, w, options: LinearOptions) {
      const shape = linearShape(x, w, options);
      const { bias, norm, scale = 1, activation = "none", residual, residualNorm, multiply } = options;
      const [rows, inner] = rowsOf(x.shape);
      const outer = w.shape[0];
      const y = temporary(shape);
      if (rows >= tuning.matmulRows) {
        const operand = multiply ?? (residual && normed(residual, residualNorm));
        const mode = multiply ? 2 : residual ? 1 : 0;
        const params = [rows, vec4s(inner), vec4s(outer), ACTIVATIONS[activation], mode, bits(scale), 0, 0, 0];
        const kernel = kernels.matmul[storageOf(w)];
        const input = normed(x, norm);
        for (const [part, place, count] of columns(w))
          dispatch(kernel, [input, part, bias, operand, y], [...params, ...place], matmulGrid(rows, count));
        return y;
      }
      const mode = multiply ? 4 : residual ? (residualNorm ? 2 + isRms(residualNorm) : 1) : 0;
      const params = [vec4s(inner), vec4s(outer), inner, bits(norm?.eps ?? 0), isRms(norm), bits(scale)];
      params.push(ACTIVATIONS[activation], mode, outer, bits(residualNorm?.eps ?? 0), 0, 0, 0);
      const operands = [bias, norm?.weights, multiply ?? residual, residualNorm?.weights, y];
      const kernel = (norm ? kernels.matvecNormed : kernels.matvec)[storageOf(w)];
      for (const [part, place, count] of columns(w))
        dispatch(kernel, [x, part, ...operands], [...params, ...place], matvecGrid(rows, count, tuning));
      return y;
    },
    projectQueryKeyValue(x, w, options) {
      const [shape, cacheShape] = projectionShape(x, w, options);
      const { bias, norm, offset } = options;
      const query = temporary(shape);
      const cache = options.cache ?? temporary(cacheShape);
      const [rows, inner] = rowsOf(x.shape);
      const [, time, width] = shape;
      const outer = w.shape[0];
      const capacity = cache.shape[1];
      if (rows >= tuning.matmulRows) {
        const params = [rows, vec4s(inner), vec4s(outer), 0, 0, 0, time, capacity, width];
        const kernel = kernels.matmulProject[storageOf(w)];
        const input = normed(x, norm);
        const operands = [bias, offset, cache, query];
        for (const [part, place, count] of columns(w))
          dispatch(kernel, [input, part, ...operands], [...params, ...place], matmulGrid(rows, count));
      } else {
        const params = [vec4s(inner), vec4s(outer), inner, bits(norm?.eps ?? 0), isRms(norm)];
        params.push(0, 0, 0, 0, 0, time, capacity, width);
        const kernel = (norm ? kernels.matvecProjectNormed : kernels.matvecProject)[storageOf(w)];
        const operands = [bias, norm?.weights, offset, cache, query];
        for (const [part, place, count] of columns(w))
          dispatch(kernel, [x, part, ...operands], [...params, ...place], matvecGrid(rows, count, tuning));
      }
      return { query, cache };
    },
    attention(query, cache, options) {
      const y = temporary(attentionShape(query, cache, options));
      attentionDispatch(kernels.attention, query, cache, y, options);
      return y;
    },
    attentionWeights(query, cache, options) {
      const [b, t] = attentionShape(query, cache, options);
      const y = temporary([b, options.heads, t, cache.shape[1]]);
      attentionDispatch(kernels.attentionWeights, query, cache, y, options);
      return y;
    },
    softmax(x) {
      const y = temporary(x.shape);
      const [rows, width] = rowsOf(x.shape);
      dispatch(kernels.softmax, [x, y], [width], [rows, 1, 1]);
      return y;
    },
    logSoftmax(x) {
      const y = temporary(x.shape);
      const [rows, width] = rowsOf(x.shape);
      dispatch(kernels.logSoftmax, [x, y], [width], [rows, 1, 1]);
      return y;
    },
    adjustScores(scores, state) {
      rulesShape(scores, state);
      const { table, position, history, ancestors, source, sourceLength } = state;
      const [rows, , width] = scores.shape;
      const fields = history.shape.length === 3 ? history.shape[1] : 1;
      const together = rows / source.shape[0];
      const params = [width, rows, history.shape[0], fields, ancestors ? 1 : 0, together, source.shape[1]];
      const tensors = [table, position, history, ancestors, source, sourceLength, scores];
      dispatch(kernels.adjustScores, tensors, params, [rows, 1, 1]);
    },
    topK(x, k) {
      topKShape(x, k);
      return largest(x, k, 1);
    },
    beamCandidates(logprobs, state) {
      const [, count] = candidatesShape(logprobs, state);
      return largest(logprobs, count, state.beams, state);
    },
    advanceBeams(candidates, state, vocabSize) {
      beamShape(candidates, state);
      const { beams, endTokens, token, position, ancestors, trace, slots, done, settings } = state;
      const params = [beams, candidates.shape[1], vocabSize, slots.shape[0], trace.shape[0], endTokens];
      const tensors = [candidates, settings, token, position, ancestors, trace, slots, done];
      dispatch(kernels.advanceBeams, tensors, params, [candidates.shape[0], 1, 1]);
    },
    selectGreedy(logits, selection) {
      selectionShape(logits, selection);
      const { token, position, finished, history, logprobs, eos, pad } = selection;
      const [rows, width] = rowsOf(logits.shape);
      const tensors = [logits, eos, token, position, finished, history, logprobs];
      dispatch(kernels.selectGreedy, tensors, [rows, width, size(eos.shape), pad], [rows, 1, 1]);
    },
  };
  return { ops, adapter: gpu.adapter };
}

/** The parts of a matrix of a product: the part, its place among the columns of y for the kernel, its rows. */
function columns(w: Tensor): [part: GpuTensor, place: [first: number, count: number], rows: number][] {
  return partsOf(w as GpuTensor).map(({ tensor, first }) => {
    const [rows] = tensor.shape;
    return [tensor, [first / 4, vec4s(rows)], rows];
  });
}
