/** Decoders of the tokenizers library (its `decoders` module): tokens to the pieces of a text. */

import { cleanUp } from "../tokenizer";
import { decodeByteLevel } from "./byte-level";
import {
  booleanOf,
  characterOf,
  countOf,
  createPart,
  listOf,
  patternOf,
  stringOf,
  type Component,
  type Table,
} from "./definition";
import { replaceMatches } from "./matches";
import { metaspaceOf } from "./pre-tokenizers";

export type DecodeChain = (tokens: string[]) => string[];

export const DECODERS: Table<DecodeChain> = {
  // Word ends are spaces, but for the last.
  BPEDecoder: (given) => {
    const suffix = stringOf(given.suffix, "suffix of BPEDecoder");
    return (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? "" : " "));
  },
  ByteFallback: () => byteFallback,
  ByteLevel: () => (tokens) => [decodeByteLevel(tokens)],
  CTC: ctc,
  Fuse: () => (tokens) => [tokens.join("")],
  // The spaces of the first token are gone, where one was put in front of the text.
  Metaspace: (given) => {
    const { prepend, replacement } = metaspaceOf(given);
    return (tokens) => tokens.map((t, i) => t.replaceAll(replacement, i === 0 && prepend !== "never" ? "" : " "));
  },
  Replace: (given) => {
    const pattern = patternOf(given.pattern, "decoder Replace");
    const content = stringOf(given.content, "content of the decoder Replace");
    return (tokens) => tokens.map((token) => replaceMatches(token, pattern, content));
  },
  Sequence: ({ decoders }) => {
    const steps = listOf(decoders, "list of decoders").map(createDecode);
    return (tokens) => steps.reduce((value, step) => step(value), tokens);
  },
  Strip: (given) => {
    const content = characterOf(given.content, "content of the decoder Strip");
    const start = countOf(given.start, "start of the decoder Strip");
    const stop = countOf(given.stop, "stop of the decoder Strip");
    return (tokens) => tokens.map((token) => strip([...token], content, start, stop));
  },
  // Words begin where the prefix is missing.
  WordPiece: (given) => {
    const prefix = stringOf(given.prefix, "prefix of the decoder WordPiece");
    const clean = booleanOf(given.cleanup, "cleanup of the decoder WordPiece", true);
    return (tokens) =>
      tokens.map((token, i) => {
        const text = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
        return clean ? cleanToken(text) : text;
      });
  },
};

export const createDecode = (given: unknown): DecodeChain => createPart("decoder", DECODERS, given);

/** As transformers cleans, with one rule more. */
const cleanToken = (text: string): string => cleanUp(text).replaceAll(" do not", " don't");

/** Of equal neighbours one is left (Graves 2006, "Connectionist Temporal Classification"); padding is dropped. */
function ctc(given: Component): DecodeChain {
  const padding = stringOf(given.pad_token, "pad_token of CTC");
  const delimiter = stringOf(given.word_delimiter_token, "word_delimiter_token of CTC");
  const clean = booleanOf(given.cleanup, "cleanup of CTC", true);
  return (tokens) =>
    tokens
      .filter((token, i) => i === 0 || token !== tokens[i - 1])
      .map((token) => token.replaceAll(padding, ""))
      .map((token) => (clean ? cleanToken(token).replaceAll(delimiter, () => " ") : token))
      .filter((token) => token !== "");
}

function strip(token: string[], content: string, start: number, stop: number): string {
  let [from, to] = [0, token.length];
  while (from < start && token[from] === content) from++;
  while (token.length - to < stop && to > from && token[to - 1] === content) to--;
  return token.slice(from, to).join("");
}

/** A run of byte tokens is UTF-8, or, where it is not, one U+FFFD for each byte. */
function byteFallback(tokens: string[]): string[] {
  const out: string[] = [];
  let run: number[] = [];
  const endRun = (): void => {
    if (run.length === 0) return;
    try {
      out.push(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(run)));
    } catch {
      for (let i = 0; i < run.length; i++) out.push("\ufffd");
    }
    run = [];
  };
  for (const token of tokens) {
    // Rust reads "+F" as a number, too.
    if (/^<0x[0-9A-Fa-f+][0-9A-Fa-f]>$/.test(token)) {
      run.push(parseInt(token.slice(3, 5), 16));
    } else {
      endRun();
      out.push(token);
    }
  }
  endRun();
  return out;
}
