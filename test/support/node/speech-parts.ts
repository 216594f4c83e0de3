/** Goldens of speech without a model (test/goldens/speech_parts.py). For Node. */

import { readFileSync } from "node:fs";
import type { TextChunk } from "../../../src/speech/join-chunks";
import { loadTokenizer } from "../../../src/text/families/registry";
import { folderIn } from "../shared/folder";

interface Goldens {
  cut: [
    length: number,
    chunk: number,
    stride: number | [number, number] | null,
    chunks: [start: number, length: number, left: number, right: number][],
  ][];
  deflate: number[];
  warp: number[][];
  attention: number[][];
  words: [language: string | null, tokens: number[], words: string[], counts: number[]][];
  segments: [
    tokens: number[],
    frames: number,
    seek: number,
    segments: [start: number, end: number, from: number, to: number][],
    advance: number,
  ][];
  chunks: {
    timestamps: boolean | "word";
    language: boolean;
    chunks: { tokens: number[]; times?: number[]; stride?: [number, number, number] }[];
    result: { text: string; chunks?: TextChunk[] };
  }[];
}

export const speechGoldens = JSON.parse(readFileSync("test/goldens/speech_parts.json", "utf8")) as Goldens;

const FOLDER = "test/goldens/speech_parts/tokenizer";

function contentOf(file: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(`${FOLDER}/${file}`));
  } catch {
    return undefined;
  }
}

/** The small tokenizer of the goldens. */
export async function speechTokenizer() {
  const tokenizer = await loadTokenizer(folderIn(contentOf, { model_type: "whisper" }));
  if (!tokenizer) throw new Error(`${FOLDER} has no tokenizer`);
  const id = (token: string): number => tokenizer.encode(token, { add_special_tokens: false })[0];
  return {
    tokenizer,
    decode: (ids: readonly number[]) => tokenizer.decode(ids),
    token: (token: number) => tokenizer.token(token),
    eot: id("<|endoftext|>"),
    sot: id("<|startoftranscript|>"),
    startofprev: id("<|startofprev|>"),
    firstStamp: id("<|notimestamps|>") + 1,
  };
}
