/** Where the time of a call goes: the kernels of the encoder and of one step of the decoder, and the speed of the memory. */

import type { Engine } from "../generation/engine";
import { writeInputs } from "../generation/device/encode-slots";
import type { Session } from "../generation/device/session";
import { encoderPositions } from "../generation/device/source";
import type { ModelInfo } from "../models/model";
import type { PlanTime, Profiler } from "../ops/profiler";
import type { Ops } from "../ops/ops";
import { size } from "../tensor/tensor";

/** What `Seq2Seq.profile` found. */
export interface Profile {
  /**
   * "timestamps": the GPU's own. "wall clock": the clock of the thread; of a GPU, less what an empty submit takes. Browsers round
   * both to 0.1 ms, so all is repeated until that does not count.
   */
  clock: "timestamps" | "wall clock";
  /** How many tokens, or frames of sound, the encoder reads here. */
  source_length: number;
  /** How many tokens of the output there are before the step. */
  target_length: number;
  /**
   * The encoder, with keys and values for cross-attention. On a GPU each kernel is also timed by itself, with its operands warm in
   * the caches, so their sum is not quite the time of the whole.
   */
  encode: PlanTime;
  /** One step of greedy search. */
  step: PlanTime;
  /** The speed of the memory, in bytes per second. */
  memory: {
    /** How many bytes were copied, and how large the matrix of the product was: more than caches hold. */
    bytes: number;
    /** A copy: what it reads and what it writes together. */
    copy: number;
    /** The product of one row with a matrix in f32, which reads the matrix once: what a step of the decoder does most. */
    product: number;
  };
}

const LENGTH = 32;
/** Rows of the matrix that a row is multiplied with, and their width. */
const WIDTH = 4096;

export async function profile({ ops, model, sessions }: Engine, signal?: AbortSignal): Promise<Profile> {
  const { info } = model;
  const source_length = info.features?.least ?? Math.min(LENGTH, info.maxSourceLength);
  const target_length = Math.min(LENGTH, info.maxTargetLength - 1);
  const sizes = { batchSize: 1, width: 1, endTokens: 1, sourceLength: source_length, targetLength: target_length + 1 };
  const session = await sessions.take(sizes);
  const profiler = await ops.profiler();
  try {
    writeSentence(ops, session, info, source_length);
    const select = await session.select();
    const encode = await profiler.time([session.encode], () => undefined);
    signal?.throwIfAborted();
    const setBack = (): void => ops.write(session.position, Uint32Array.of(target_length));
    const step = await profiler.time([session.decode, select], setBack);
    signal?.throwIfAborted();
    const memory = await measureMemory(ops, profiler, signal);
    return { clock: profiler.clock, source_length, target_length, encode, step, memory };
  } finally {
    profiler.end();
    // Its state is of no sentence.
    session.dispose();
  }
}

/** Any tokens, or silence. */
function writeSentence(ops: Ops, session: Session, info: ModelInfo, length: number): void {
  const { features } = info;
  const mask = Array<number>(encoderPositions(info, length)).fill(1);
  const inputIds = features ? [] : Array.from({ length }, (_, i) => i % info.sourceVocabSize);
  const frames = features && new Float32Array(length * features.channels);
  writeInputs(ops, session, [{ inputIds, mask, frames }]);
}

async function measureMemory(ops: Ops, profiler: Profiler, signal?: AbortSignal): Promise<Profile["memory"]> {
  const { bytes } = profiler;
  const copied = await profiler.copy();
  signal?.throwIfAborted();
  const rows = bytes / 4 / WIDTH;
  // Not zeros, whose pages an operating system may share.
  const made = [[rows, WIDTH], [1, 1, WIDTH], [rows]].map((shape) =>
    ops.create(shape, "f32", "activations", new Float32Array(size(shape)).fill(0.5)),
  );
  const [w, x, bias] = made;
  try {
    const plan = await ops.record("product", () => ops.linear(x, w, { bias }));
    const { ms } = await profiler.time([plan], () => undefined);
    ops.release(plan);
    return { bytes, copy: (2000 * bytes) / copied, product: (1000 * bytes) / ms };
  } finally {
    ops.free(made);
  }
}
