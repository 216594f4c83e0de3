/**
 * The CPU implementation of `Ops`: a plan is a list of closures over plain arrays. It proves the GPU right and
 * runs models where there is no GPU; it does not try to be fast.
 */

import { beamShape, candidatesShape, type BeamState } from "../../beams";
import { invariant, ModelError } from "../../errors";
import {
  attentionShape,
  embedShape,
  layerNormShape,
  linearShape,
  projectionShape,
  selectionShape,
  topKShape,
  zeroCounters,
  type AttentionOptions,
  type LinearOptions,
  type Memory,
  type Norm,
  type Ops,
  type Plan,
  type Purpose,
  type Selection,
  type Slice,
} from "../../ops";
import { rulesShape } from "../../rules";
import { pack, rowWords, unpack, unpackRow } from "../../storage";
import { rowsOf, shapeText, size, type DType, type Tensor } from "../../tensor";
import { adjust } from "./adjust";
import * as beam from "./beam";
import * as kernels from "./kernels";

interface CpuTensor extends Tensor {
  readonly purpose: Purpose;
  data: Float32Array | Uint32Array;
}

interface CpuPlan<T> extends Plan<T> {
  readonly commands: (() => void)[];
  readonly temporaries: CpuTensor[];
}

export function createCpuBackend(): Ops {
  const memory: Memory = { weights: 0, cache: 0, activations: 0, staging: 0 };
  const live = new Set<CpuTensor>();
  let recording: { commands: (() => void)[]; temporaries: CpuTensor[] } | undefined;
  let disposed = false;

  function checkAlive(): void {
    if (disposed) throw new ModelError("disposed", "This model has been disposed of.", "Load it again.");
  }

  function create(
    shape: readonly number[],
    dtype: DType,
    purpose: Purpose,
    data?: Float32Array | Uint32Array,
  ): CpuTensor {
    checkAlive();
    const length = size(shape);
    invariant(!data || data.length === length, `create: ${data?.length} values for shape ${shapeText(shape)}`);
    const [rows, width] = rowsOf(shape);
    const words = isPacked(dtype) ? rows * rowWords(dtype, width) : length;
    const made = { shape: [...shape], dtype, purpose, data: allocate(words, dtype) };
    memory[purpose] += made.data.byteLength;
    live.add(made);
    if (data) write(made, data);
    return made;
  }

  function write(tensor: Tensor, values: Float32Array | Uint32Array, start = 0): void {
    checkAlive();
    const { dtype, shape, data } = tensor as CpuTensor;
    invariant(start + values.length <= size(shape), `write: ${values.length} values into ${shapeText(shape)}`);
    if (!isPacked(dtype)) return data.set(values, start);
    const [, width] = rowsOf(shape);
    data.set(pack(dtype, values as Float32Array, width), (start / width) * rowWords(dtype, width));
  }

  function read({ tensor, start, count }: Slice): Float32Array | Uint32Array {
    const { dtype, shape, data } = tensor as CpuTensor;
    if (!isPacked(dtype)) return data.slice(start, start + count);
    const [, width] = rowsOf(shape);
    const pitch = rowWords(dtype, width);
    return unpack(dtype, u32(tensor).subarray((start / width) * pitch, ((start + count) / width) * pitch), width);
  }

  function free(tensors: Iterable<Tensor>): void {
    for (const tensor of tensors as Iterable<CpuTensor>) {
      if (!live.delete(tensor)) continue;
      memory[tensor.purpose] -= tensor.data.byteLength;
      tensor.data = new Float32Array(0);
    }
  }

  function temporary(shape: readonly number[], dtype: DType = "f32"): CpuTensor {
    invariant(recording, "an operation was called outside record()");
    const made = create(shape, dtype, "activations");
    recording.temporaries.push(made);
    return made;
  }

  /** Appends to the plan; `run` sees the arrays as they are when the plan runs. */
  function append(run: () => void): void {
    invariant(recording, "an operation was called outside record()");
    recording.commands.push(run);
  }

  function command(shape: readonly number[], run: (out: Float32Array) => void): Tensor {
    const out = temporary(shape);
    append(() => run(f32(out)));
    return out;
  }

  const f32 = (tensor: Tensor) => (tensor as CpuTensor).data as Float32Array;
  const u32 = (tensor: Tensor) => (tensor as CpuTensor).data as Uint32Array;
  const matrix = (tensor: Tensor): kernels.CpuMatrix => {
    const { dtype, shape } = tensor;
    const [, width] = rowsOf(shape);
    if (!isPacked(dtype)) return { values: f32(tensor), row: (index) => index * width };
    const values = new Float32Array(width);
    const row = (index: number): number => {
      unpackRow(dtype, u32(tensor), index * rowWords(dtype, width), values);
      return 0;
    };
    return { values, row };
  };
  const normed = (x: Tensor, norm: Norm | undefined): Float32Array => {
    if (!norm) return f32(x);
    const out = new Float32Array(f32(x).length);
    kernels.layerNorm(out, f32(x), { ...norm, weights: f32(norm.weights) }, rowsOf(x.shape)[1]);
    return out;
  };
  const attentionOf = (query: Tensor, cache: Tensor, options: AttentionOptions): kernels.CpuAttention => ({
    query: f32(query),
    cache: f32(cache),
    mask: options.mask && u32(options.mask),
    causalFrom: options.causalFrom && u32(options.causalFrom),
    biasTable: options.positionBias && f32(options.positionBias.table),
    buckets: options.positionBias && u32(options.positionBias.buckets),
    ancestors: options.ancestors && u32(options.ancestors),
    shape: query.shape,
    cacheRows: cache.shape[0],
    capacity: cache.shape[1],
    heads: options.heads,
    scale: options.scale ?? 1 / Math.sqrt(query.shape[2] / options.heads),
  });

  const beamsOf = (state: BeamState): beam.CpuBeams => ({
    beams: state.beams,
    endTokens: state.endTokens,
    rows: state.slots.shape[0],
    capacity: state.trace.shape[0],
    token: u32(state.token),
    position: u32(state.position),
    ancestors: u32(state.ancestors),
    trace: u32(state.trace),
    slots: u32(state.slots),
    done: u32(state.done),
    settings: u32(state.settings),
  });

  return {
    device: "cpu",
    stepsInFlight: 1,
    create,
    write,
    free,

    record<T>(_label: string, body: () => T): Promise<Plan<T>> {
      invariant(!recording, "record() inside record()");
      recording = { commands: [], temporaries: [] };
      const { commands, temporaries } = recording;
      try {
        return Promise.resolve({ outputs: body(), commands, temporaries });
      } finally {
        recording = undefined;
      }
    },
    async submit(plans, wanted = []) {
      checkAlive();
      for (const plan of plans as CpuPlan<unknown>[]) for (const run of plan.commands) run();
      const copies = wanted.map(read);
      // A breath between submits: timers, aborts and the page get their turn.
      await new Promise<void>(nextTask);
      return copies;
    },
    release(plan) {
      free((plan as CpuPlan<unknown>).temporaries);
    },

    counters: zeroCounters,
    memory: () => ({ ...memory }),
    dispose() {
      disposed = true;
      free([...live]);
    },

    embed(ids, table, options) {
      const shape = embedShape(ids, table, options);
      const { scale, positions, offset, padTokenId } = options;
      return command(shape, (out) => {
        const tensors = { positions: positions && f32(positions), offset: offset && u32(offset) };
        kernels.embed(out, { ids: u32(ids), table: matrix(table), scale, padTokenId, ...tensors }, shape);
      });
    },
    layerNorm(x, norm) {
      return command(layerNormShape(x, norm), (out) => out.set(normed(x, norm)));
    },
    linear(x, w, options: LinearOptions) {
      const shape = linearShape(x, w, options);
      const { bias, norm, scale, activation, residual, residualNorm, multiply } = options;
      return command(shape, (out) => {
        const tensors = {
          residual: residual && normed(residual, residualNorm),
          multiply: multiply && f32(multiply),
        };
        const [rows] = rowsOf(x.shape);
        kernels.linear(out, { x: normed(x, norm), w: matrix(w), bias: f32(bias), scale, activation, ...tensors }, rows);
      });
    },
    projectQueryKeyValue(x, w, options) {
      const [shape, cacheShape] = projectionShape(x, w, options);
      const { bias, norm, offset } = options;
      const cache = options.cache ?? temporary(cacheShape);
      const query = command(shape, (out) => {
        const packed = new Float32Array(3 * out.length);
        kernels.linear(packed, { x: normed(x, norm), w: matrix(w), bias: f32(bias) }, rowsOf(x.shape)[0]);
        kernels.splitQueryKeyValue(out, f32(cache), packed, offset && u32(offset), shape, cache.shape[1]);
      });
      return { query, cache };
    },
    attention(query, cache, options) {
      return command(attentionShape(query, cache, options), (out) =>
        kernels.attention(out, attentionOf(query, cache, options)),
      );
    },
    attentionWeights(query, cache, options) {
      const [b, t] = attentionShape(query, cache, options);
      return command([b, options.heads, t, cache.shape[1]], (out) =>
        kernels.attentionWeights(out, attentionOf(query, cache, options)),
      );
    },
    softmax(x) {
      return command(x.shape, (out) => kernels.softmax(out, f32(x), rowsOf(x.shape)[1]));
    },
    logSoftmax(x) {
      return command(x.shape, (out) => kernels.logSoftmax(out, f32(x), rowsOf(x.shape)[1]));
    },
    adjustScores(scores, state) {
      rulesShape(scores, state);
      const { table, position, history, ancestors, source, sourceLength } = state;
      const [rows, , width] = scores.shape;
      append(() =>
        adjust(f32(scores), rows, width, {
          table: u32(table),
          position: u32(position),
          history: u32(history),
          fields: history.shape.length === 3 ? history.shape[1] : 1,
          ancestors: ancestors && u32(ancestors),
          capacity: history.shape[0],
          source: u32(source),
          sourceCapacity: source.shape[1],
          sourceLength: u32(sourceLength),
        }),
      );
    },
    topK(x, k) {
      const [rows, width] = topKShape(x, k);
      const out = temporary([rows, k, 2], "u32");
      append(() => beam.topK(u32(out), f32(x), k, width));
      return out;
    },
    beamCandidates(logprobs, state) {
      const out = temporary(candidatesShape(logprobs, state), "u32");
      append(() => beam.candidates(u32(out), f32(logprobs), beamsOf(state), logprobs.shape[2]));
      return out;
    },
    advanceBeams(candidates, state, vocabSize) {
      beamShape(candidates, state);
      append(() => beam.advance(u32(candidates), beamsOf(state), vocabSize));
    },
    selectGreedy(logits, selection: Selection) {
      selectionShape(logits, selection);
      const [rows, width] = rowsOf(logits.shape);
      append(() => {
        for (let row = 0; row < rows; row++) {
          const position = u32(selection.position)[row];
          const finished = u32(selection.finished)[row] === 1;
          const [best, logprob] = kernels.argmax(f32(logits), row * width, width);
          const token = finished ? selection.pad : best;
          u32(selection.history)[position * rows + row] = token;
          f32(selection.logprobs)[position * rows + row] = finished ? 0 : logprob;
          u32(selection.token)[row] = token;
          u32(selection.position)[row] = position + 1;
          if (u32(selection.eos).includes(token)) u32(selection.finished)[row] = 1;
        }
      });
    },
  };
}

/** Floats in fewer bits; f32 and u32 are plain arrays here, without the padding that storage.ts gives f32 rows. */
const isPacked = (dtype: DType) => dtype !== "f32" && dtype !== "u32";

function allocate(length: number, dtype: DType): Float32Array | Uint32Array {
  try {
    return dtype === "f32" ? new Float32Array(length) : new Uint32Array(length);
  } catch (cause) {
    throw new ModelError("out_of_memory", `${4 * length} bytes can't be allocated.`, undefined, { cause });
  }
}

/** A macrotask without the 4 ms clamp that nested `setTimeout` calls get. */
function nextTask(resolve: () => void): void {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    channel.port1.close();
    resolve();
  };
  channel.port2.postMessage(null);
}
