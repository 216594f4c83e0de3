/**
 * The layers that every text family is made of (sections 3.1 to 3.3 of the paper), written once. A family brings the
 * weights, under whatever names its checkpoints have, and says where the norms go.
 */

import type { Activation, AttentionOptions, Norm, Ops, PositionBias, Rotary } from "../ops/ops";
import type { Tensor } from "../tensor/tensor";
import type { AttentionTensors, Capture, DecoderState } from "./model";

export interface Linear {
  weight: Tensor; // (N, K)
  bias: Tensor; // (N)
}

export interface SelfAttention {
  queryKeyValue: Linear; // (3I, D)
  output: Linear; // (D, I)
  norm: Norm;
  positionBias?: PositionBias;
  rotary?: Rotary;
  /** How many positions before and after its own each of the encoder sees; all where absent. */
  window?: readonly [before: number, after: number];
}

export interface CrossAttention {
  query: Linear; // (I, D)
  keyValue: Linear; // (2I, D)
  output: Linear; // (D, I)
  norm: Norm;
}

export interface FeedForward {
  inner: Linear; // (F, D), or (2F, D)
  /** Whether the second half of `inner` multiplies what comes of the first (Shazeer 2020). */
  gated?: boolean;
  outer: Linear; // (D, F)
  norm: Norm;
}

export interface EncoderLayer {
  selfAttention: SelfAttention;
  feedForward: FeedForward;
}

export interface DecoderLayer extends EncoderLayer {
  crossAttention: CrossAttention;
}

/**
 * The residual stream. Its value is `norm(states)`, or `states` if there is no norm.
 *
 * Post-norm adds first and normalises the sum afterwards. That norm is not computed where it is due; it stays pending in
 * `norm`, and each operation that reads the sum applies it. A layer with sublayers f, then g, of an x without norm:
 *
 *   the paper says                 what is computed                        and handed on
 *   y = norm1(x + f(x))            s = x + f(x)                            { states: s, norm: norm1 }, which is y
 *   z = norm2(y + g(y))            t = norm1(s) + g(norm1(s))              { states: t, norm: norm2 }, which is z
 *
 * In the second line norm1 is the option `norm` of the product that g begins with, and `residualNorm` of the one that it ends
 * with, so it costs no dispatch of its own. Pre-norm is x + f(norm(x)): `norm` of the first product, and nothing is pending.
 */
export interface Stream {
  states: Tensor; // (B, T, D)
  norm?: Norm;
}

/** The stream with its pending norm applied. */
export function applyNorm(ops: Ops, { states, norm }: Stream): Tensor {
  return norm ? ops.layerNorm(states, norm) : states;
}

/** norm(x) w^T + bias, with the residual added where there is one. */
export function project(ops: Ops, x: Stream, { weight, bias }: Linear, residual?: Stream): Tensor {
  return ops.linear(x.states, weight, {
    bias,
    norm: x.norm,
    residual: residual?.states,
    residualNorm: residual?.norm,
  });
}

/** Keeps the table of positions (P, D) of a stack for those who want to see it. */
export function notePositions(table: Tensor | undefined, capture?: Capture): void {
  if (capture?.internals) capture.internals.positions = table;
}

/** The output projection: from what the decoder gives to the scores of the vocabulary. */
export interface Head extends Linear {
  weight: Tensor; // (V, D)
  bias: Tensor; // (V)
  /** Multiplies the product; 1 where absent. */
  scale?: number;
}

/**
 * The logits (B, T, V) that `head` makes of x (B, T, D). Where `capture` wants them, also those of every layer, as if the decoder
 * ended there (the "logit lens", nostalgebraist 2020).
 */
export function projectLogits(ops: Ops, x: Stream, { weight, bias, scale }: Head, capture?: Capture): Tensor {
  const logitsOf = ({ states, norm }: Stream): Tensor =>
    ops.linear(states, weight, { bias, norm, scale, scores: true });
  const logits = logitsOf(x);
  const { layerEnds = [], layerLogits } = capture ?? {};
  layerLogits?.push(...layerEnds.slice(0, -1).map(logitsOf), logits);
  return logits;
}

export interface StackOptions {
  heads: number;
  activation: Activation;
  /** x + f(norm(x)) in each sublayer rather than norm(x + f(x)). */
  normFirst: boolean;
  /** Multiplies q k^T; 1 / sqrt(Dh) where absent. */
  attentionScale?: number;
  /** Closes the stack. */
  finalNorm?: Norm;
}

/** The encoder and the decoder stack of figure 1, each from its embedding to what the next part reads. */
export function createStack(ops: Ops, options: StackOptions) {
  const { heads, activation, normFirst, attentionScale, finalNorm } = options;

  /** x + f(norm(x)), or norm(x + f(x)): `f` reads its first argument and adds its result to its second. */
  function sublayer(x: Stream, norm: Norm, f: (input: Stream, residual: Stream) => Tensor): Stream {
    if (!normFirst) return { states: f(x, x), norm };
    const states = applyNorm(ops, x);
    return { states: f({ states, norm }, { states }) };
  }

  /**
   * Section 3.2. `visible` says which keys a query sees; `seen` collects the weights, `read` the operands, where somebody wants them.
   */
  function attend(
    query: Tensor,
    cache: Tensor,
    visible: Omit<AttentionOptions, "heads">,
    seen?: Tensor[],
    read?: AttentionTensors[],
  ): Tensor {
    const all = { heads, scale: attentionScale, ...visible };
    seen?.push(ops.attentionWeights(query, cache, all)); // (B, H, T, C)
    read?.push({ query, cache, scale: attentionScale ?? 1 / Math.sqrt(query.shape[2] / heads) });
    return ops.attention(query, cache, all); // (B, T, I)
  }

  /** Over its own positions; the decoder's keys and values go to a cache, at the position it is at. */
  function selfAttention(
    x: Stream,
    { queryKeyValue, output, norm, positionBias, rotary, window }: SelfAttention,
    visible: Omit<AttentionOptions, "heads">,
    into: { cache?: Tensor; offset?: Tensor },
    capture?: Capture,
  ): Stream {
    return sublayer(x, norm, (input, residual) => {
      const { weight, bias } = queryKeyValue;
      const options = { bias, norm: input.norm, rotary, ...into };
      const { query, cache } = ops.projectQueryKeyValue(input.states, weight, options);
      const read = capture?.internals?.selfAttention;
      const context = attend(query, cache, { positionBias, window, ...visible }, capture?.attentions, read);
      return project(ops, { states: context }, output, residual); // (B, T, D)
    });
  }

  /** Over the encoder's positions, whose keys and values were projected once. */
  function crossAttention(x: Stream, layer: CrossAttention, keys: Tensor, mask: Tensor, capture?: Capture): Stream {
    return sublayer(x, layer.norm, (input, residual) => {
      const query = project(ops, input, layer.query); // (B, T, I)
      const read = capture?.internals?.crossAttention;
      const context = attend(query, keys, { mask }, capture?.crossAttentions, read);
      return project(ops, { states: context }, layer.output, residual); // (B, T, D)
    });
  }

  /** Section 3.3: two linear maps with an activation between them, of which the first may be gated. */
  function feedForward(x: Stream, { inner, gated, outer, norm }: FeedForward, capture?: Capture): Stream {
    return sublayer(x, norm, (input, residual) => {
      const { weight, bias } = inner;
      const hidden = ops.linear(input.states, weight, { bias, norm: input.norm, activation, gated }); // (B, T, F)
      capture?.internals?.feedForward.push(hidden);
      return project(ops, { states: hidden }, outer, residual); // (B, T, D)
    });
  }

  /** Runs the layers one after another; `capture` gets what Hugging Face calls hidden states. */
  function run<Layer>(
    x: Stream,
    layers: Layer[],
    layer: (x: Stream, l: Layer, i: number) => Stream,
    capture?: Capture,
  ) {
    capture?.hiddenStates?.push(applyNorm(ops, x));
    for (const [i, weights] of layers.entries()) {
      x = layer(x, weights, i);
      const closed: Stream = finalNorm ? { states: x.states, norm: { ...finalNorm, earlier: x.norm } } : x;
      if (i === layers.length - 1) x = closed;
      capture?.hiddenStates?.push(applyNorm(ops, x));
      capture?.layerEnds?.push(closed);
    }
    return x;
  }

  return {
    /** x (B, S, D), mask (B, S) -> (B, S, D); every position is seen where there is no mask */
    encoder: (x: Stream, layers: EncoderLayer[], mask: Tensor | undefined, capture?: Capture): Stream =>
      run(
        x,
        layers,
        (x, layer) => {
          x = selfAttention(x, layer.selfAttention, { mask }, {}, capture);
          return feedForward(x, layer.feedForward, capture);
        },
        capture,
      ),

    /** x (B, T, D) -> (B, T, D) */
    decoder: (x: Stream, layers: DecoderLayer[], state: DecoderState, capture?: Capture): Stream =>
      run(
        x,
        layers,
        (x, layer, i) => {
          const { caches, cross, mask, position, ancestors } = state;
          const visible = { causalFrom: position, ancestors };
          const into = { cache: caches[i], offset: position };
          x = selfAttention(x, layer.selfAttention, visible, into, capture);
          const seen = capture?.crossLayers?.includes(i) === false ? undefined : capture;
          x = crossAttention(x, layer.crossAttention, cross[i], mask, seen);
          return feedForward(x, layer.feedForward, capture);
        },
        capture,
      ),
  };
}

/** Keys and values of every decoder layer over the encoder states (B, S, D): (B, S, 2I) each. */
export function projectCross(ops: Ops, layers: DecoderLayer[], encoderStates: Tensor): Tensor[] {
  return layers.map(({ crossAttention }) => project(ops, { states: encoderStates }, crossAttention.keyValue));
}

/** 0 .. n - 1 */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
