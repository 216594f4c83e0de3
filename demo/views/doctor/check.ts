/** The check of a device: one sentence through the model, every tensor compared with the CPU reference, and its speed. */

import { Seq2Seq, type ForwardOutput, type HostTensor, type Profile } from "../../../src/index";
import type { Dtype } from "../../shell/host";
import type { ModelChoice } from "../../shell/model-source";
import type { Device } from "../../ui/format";

/** Differences count in units of this plus the same share of the value: what f32 logits must agree within. */
export const TOLERANCE = 1e-4;

/** A tensor of the pass. */
export interface Probe {
  name: string;
  /** The operations that end in it. */
  operation: string;
  data: Float32Array;
}

export interface Difference {
  name: string;
  operation: string;
  /** The largest |a - b|. */
  worst: number;
  /** The largest |a - b| / (TOLERANCE + TOLERANCE |b|): above 1 is wrong. */
  ratio: number;
}

export interface DeviceReport {
  device: Device;
  /** Why there is no more than this. */
  error?: string;
  loadMs?: number;
  /** Of the pass with all its tensors. */
  forwardMs?: number;
  tokensPerSecond?: number;
  firstTokenMs?: number;
  weights?: number;
  kernels?: Seq2Seq["kernels"];
  /** Where the time goes. */
  profile?: Profile;
  /** Against the CPU reference, in the order of the pass. */
  differences?: Difference[];
  /** Whether the device writes what the reference writes. */
  sameTokens?: boolean;
}

interface Measured {
  report: DeviceReport;
  probes: Probe[];
  tokens: number[];
}

/** Tokens that are generated to measure the speed. */
const SPEED_TOKENS = 24;

export async function measure(
  device: Device,
  choice: ModelChoice,
  dtype: Dtype,
  inputs: { ids: number[]; decoderIds: number[] } | undefined,
  text: string,
  signal: AbortSignal,
): Promise<Measured & { inputs: { ids: number[]; decoderIds: number[] } }> {
  const begun = performance.now();
  const warnings: string[] = [];
  const model = await Seq2Seq.load(choice.source, {
    device,
    dtype,
    signal,
    onWarning: (warning) => warnings.push(warning),
  });
  try {
    const loadMs = performance.now() - begun;
    if (!model.tokenizer) throw new Error(model.tokenizerProblem ?? "The model has no tokenizer.");
    const ids = inputs?.ids ?? (await model.tokenizer.encode(text));
    const greedy = { num_beams: 1, num_return_sequences: 1, do_sample: false, signal };
    const speed = await model.generate(ids, { ...greedy, min_new_tokens: SPEED_TOKENS, max_new_tokens: SPEED_TOKENS });
    const { sequences } = await model.generate(ids, { ...greedy, max_new_tokens: SPEED_TOKENS });
    const decoderIds = inputs?.decoderIds ?? sequences[0].slice(0, -1);
    const started = performance.now();
    const out = await model.forward(
      { input_ids: [ids], decoder_input_ids: [decoderIds] },
      { output_attentions: true, output_hidden_states: true, output_internals: true },
    );
    const forwardMs = performance.now() - started;
    signal.throwIfAborted();
    const { weights } = model.memory();
    const profile = await model.profile({ signal });
    const { decode_tokens_per_s: tokensPerSecond, time_to_first_token_ms: firstTokenMs } = speed.stats;
    const report: DeviceReport = {
      ...{ device: model.device, loadMs, forwardMs, tokensPerSecond, firstTokenMs, weights },
      kernels: model.kernels,
      profile,
    };
    return { report, probes: probesOf(out), tokens: sequences[0], inputs: { ids, decoderIds } };
  } finally {
    await model.dispose();
  }
}

/** The tensors of a pass, in its order. */
function probesOf(out: ForwardOutput): Probe[] {
  const probes: Probe[] = [];
  const add = (name: string, operation: string, tensor: HostTensor | undefined): void => {
    if (tensor) probes.push({ name, operation, data: tensor.data });
  };
  for (const side of ["encoder", "decoder"] as const) {
    const internals = out[`${side}_internals`]!;
    const states = out[`${side}_hidden_states`]!;
    add(`${side}: embedding`, "embedding and positions", states[0]);
    internals.self_attention.forEach(({ query, key, value }, i) => {
      const layer = `${side} layer ${i + 1}`;
      for (const [name, tensor] of Object.entries({ query, key, value }))
        add(`${layer}: ${name}`, "projection of Q, K, V", tensor);
      add(`${layer}: attention weights`, "attention weights", out[`${side}_attentions`]![i]);
      if (side === "decoder") {
        add(`${layer}: cross-attention query`, "projection of Q, K, V", internals.cross_attention[i].query);
        add(`${layer}: cross-attention weights`, "cross-attention weights", out.cross_attentions![i]);
      }
      add(`${layer}: feed-forward units`, "feed-forward", internals.feed_forward[i]);
      add(`${layer}: output`, "residual stream", states[i + 1]);
    });
  }
  add("logits", "projection to the vocabulary", out.logits);
  return probes;
}

export const compare = (probes: readonly Probe[], reference: readonly Probe[]): Difference[] =>
  probes.map(({ name, operation, data }, i) => {
    let worst = 0;
    let ratio = 0;
    data.forEach((value, at) => {
      const expected = reference[i].data[at];
      const difference = Math.abs(value - expected);
      // NaN is as far away as anything can be.
      worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference);
      const share = difference / (TOLERANCE + TOLERANCE * Math.abs(expected));
      ratio = Math.max(ratio, Number.isNaN(share) ? Infinity : share);
    });
    return { name, operation, worst, ratio };
  });

/** The worst of each operation. */
export function byOperation(differences: readonly Difference[]): Difference[] {
  const worst = new Map<string, Difference>();
  for (const one of differences) {
    const { operation } = one;
    const before = worst.get(operation);
    if (!before || one.ratio > before.ratio) worst.set(operation, { ...one, name: operation });
  }
  return [...worst.values()];
}
