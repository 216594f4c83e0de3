/**
 * Everything that one batch needs on the device, made once and used again: source ids and mask, caches, selection
 * state, and two recorded plans, "encode" and "step". Lengths are capacities, rounded up, so that sentences of
 * similar length share a session and a token makes nothing new.
 */

import { MAX_EOS_TOKENS } from "./config";
import type { DecoderState, Model } from "../models/model";
import type { Ops, Plan, Selection } from "../ops";
import type { Tensor } from "../tensor";

export interface Session {
  readonly rows: number;
  readonly sourceCapacity: number;
  readonly targetCapacity: number;
  readonly ids: Tensor; // (B, S)
  readonly mask: Tensor; // (B, S)
  readonly selection: Selection;
  readonly encode: Plan;
  readonly step: Plan;
  dispose(): void;
}

/** Stands in the list of end tokens where there is none: no vocabulary reaches it. */
const NO_TOKEN = 0xffffffff;

async function createSession(ops: Ops, model: Model, rows: number, s: number, t: number): Promise<Session> {
  const { info } = model;
  const created: Tensor[] = [];
  const create = (...args: Parameters<Ops["create"]>): Tensor => {
    const tensor = ops.create(...args);
    created.push(tensor);
    return tensor;
  };
  const ids = create([rows, s], "u32", "activations");
  const mask = create([rows, s], "u32", "activations");
  const selection: Selection = {
    token: create([rows, 1], "u32", "activations"),
    position: create([rows], "u32", "activations"),
    finished: create([rows], "u32", "activations"),
    history: create([t, rows], "u32", "activations"),
    logprobs: create([t, rows], "f32", "activations"),
    eos: create([MAX_EOS_TOKENS], "u32", "activations"),
    // A source-side pad token may be no token of the target vocabulary.
    pad: info.padTokenId < info.targetVocabSize ? info.padTokenId : info.decoderStartTokenId,
  };
  const caches = Array.from({ length: info.numDecoderLayers }, () =>
    create([rows, t, info.cacheWidth], "f32", "cache"),
  );
  const plans: Plan[] = [];
  const dispose = (): void => {
    for (const plan of plans) ops.release(plan);
    ops.free(created);
  };
  try {
    const encode = await ops.record("encode", () => model.projectCross(model.encode(ids, mask)));
    plans.push(encode);
    const state: DecoderState = { caches, cross: encode.outputs, mask, position: selection.position };
    const step = await ops.record("step", () => ops.selectGreedy(model.decode(selection.token, state), selection));
    plans.push(step);
    return { rows, sourceCapacity: s, targetCapacity: t, ids, mask, selection, encode, step, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Puts a batch in its place: rows shorter than the capacity are padded and masked. */
export function startSession(
  ops: Ops,
  session: Session,
  batch: { ids: number[][]; mask: number[][] },
  config: { startTokenId: number; eosTokenIds: number[] },
): void {
  const { rows, sourceCapacity, selection } = session;
  const ids = new Uint32Array(rows * sourceCapacity);
  const mask = new Uint32Array(rows * sourceCapacity);
  for (let row = 0; row < rows; row++) {
    ids.set(batch.ids[row], row * sourceCapacity);
    mask.set(batch.mask[row], row * sourceCapacity);
  }
  ops.write(session.ids, ids);
  ops.write(session.mask, mask);
  ops.write(selection.token, new Uint32Array(rows).fill(config.startTokenId));
  ops.write(selection.position, new Uint32Array(rows));
  ops.write(selection.finished, new Uint32Array(rows));
  const eos = new Uint32Array(MAX_EOS_TOKENS).fill(NO_TOKEN);
  eos.set(config.eosTokenIds);
  ops.write(selection.eos, eos);
}

/** Sessions at rest, most recently used last. A session serves one call at a time. */
export class SessionPool {
  private idle: Session[] = [];

  constructor(
    private readonly ops: Ops,
    private readonly model: Model,
    /** How many sessions are kept for the next call. */
    private readonly keep = 4,
  ) {}

  /** A session for `rows` rows of at most `source` and `target` tokens; a longer cache costs a step nothing. */
  async take(rows: number, source: number, target: number): Promise<Session> {
    const { info } = this.model;
    const s = this.capacity(source, info.maxSourceLength);
    const t = this.capacity(target, info.maxTargetLength);
    const found = this.idle.findIndex(
      (session) => session.rows === rows && session.sourceCapacity === s && session.targetCapacity >= t,
    );
    if (found >= 0) return this.idle.splice(found, 1)[0];
    return createSession(this.ops, this.model, rows, s, t);
  }

  give(session: Session): void {
    this.idle.push(session);
    while (this.idle.length > this.keep) this.idle.shift()?.dispose();
  }

  /** Rounded up on a GPU, where a plan is worth keeping; on the CPU padding would only cost time. */
  private capacity(length: number, limit: number): number {
    if (this.ops.device === "cpu") return length;
    // Products work on eight rows at a time, so a finer step would save nothing.
    const rounded = length <= 32 ? 8 * Math.ceil(length / 8) : 2 ** Math.ceil(Math.log2(length));
    return Math.min(limit, rounded);
  }
}
