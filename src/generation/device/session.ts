/**
 * A session is everything that one batch needs on the device: input ids and mask, caches, the state of the search, and three
 * recorded plans, "encode", "decode" and "select", and a fourth where prompts are longer than one token. It is made once and
 * used for many calls. Lengths are capacities and are rounded up, so that batches of similar length use the same session.
 *
 * The batch has `batchSize` slots, each for one sentence. A slot has one row of the encoder and `width` rows of the decoder
 * (beams, or sequences to sample), which share that row.
 */

import { TIMESTAMP_WORDS } from "../../ops/audio";
import type { BeamState } from "../../ops/beam-state";
import { beamTensors, createBeams } from "./beam-readback";
import { MAX_EOS_TOKENS } from "../options/search-config";
import type { DecoderState, EncoderInput, Model, ModelInfo } from "../../models/model";
import type { Ops, Plan, Selection, Slice } from "../../ops/ops";
import { DRAW_WORDS, SAMPLER_WORDS, type Candidates } from "../../ops/sampling";
import type { Tensor } from "../../tensor/tensor";
import { createSource, type SourceRow } from "./source";

export interface SessionSizes {
  /** Slots. */
  batchSize: number;
  /** Decoder rows per slot. */
  width: number;
  /** Whether the rows of a slot are sequences that never change places, such as samples. Absent: only where there is one. */
  independent?: boolean;
  /** How many end tokens of a beam search fit. */
  endTokens: number;
  /** Tokens or frames that the encoder reads. */
  sourceLength: number;
  /** Decoder positions, the capacity C of the caches. */
  targetLength: number;
}

export interface Selecting {
  /** Words of the table of logits processors. Default 0: no processors. */
  tableLength?: number;
  /** Makes the probabilities of a beam search add up to one again after the processors. */
  renormalize?: boolean;
  /** The rules of timestamps, see `TimestampState`. */
  timestamps?: Tensor;
  /** To draw tokens from these by `Session.sampler()`. Absent: greedy search, or beams. */
  candidates?: Candidates;
}

export interface Prefill {
  readonly ids: Tensor; // (B, length or more) u32
  readonly plan: Plan;
}

export interface Session extends SessionSizes {
  /** B = batchSize * width. */
  readonly rows: number;
  readonly vocabSize: number;
  readonly source: EncoderInput;
  readonly token: Tensor; // (B, 1)
  readonly position: Tensor; // (B)
  /** If the rows are independent. */
  readonly selection?: Selection;
  /** If they are not. */
  readonly beams?: BeamState;
  /** The recorded `ops.backtrace(beams)`. */
  readonly backtrace?: Plan<Tensor>;
  readonly encode: Plan;
  /** Keys and values of the encoder's states, by decoder layer, of the sentences that were encoded last. */
  readonly cross: Tensor[];
  /** Of sound: what `cross` is of, by slot. Undefined where the last encoding has not come to its end. */
  encoded?: readonly (SourceRow | undefined)[];
  /** Other sessions of the model that no call uses now, which may have encoded the same sound. */
  others(): readonly Session[];
  /** Decodes one token per row. The output is the logits (B, 1, V). */
  readonly decode: Plan<Tensor>;
  /** Present once `select` was called with a table length. */
  processors?: { table: Tensor; sourceLength: Tensor };
  /** The rules of timestamps, made when they are first asked for. */
  timestamps(): Tensor;
  /** The table of `Ops.sample`, made when it is first asked for. */
  sampler(): Tensor;
  /**
   * The plan that decodes the first `length` tokens of every row's prompt in one pass, into the caches. It is recorded at the
   * first call. `ids` (B, at least `length`) may hold anything after them: later steps overwrite what that leaves.
   */
  prefill(length: number): Promise<Prefill>;
  /** The plan that chooses from the logits on the device. It is recorded at the first call. */
  select(what?: Selecting): Promise<Plan>;
  dispose(): void;
}

export async function createSession(
  ops: Ops,
  model: Model,
  sizes: SessionSizes,
  others: Session["others"],
): Promise<Session> {
  const { info } = model;
  const { batchSize, width, independent, endTokens, sourceLength, targetLength } = sizes;
  const rows = batchSize * width;
  const created: Tensor[] = [];
  const create = (...args: Parameters<Ops["create"]>): Tensor => {
    const tensor = ops.create(...args);
    created.push(tensor);
    return tensor;
  };
  const u32 = (...shape: number[]): Tensor => create(shape, "u32", "activations");
  const source = createSource(create, info, batchSize, sourceLength);
  const { input, mask } = source;
  // Logits processors that read the source are for token ids alone.
  const sourceIds = info.features ? u32(batchSize, 1) : input;
  const selection = independent ? createSelection(create, rows, targetLength, info) : undefined;
  const beams = selection
    ? undefined
    : createBeams(ops, { sentences: batchSize, beams: width, endTokens, capacity: targetLength });
  if (beams) created.push(...beamTensors(beams));
  const { token, position } = (beams ?? selection) as BeamState | Selection;
  const caches = Array.from({ length: info.numDecoderLayers }, () =>
    create([rows, targetLength, info.cacheWidth], "f32", "cache"),
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
    const encode = await record("encode", () => model.projectCross(model.encode(source)));
    const state: DecoderState = { caches, cross: encode.outputs, mask, position, ancestors: beams?.ancestors };
    const decode = await record("decode", () => model.decode(token, state));
    const backtrace = beams && (await record("backtrace", () => ops.backtrace(beams)));
    const logits = decode.outputs;
    const vocabSize = info.targetVocabSize;
    const recorded = new Map<string, Promise<Plan>>();
    const prefills = new Map<number, Promise<Prefill>>();
    let zeros: Tensor | undefined;
    let rules: Tensor | undefined;
    let sampler: Tensor | undefined;
    const session: Session = {
      ...sizes,
      rows,
      vocabSize,
      source,
      token,
      position,
      selection,
      beams,
      backtrace,
      encode,
      cross: encode.outputs,
      others,
      decode,
      timestamps: () => (rules ??= u32(TIMESTAMP_WORDS)),
      sampler: () => (sampler ??= u32(SAMPLER_WORDS + DRAW_WORDS * rows * targetLength)),
      prefill(length) {
        const padded = Math.min(targetLength, ops.device === "webgpu" ? roundedLength(length) : length);
        const known = prefills.get(padded);
        if (known) return known;
        const ids = u32(rows, padded);
        zeros ??= u32(rows);
        const prompt: DecoderState = { ...state, position: zeros, ancestors: undefined };
        const made = record("prefill", () => model.prefill(ids, prompt)).then((plan) => ({ ids, plan }));
        prefills.set(padded, made);
        return made;
      },
      select({ tableLength = 0, renormalize = false, timestamps, candidates } = {}) {
        if (tableLength > (session.processors?.table.shape[0] ?? 0)) {
          const length = 2 ** Math.ceil(Math.log2(Math.max(256, tableLength)));
          session.processors = { table: u32(length), sourceLength: u32(batchSize) };
        }
        const processors = tableLength > 0 ? session.processors : undefined;
        const { count, open } = candidates ?? { count: 0, open: false };
        const key = `${processors?.table.shape[0] ?? 0} ${renormalize} ${timestamps !== undefined} ${count} ${open}`;
        const known = recorded.get(key);
        if (known) return known;
        const plan = record("select", () => {
          const scores = beams ? ops.logSoftmax(logits) : logits;
          const history = (beams?.trace ?? selection?.history) as Tensor;
          const state = { position, history, ancestors: beams?.ancestors, source: sourceIds };
          if (processors) ops.processLogits(scores, { ...processors, ...state });
          if (timestamps) ops.timestampRules(scores, { rules: timestamps, ...state });
          if (selection && count > 0)
            ops.sample(ops.topK(scores, count), selection, session.sampler(), open ? scores : undefined);
          else if (selection) ops.selectGreedy(scores, selection);
          if (!beams) return;
          const logprobs = (processors ?? timestamps) && renormalize ? ops.logSoftmax(scores) : scores;
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

/** The logits of a row of the last step, changed by the logits processors of the search. */
export const logitsOfRow = ({ decode, vocabSize }: Session, row: number): Slice => ({
  tensor: decode.outputs,
  start: row * vocabSize,
  count: vocabSize,
});

/** The state of greedy search or sampling for `rows` rows and `capacity` positions. */
function createSelection(create: Ops["create"], rows: number, capacity: number, info: ModelInfo): Selection {
  const u32 = (...shape: number[]): Tensor => create(shape, "u32", "activations");
  return {
    token: u32(rows, 1),
    position: u32(rows),
    finished: u32(rows),
    history: u32(capacity, rows),
    logprobs: create([capacity, rows], "f32", "activations"),
    eos: u32(MAX_EOS_TOKENS),
    // With two vocabularies the pad token may lie outside of the target's.
    pad: info.padTokenId < info.targetVocabSize ? info.padTokenId : info.decoderStartTokenId,
  };
}

/**
 * Rounds up to a multiple of an eighth of the next power of two, at least of 8. So there are few different lengths, and above
 * 32 less than a fifth is padding. Steps below 8 would save nothing: matrix products work on eight rows at a time.
 */
export function roundedLength(length: number): number {
  const step = Math.max(8, 2 ** Math.ceil(Math.log2(length)) / 8);
  return step * Math.ceil(length / step);
}
