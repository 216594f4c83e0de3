/** A random vanilla checkpoint of a few kilobytes, made in memory, as a `{ read }` source. */

import type { Source } from "../../../src/index";
import { random } from "./random";

export interface TinyConfig {
  normFirst: boolean;
  /** Encoder and decoder layers. */
  layers: number;
  width: number;
  heads: number;
  vocabSize: number;
  seed: number;
}

export function tinyConfig(config: Partial<TinyConfig> = {}): TinyConfig {
  return { normFirst: true, layers: 2, width: 16, heads: 2, vocabSize: 19, seed: 278, ...config };
}

/** Names and shapes of the checkpoint's tensors, as torch's nn.Transformer has them. */
export function tinyShapes({ layers, width, vocabSize }: TinyConfig): Map<string, number[]> {
  const hidden = 2 * width;
  const shapes = new Map<string, number[]>([["src_embed.weight", [vocabSize, width]]]);
  const linear = (name: string, outer: number, inner: number): void => {
    shapes.set(`${name}.weight`, [outer, inner]);
    shapes.set(`${name}.bias`, [outer]);
  };
  const norm = (name: string): void => {
    shapes.set(`${name}.weight`, [width]);
    shapes.set(`${name}.bias`, [width]);
  };
  const attention = (name: string): void => {
    shapes.set(`${name}.in_proj_weight`, [3 * width, width]);
    shapes.set(`${name}.in_proj_bias`, [3 * width]);
    linear(`${name}.out_proj`, width, width);
  };
  for (const stack of ["encoder", "decoder"]) {
    for (let i = 0; i < layers; i++) {
      const layer = `${stack}.layers.${i}`;
      attention(`${layer}.self_attn`);
      if (stack === "decoder") attention(`${layer}.multihead_attn`);
      linear(`${layer}.linear1`, hidden, width);
      linear(`${layer}.linear2`, width, hidden);
      for (let n = 1; n <= (stack === "decoder" ? 3 : 2); n++) norm(`${layer}.norm${n}`);
    }
    norm(`${stack}.norm`);
  }
  return shapes;
}

/** The fields of config.json. */
export function tinyFields({ normFirst, layers, width, heads, vocabSize }: TinyConfig): Record<string, unknown> {
  return {
    model_type: "transformer",
    d_model: width,
    nhead: heads,
    num_encoder_layers: layers,
    num_decoder_layers: layers,
    dim_feedforward: 2 * width,
    activation: "relu",
    norm_first: normFirst,
    src_vocab_size: vocabSize,
    tgt_vocab_size: vocabSize,
    tie_embeddings: true,
    pad_token_id: 0,
    eos_token_id: 2,
    decoder_start_token_id: 1,
    max_position_embeddings: 64,
  };
}

export type TinyFiles = Record<string, string | Uint8Array>;

/** @param change takes files away, or puts broken ones in their place */
export function tinyCheckpoint(partial: Partial<TinyConfig> = {}, change?: (files: TinyFiles) => void): Source {
  const config = tinyConfig(partial);
  const rng = random(config.seed);
  const header: Record<string, unknown> = {};
  const parts: Float32Array[] = [];
  let offset = 0;
  for (const [name, shape] of tinyShapes(config)) {
    const count = shape.reduce((product, n) => product * n, 1);
    const gain = /norm\d?\.weight$/.test(name);
    const data = rng.normal(count, shape.length === 1 ? 0.1 : 2 / Math.sqrt(config.width));
    // Signs in the last norm: else a tied output projection mostly repeats the token it was just given.
    const sign = (i: number): number => (name === "decoder.norm.weight" && i % 2 === 1 ? -1 : 1);
    parts.push(gain ? data.map((x, i) => sign(i) * (1 + x)) : data);
    header[name] = { dtype: "F32", shape, data_offsets: [offset, (offset += 4 * count)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  let at = 8 + text.length;
  for (const part of parts) {
    file.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  const files: TinyFiles = {
    "config.json": JSON.stringify(tinyFields(config)),
    "model.safetensors": file,
  };
  change?.(files);
  return { read: (path: string) => files[path] };
}
