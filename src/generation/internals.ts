/** What goes on inside the layers of a forward pass, as `Seq2Seq.forward` returns it. */

import type { AttentionTensors, InternalTensors } from "../models/model";
import type { Tensor } from "../tensor/tensor";
import { HostTensor } from "../tensor/host-tensor";

/** What one attention of a layer computes with; the heads lie side by side, H heads of width I / H. */
export interface AttentionInternals {
  /** (B, T, I): what each token asks for. */
  query: HostTensor;
  /** (B, S, I): what each token that is looked at offers. Of the decoder's self-attention (B, T, I), as `value`. */
  key: HostTensor;
  /** (B, S, I): what is read of a token that is looked at. */
  value: HostTensor;
  /** A score is this times the inner product of a query and a key, in each head; T5 adds its position bias. */
  scale: number;
}

/** What goes on inside a stack; lists have one entry per layer. */
export interface StackInternals {
  /** (P, D): the table whose rows are added to the embeddings. Absent in families without one. */
  positions?: HostTensor;
  /** The self-attention. */
  self_attention: AttentionInternals[];
  /** The cross-attention; empty in an encoder. */
  cross_attention: AttentionInternals[];
  /** (B, T, F) each: what the activation of the feed-forward gives, times its gate where it has one. */
  feed_forward: HostTensor[];
}

/** Fills `internals` while a model is recorded. */
export const internalTensors = (): InternalTensors => ({ selfAttention: [], crossAttention: [], feedForward: [] });

export async function readInternals(
  internals: InternalTensors,
  read: (tensor: Tensor) => Promise<HostTensor>,
): Promise<StackInternals> {
  const attention = async ({ query, cache, scale }: AttentionTensors): Promise<AttentionInternals> => {
    const both = await read(cache);
    return { query: await read(query), key: half(both, 0), value: half(both, 1), scale };
  };
  const { positions, selfAttention, crossAttention, feedForward } = internals;
  return {
    ...(positions && { positions: await read(positions) }),
    self_attention: await Promise.all(selfAttention.map(attention)),
    cross_attention: await Promise.all(crossAttention.map(attention)),
    feed_forward: await Promise.all(feedForward.map(read)),
  };
}

/** The keys (0) or values (1) of a cache (B, C, 2I): (B, C, I). */
function half({ data, shape: [b, c, width] }: HostTensor, which: 0 | 1): HostTensor {
  const wanted = width / 2;
  const out = new Float32Array(b * c * wanted);
  for (let row = 0; row < b * c; row++) {
    const start = row * width + which * wanted;
    out.set(data.subarray(start, start + wanted), row * wanted);
  }
  return new HostTensor(out, [b, c, wanted]);
}
