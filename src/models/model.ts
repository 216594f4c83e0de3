/** What generation and `Seq2Seq.forward` need of a model family; each family is one file beside this one. */

import type { Norm, Ops } from "../ops/ops";
import type { Tensor } from "../tensor/tensor";
import type { Parameters as ParameterList } from "./parameters";

/**
 * The decoder's memory of one batch. Everything in it has a fixed capacity. With beams the decoder has G rows for each
 * row of the encoder, which they share: B counts the decoder's.
 */
export interface DecoderState {
  /** Self-attention keys and values by layer: (B, C, 2I), key first. */
  caches: Tensor[];
  /** Cross-attention keys and values by layer: (B / G, S, 2I), key first. */
  cross: Tensor[];
  /** (B / G, S) u32: 1 for a token of the source, 0 for padding. */
  mask: Tensor;
  /** (B) u32: how many positions the caches hold. */
  position: Tensor;
  /** (2, C, B) u32: the cache row that holds each position of a row, see `AttentionOptions`; absent: its own. */
  ancestors?: Tensor;
}

/** What an encoder reads. */
export interface EncoderInput {
  /** Token ids (B, S) u32. Of a model that reads sound: frames (B, T, C) f32, with C = `FeatureInput.channels`. */
  readonly input: Tensor;
  /** (B, S) u32: 1 for a position of the encoder to read, 0 for padding. */
  readonly mask: Tensor;
  /** Of sound: (B) u32, how many frames each row has. */
  readonly lengths?: Tensor;
}

/** What a caller wants to see of a forward pass; the model appends one tensor per layer to each list that is given. */
export interface Capture {
  /** What the first layer reads and what each one gives, the last after the stack's final norm: (B, T, D). */
  hiddenStates?: Tensor[];
  /** Self-attention weights: (B, H, T, C). */
  attentions?: Tensor[];
  /** Cross-attention weights: (B, H, T, S). */
  crossAttentions?: Tensor[];
  /** The layers whose cross-attention is wanted; all where absent. */
  crossLayers?: readonly number[];
  /** What goes on inside the layers. */
  internals?: InternalTensors;
  /** Of a decoder: the logits (B, T, V) that each layer would give if it were the last one. */
  layerLogits?: Tensor[];
  /** With `layerLogits`: what each layer gives, (B, T, D), and the norm that the output projection reads it through. */
  layerEnds?: { states: Tensor; norm?: Norm }[];
}

/** What an attention computes with. */
export interface AttentionTensors {
  /** (B, T, I), the heads side by side. */
  query: Tensor;
  /** (B, C, 2I), key first. */
  cache: Tensor;
  /** Multiplies q k^T. */
  scale: number;
}

/** What goes on inside the layers of a stack, one entry per layer. */
export interface InternalTensors {
  /** The table (P, D) whose rows are added to the embeddings; absent in families without one. */
  positions?: Tensor;
  selfAttention: AttentionTensors[];
  crossAttention: AttentionTensors[];
  /** What the activation of the feed-forward gives, times its gate: (B, T, F). */
  feedForward: Tensor[];
}

/** The facts of a configuration that do not depend on the family. */
export interface ModelInfo {
  modelType: string;
  sourceVocabSize: number;
  targetVocabSize: number;
  /** The longest source and target, in tokens. */
  maxSourceLength: number;
  maxTargetLength: number;
  padTokenId: number;
  eosTokenIds: number[];
  decoderStartTokenId: number;
  numDecoderLayers: number;
  /** Width of one row of a decoder cache: 2I, where I is heads times head width. */
  cacheWidth: number;
  /** Heads of a decoder layer, for those who ask for single ones. */
  decoderHeads?: number;
  /** What the encoder reads instead of token ids. */
  features?: FeatureInput;
}

/** The input of an encoder that reads sound: frames of as many numbers each. */
export interface FeatureInput {
  /** The argument of a call that holds it. */
  name: "input_features" | "input_values";
  /** Numbers of a frame: mel channels, or samples. */
  channels: number;
  /** The fewest and the most frames; the same where there is one length only. */
  least: number;
  most: number;
  /** How many frames there are in so many samples; of a model that reads samples. */
  framesOf?: (samples: number) => number;
  /** Whether samples behind the last whole frame are silence: their frame counts, but nothing in it is read. */
  wholeFrames?: boolean;
  /** Encoder positions over so many frames. */
  positions: (frames: number) => number;
}

export interface Model {
  readonly info: ModelInfo;
  /** The encoder states (B, S, D). */
  encode(source: EncoderInput, capture?: Capture): Tensor;
  /** Keys and values of every decoder layer over the encoder states; computed once per sentence. */
  projectCross(encoderStates: Tensor): Tensor[];
  /** ids (B, T) u32, at positions `state.position` and on -> logits (B, T, V). Appends to the caches. */
  decode(ids: Tensor, state: DecoderState, capture?: Capture): Tensor;
  /** As `decode`, but only appends to the caches: for the tokens of a prompt, whose logits nobody reads. */
  prefill(ids: Tensor, state: DecoderState): void;
}

export interface Family {
  /** Tensors that nothing reads are an error, as in torch's `load_state_dict`; else they are reported. */
  strict?: boolean;
  /** Checks config.json; throws `ModelError` "invalid_config" or "unsupported_model". */
  info(config: Record<string, unknown>): ModelInfo;
  /** Declares the parameters and returns the model; the caller fills them afterwards. */
  build(ops: Ops, config: Record<string, unknown>, parameters: ParameterList): Model;
}
