/** Goldens of sound (test/goldens/audio.py), and the clips that lie beside the repository on some machines. For Node. */

import { existsSync, readFileSync } from "node:fs";

/** From the root of the repository. */
export const CLIPS = "../shared/data/audio";

export const clipsAreHere = existsSync(`${CLIPS}/jfk.wav`);
if (!clipsAreHere) console.log(`${CLIPS} is not there: the tests with recorded speech are skipped.`);

export const clipFile = (name: string): Uint8Array => new Uint8Array(readFileSync(`${CLIPS}/${name}`));

export interface MelCase {
  name: string;
  mels: number;
  chunk_length: number;
  /** The whole sound, not a window of the model. */
  long: boolean;
  frames: number;
  /** Frames that are sound, as the sum of transformers' attention mask. */
  num_frames: number;
  /** Frames of which `values` are, (M, picked). */
  picked: number[];
  values: string;
  /** Of all values. */
  sum: number;
  length?: number;
  silent?: boolean;
  clip?: string;
}

interface Goldens {
  wav: { name: string; file: string; rate: number; channels: string[]; mono: string }[];
  resample: { from: number; to: number; length: number; seed?: number; out: string }[];
  mel: MelCase[];
  clips: MelCase[];
}

export const audioGoldens = JSON.parse(readFileSync("test/goldens/audio.json", "utf8")) as Goldens;

/** Little-endian float32 in base64. */
export const unpacked = (base64: string): Float32Array =>
  new Float32Array(new Uint8Array(Buffer.from(base64, "base64")).buffer);
