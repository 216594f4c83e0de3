/**
 * The models of bench/compare, made in the page: the same shapes, random weights. "opus-mt" is OPUS-MT with a smaller vocabulary, "t5" is
 * t5-small with one of 16,000; "opus-mt 58101" has OPUS-MT's own. No end token can win, so all sentences are as long as was asked for.
 */

import type { Source } from "../src/index";

/** The shape of a checkpoint tensor by its name. */
type Shapes = Record<string, number[]>;

interface MarianShape {
  width: number;
  layers: number;
  inner: number;
  heads: number;
  vocabulary: number;
}

const MARIAN: Record<string, MarianShape> = {
  small: { width: 256, layers: 3, inner: 1024, heads: 4, vocabulary: 4000 },
  "opus-mt": { width: 512, layers: 6, inner: 2048, heads: 8, vocabulary: 16_000 },
  "opus-mt 58101": { width: 512, layers: 6, inner: 2048, heads: 8, vocabulary: 58_101 },
};

/** Those of bench/compare. */
export const modelNames = ["small", "opus-mt", "t5"];

/** Weights that a step of decoding multiplies: all of the decoder but the keys and values of the source, and the vocabulary. */
export function decodeWeights(name: string): number {
  const { width: d, layers, inner, vocabulary } = MARIAN[name === "t5" ? "opus-mt" : name];
  return layers * (6 * d * d + 2 * d * inner) + vocabulary * d;
}

function marian({ width: d, layers, inner, heads, vocabulary }: MarianShape): [object, Shapes] {
  const config = {
    model_type: "marian",
    vocab_size: vocabulary,
    d_model: d,
    encoder_layers: layers,
    decoder_layers: layers,
    encoder_ffn_dim: inner,
    decoder_ffn_dim: inner,
    encoder_attention_heads: heads,
    decoder_attention_heads: heads,
    activation_function: "swish",
    scale_embedding: true,
    max_position_embeddings: 512,
    pad_token_id: vocabulary - 1,
    eos_token_id: 0,
    decoder_start_token_id: vocabulary - 1,
    forced_eos_token_id: null,
  };
  const shapes: Shapes = { final_logits_bias: [1, vocabulary], "model.shared.weight": [vocabulary, d] };
  const linear = (name: string, rows: number, columns: number): void => {
    shapes[`${name}.weight`] = [rows, columns];
    shapes[`${name}.bias`] = [rows];
  };
  for (const stack of ["encoder", "decoder"]) {
    for (let i = 0; i < layers; i++) {
      const layer = `model.${stack}.layers.${i}.`;
      for (const attention of stack === "decoder" ? ["self_attn", "encoder_attn"] : ["self_attn"]) {
        for (const part of ["q", "k", "v", "out"]) linear(`${layer}${attention}.${part}_proj`, d, d);
        for (const part of ["weight", "bias"]) shapes[`${layer}${attention}_layer_norm.${part}`] = [d];
      }
      linear(`${layer}fc1`, inner, d);
      linear(`${layer}fc2`, d, inner);
      for (const part of ["weight", "bias"]) shapes[`${layer}final_layer_norm.${part}`] = [d];
    }
  }
  return [config, shapes];
}

function t5(): [object, Shapes] {
  const [d, layers, inner, heads, vocabulary] = [512, 6, 2048, 8, 16_000];
  const config = {
    model_type: "t5",
    vocab_size: vocabulary,
    d_model: d,
    d_kv: d / heads,
    d_ff: inner,
    num_layers: layers,
    num_heads: heads,
    pad_token_id: 0,
    eos_token_id: 1,
    decoder_start_token_id: 0,
  };
  const shapes: Shapes = { "shared.weight": [vocabulary, d] };
  for (const stack of ["encoder", "decoder"]) {
    shapes[`${stack}.final_layer_norm.weight`] = [d];
    for (let i = 0; i < layers; i++) {
      const attentions = stack === "decoder" ? ["SelfAttention", "EncDecAttention"] : ["SelfAttention"];
      const layer = `${stack}.block.${i}.layer.`;
      attentions.forEach((attention, j) => {
        for (const part of ["q", "k", "v", "o"]) shapes[`${layer}${j}.${attention}.${part}.weight`] = [d, d];
        shapes[`${layer}${j}.layer_norm.weight`] = [d];
      });
      if (i === 0) shapes[`${layer}0.SelfAttention.relative_attention_bias.weight`] = [32, heads];
      const last = `${layer}${attentions.length}.`;
      shapes[`${last}DenseReluDense.wi.weight`] = [inner, d];
      shapes[`${last}DenseReluDense.wo.weight`] = [d, inner];
      shapes[`${last}layer_norm.weight`] = [d];
    }
  }
  return [config, shapes];
}

/** Numbers of about 1 / sqrt(K) in matrices, gains of 1, biases of 0; repeated after 65,521 elements. */
function fill(name: string, shape: number[], noise: Float32Array, to: Float32Array): void {
  const last = shape[shape.length - 1];
  if (name === "final_logits_bias") {
    to[0] = -1e4;
    to[last - 1] = -1e4;
  } else if (shape.length === 1) {
    to.fill(name.endsWith("norm.weight") ? 1 : 0);
  } else {
    const scale = 1 / Math.sqrt(last);
    for (let i = 0; i < to.length; i++) to[i] = noise[i % noise.length] * scale;
    // Tied to the vocabulary: the logit of T5's end token is 0, and the largest of 16,000 is above that.
    if (name === "shared.weight") to.fill(0, last, 2 * last);
  }
}

/** A model as `Seq2Seq.load` takes it. */
export function benchModel(name: string): Source {
  const [config, shapes] = name === "t5" ? t5() : marian(MARIAN[name]);
  const header: Record<string, object> = {};
  let end = 0;
  for (const [tensor, shape] of Object.entries(shapes)) {
    const bytes = 4 * shape.reduce((product, n) => product * n, 1);
    header[tensor] = { dtype: "F32", shape, data_offsets: [end, (end += bytes)] };
  }
  let text = JSON.stringify(header);
  text += " ".repeat((4 - (text.length % 4)) % 4);
  const head = new TextEncoder().encode(text);
  const file = new Uint8Array(8 + head.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  let seed = 1;
  const noise = Float32Array.from({ length: 65_521 }, () => {
    // A linear congruential generator is random enough for a clock.
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 31 - 1;
  });
  let at = 8 + head.length;
  for (const [tensor, shape] of Object.entries(shapes)) {
    const values = new Float32Array(
      file.buffer,
      at,
      shape.reduce((product, n) => product * n, 1),
    );
    fill(tensor, shape, noise, values);
    at += values.byteLength;
  }
  const files: Record<string, Uint8Array | string> = {
    "config.json": JSON.stringify(config),
    "model.safetensors": file,
  };
  return { read: (path: string) => files[path] };
}
