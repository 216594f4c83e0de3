/**
 * Everything that one batch needs on the device, made once and used again: source ids and mask, caches, what is chosen,
 * and three recorded plans, "encode", "decode" and "select". Lengths are capacities, rounded up, so that sentences of
 * similar length share a session and a token makes nothing new.
 *
 * A sentence has `width` rows of the decoder (beams, or sequences to sample) that share its row of the encoder.
 */

import { MAX_EOS_TOKENS } from "./config";
import type { DecoderState, Model } from "../models/model";
import type { Ops, Plan, Selection } from "../ops";
import type { Tensor } from "../tensor";

export interface SessionSizes {
  sentences: number;
  width: number;
  /** The longest source and the most positions of the decoder. */
  source: number;
  target: number;
}

export interface Session extends SessionSizes {
  /** sentences x width */
  readonly rows: number;
  readonly vocabSize: number;
  readonly ids: Tensor; // (sentences, S)
  readonly mask: Tensor; // (sentences, S)
  readonly selection: Selection;
  /** With more than one row a sentence: see `DecoderState`. */
  readonly ancestors?: Tensor; // (2, C, R)
  readonly encode: Plan;
  /** One token a row; its logits (R, 1, V) stay readable. */
  readonly decode: Plan<Tensor>;
  /** Takes the best token of each row of the logits. */
  readonly select: Plan;
  dispose(): void;
}

/** Stands in the list of end tokens where there is none: no vocabulary reaches it. */
const NO_TOKEN = 0xffffffff;

async function createSession(ops: Ops, model: Model, sizes: SessionSizes): Promise<Session> {
  const { info } = model;
  const { sentences, width, source, target } = sizes;
  const rows = sentences * width;
  const created: Tensor[] = [];
  const create = (...args: Parameters<Ops["create"]>): Tensor => {
    const tensor = ops.create(...args);
    created.push(tensor);
    return tensor;
  };
  const ids = create([sentences, source], "u32", "activations");
  const mask = create([sentences, source], "u32", "activations");
  const selection: Selection = {
    token: create([rows, 1], "u32", "activations"),
    position: create([rows], "u32", "activations"),
    finished: create([rows], "u32", "activations"),
    history: create([target, rows], "u32", "activations"),
    logprobs: create([target, rows], "f32", "activations"),
    eos: create([MAX_EOS_TOKENS], "u32", "activations"),
    // A source-side pad token may be no token of the target vocabulary.
    pad: info.padTokenId < info.targetVocabSize ? info.padTokenId : info.decoderStartTokenId,
  };
  const ancestors = width > 1 ? create([2, target, rows], "u32", "activations") : undefined;
  const caches = Array.from({ length: info.numDecoderLayers }, () =>
    create([rows, target, info.cacheWidth], "f32", "cache"),
  );
  const plans: Plan[] = [];
  const record = async <T>(label: string, body: () => T): Promise<Plan<T>> => {
    const plan = await ops.record(label, body);
    plans.push(plan);
    return plan;
  };
  const dispose = (): void => {
    for (const plan of plans) ops.release(plan);
    ops.free(created);
  };
  try {
    const encode = await record("encode", () => model.projectCross(model.encode(ids, mask)));
    const state: DecoderState = { caches, cross: encode.outputs, mask, position: selection.position, ancestors };
    const decode = await record("decode", () => model.decode(selection.token, state));
    const select = await record("select", () => ops.selectGreedy(decode.outputs, selection));
    const vocabSize = info.targetVocabSize;
    return { ...sizes, rows, vocabSize, ids, mask, selection, ancestors, encode, decode, select, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Puts sources in their places: those shorter than the capacity are padded and masked. */
export function writeSources(
  ops: Ops,
  session: Session,
  batch: readonly ({ ids: number[]; mask: number[] } | undefined)[],
): void {
  const { sentences, source } = session;
  const ids = new Uint32Array(sentences * source);
  const mask = new Uint32Array(sentences * source);
  for (let i = 0; i < sentences; i++) {
    // In an empty place attention needs a key to look at, whatever it holds.
    const { ids: row, mask: seen } = batch[i] ?? { ids: [0], mask: [1] };
    ids.set(row, i * source);
    mask.set(seen, i * source);
  }
  ops.write(session.ids, ids);
  ops.write(session.mask, mask);
}

/** What the next step reads. */
export interface RowState {
  /** The newest token of each row. */
  token: Uint32Array;
  /** How many tokens each row's cache holds. */
  position: Uint32Array;
  finished: Uint32Array;
}

export function writeRows(ops: Ops, { selection }: Session, { token, position, finished }: RowState): void {
  ops.write(selection.token, token);
  ops.write(selection.position, position);
  ops.write(selection.finished, finished);
}

export function writeEosTokens(ops: Ops, { selection }: Session, eosTokenIds: readonly number[]): void {
  const eos = new Uint32Array(MAX_EOS_TOKENS).fill(NO_TOKEN);
  eos.set(eosTokenIds);
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

  /** A session with room for what is asked; a longer cache costs a step nothing. */
  async take({ sentences, width, source, target }: SessionSizes): Promise<Session> {
    const { info } = this.model;
    const s = this.capacity(source, info.maxSourceLength);
    const t = this.capacity(target, info.maxTargetLength);
    const found = this.idle.findIndex(
      (session) =>
        session.sentences === sentences && session.width === width && session.source === s && session.target >= t,
    );
    if (found >= 0) return this.idle.splice(found, 1)[0];
    return createSession(this.ops, this.model, { sentences, width, source: s, target: t });
  }

  give(session: Session): void {
    this.idle.push(session);
    while (this.idle.length > this.keep) this.idle.shift()?.dispose();
  }

  /** Rounded up on a GPU, where a plan is worth keeping; on the CPU padding would only cost time. */
  private capacity(length: number, limit: number): number {
    return this.ops.device === "cpu" ? length : Math.min(limit, roundedLength(length));
  }
}

/** Products work on eight rows at a time, so a finer step would save nothing; long ones double. */
export function roundedLength(length: number): number {
  return length <= 32 ? 8 * Math.ceil(length / 8) : 2 ** Math.ceil(Math.log2(length));
}
