/**
 * Everything that one batch needs on the device, made once and used again: source ids and mask, caches, what is chosen,
 * and three recorded plans, "encode", "decode" and "select". Lengths are capacities, rounded up, so that sentences of
 * similar length share a session and a token makes nothing new.
 *
 * A sentence has `width` rows of the decoder (beams, or sequences to sample) that share its row of the encoder.
 */

import type { BeamState } from "../../ops/beam-state";
import { beamTensors, createBeams } from "./beam-readback";
import { MAX_EOS_TOKENS } from "../options/search-config";
import type { DecoderState, Model, ModelInfo } from "../../models/model";
import type { Ops, Plan, Selection } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";

export interface SessionSizes {
  batchSize: number;
  width: number;
  /** Room for so many end tokens of a beam search. */
  endTokens: number;
  /** The longest source and the most positions of the decoder. */
  source: number;
  target: number;
}

export interface Selecting {
  /** Words that the processors take; absent: there are none. */
  tableLength?: number;
  /** Log-probabilities of a beam search add up to one again after the processors. */
  renormalize?: boolean;
}

export interface Session extends SessionSizes {
  /** batchSize x width */
  readonly rows: number;
  readonly vocabSize: number;
  readonly ids: Tensor; // (B, S)
  readonly mask: Tensor; // (B, S)
  readonly token: Tensor; // (R, 1)
  readonly position: Tensor; // (R)
  /** With one row a sentence. */
  readonly selection?: Selection;
  /** With more than one. */
  readonly beams?: BeamState;
  /** What `backtrace` says of them; recorded with them. */
  readonly backtrace?: Plan<Tensor>;
  readonly encode: Plan;
  /** One token a row; its logits (R, 1, V) stay readable. */
  readonly decode: Plan<Tensor>;
  /** Once `select` was asked for processors. */
  processors?: { table: Tensor; sourceLength: Tensor };
  /** The plan that chooses from the logits on the device; recorded when it is first asked for. */
  select(what?: Selecting): Promise<Plan>;
  dispose(): void;
}

async function createSession(ops: Ops, model: Model, sizes: SessionSizes): Promise<Session> {
  const { info } = model;
  const { batchSize, width, endTokens, source, target } = sizes;
  const rows = batchSize * width;
  const created: Tensor[] = [];
  const create = (...args: Parameters<Ops["create"]>): Tensor => {
    const tensor = ops.create(...args);
    created.push(tensor);
    return tensor;
  };
  const u32 = (...shape: number[]): Tensor => create(shape, "u32", "activations");
  const ids = u32(batchSize, source);
  const mask = u32(batchSize, source);
  const selection = width === 1 ? createSelection(create, rows, target, info) : undefined;
  const beams = selection
    ? undefined
    : createBeams(ops, { sentences: batchSize, beams: width, endTokens, capacity: target });
  if (beams) created.push(...beamTensors(beams));
  const { token, position } = (beams ?? selection) as BeamState | Selection;
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
    const state: DecoderState = { caches, cross: encode.outputs, mask, position, ancestors: beams?.ancestors };
    const decode = await record("decode", () => model.decode(token, state));
    const backtrace = beams && (await record("walk back", () => ops.backtrace(beams)));
    const logits = decode.outputs;
    const vocabSize = info.targetVocabSize;
    const recorded = new Map<string, Promise<Plan>>();
    const session: Session = {
      ...sizes,
      rows,
      vocabSize,
      ids,
      mask,
      token,
      position,
      selection,
      beams,
      backtrace,
      encode,
      decode,
      select({ tableLength = 0, renormalize = false } = {}) {
        if (tableLength > (session.processors?.table.shape[0] ?? 0)) {
          const length = 2 ** Math.ceil(Math.log2(Math.max(256, tableLength)));
          session.processors = { table: u32(length), sourceLength: u32(batchSize) };
        }
        const processors = tableLength > 0 ? session.processors : undefined;
        const key = `${processors?.table.shape[0] ?? 0} ${renormalize}`;
        const known = recorded.get(key);
        if (known) return known;
        const plan = record("select", () => {
          const scores = beams ? ops.logSoftmax(logits) : logits;
          const history = (beams?.trace ?? selection?.history) as Tensor;
          const state = { position, history, ancestors: beams?.ancestors, source: ids };
          if (processors) ops.processLogits(scores, { ...processors, ...state });
          if (selection) ops.selectGreedy(scores, selection);
          if (!beams) return;
          const logprobs = processors && renormalize ? ops.logSoftmax(scores) : scores;
          ops.advanceBeams(ops.beamCandidates(logprobs, beams), beams, vocabSize);
        });
        recorded.set(key, plan);
        return plan;
      },
      dispose,
    };
    return session;
  } catch (error) {
    dispose();
    throw error;
  }
}

/** What greedy selection keeps of so many rows, in caches of so many positions. */
function createSelection(create: Ops["create"], rows: number, capacity: number, info: ModelInfo): Selection {
  const u32 = (...shape: number[]): Tensor => create(shape, "u32", "activations");
  return {
    token: u32(rows, 1),
    position: u32(rows),
    finished: u32(rows),
    history: u32(capacity, rows),
    logprobs: create([capacity, rows], "f32", "activations"),
    eos: u32(MAX_EOS_TOKENS),
    // A source-side pad token may be no token of the target vocabulary.
    pad: info.padTokenId < info.targetVocabSize ? info.padTokenId : info.decoderStartTokenId,
  };
}

/** Puts sources in their places: those shorter than the capacity are padded and masked. */
export function writeSources(
  ops: Ops,
  session: Session,
  batch: readonly ({ ids: number[]; mask: number[] } | undefined)[],
): void {
  const { batchSize, source, processors } = session;
  const ids = new Uint32Array(batchSize * source);
  const mask = new Uint32Array(batchSize * source);
  for (let i = 0; i < batchSize; i++) {
    // In an empty place attention needs a key to look at, whatever it holds.
    const { ids: row, mask: seen } = batch[i] ?? { ids: [0], mask: [1] };
    ids.set(row, i * source);
    mask.set(seen, i * source);
  }
  ops.write(session.ids, ids);
  ops.write(session.mask, mask);
  if (!processors) return;
  ops.write(
    processors.sourceLength,
    Uint32Array.from(batch, (row) => row?.ids.length ?? 0),
  );
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
  async take({ batchSize, width, endTokens, source, target }: SessionSizes): Promise<Session> {
    const { info } = this.model;
    const s = this.capacity(source, info.maxSourceLength);
    const t = this.capacity(target, info.maxTargetLength);
    const found = this.idle.findIndex(
      (session) =>
        session.batchSize === batchSize &&
        session.width === width &&
        session.endTokens === endTokens &&
        session.source === s &&
        session.target >= t,
    );
    if (found >= 0) return this.idle.splice(found, 1)[0];
    return createSession(this.ops, this.model, { batchSize, width, endTokens, source: s, target: t });
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

/**
 * Up to an eighth of the power of two above, so that less than a fifth is padding and few lengths differ. Products work on
 * eight rows at a time, so a step below eight would save nothing.
 */
export function roundedLength(length: number): number {
  const step = Math.max(8, 2 ** Math.ceil(Math.log2(length)) / 8);
  return step * Math.ceil(length / step);
}
