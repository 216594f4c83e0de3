/** Decoders of the tokenizers library (its `decoders` module): tokens to the pieces of a text. */

import { decodeByteLevel } from "./byte-level";
import { components, patternOf, stringOf, unsupported, type Component } from "./definition";
import { metaspaceOf } from "./pre-tokenizers";

export type DecodeChain = (tokens: string[]) => string[];

export function createDecode(given: Component): DecodeChain {
  const { type } = given;
  if (type === "Sequence") {
    const steps = components(given.decoders, "list of decoders").map(createDecode);
    return (tokens) => steps.reduce((value, step) => step(value), tokens);
  }
  if (type === "Metaspace") {
    const { prepend, replacement } = metaspaceOf(given);
    return (tokens) => tokens.map((t, i) => t.replaceAll(replacement, i === 0 && prepend !== "never" ? "" : " "));
  }
  if (type === "ByteLevel") return (tokens) => [decodeByteLevel(tokens)];
  if (type === "Fuse") return (tokens) => [tokens.join("")];
  if (type === "ByteFallback") return byteFallback;
  if (type === "Replace") {
    const pattern = patternOf(given.pattern, "Replace decoder");
    const content = stringOf(given.content, "content of the Replace decoder");
    return (tokens) => tokens.map((token) => token.replace(pattern, () => content));
  }
  if (type === "Strip") {
    const content = stringOf(given.content, "content of the Strip decoder");
    const [start, stop] = [Number(given.start), Number(given.stop)];
    return (tokens) => tokens.map((token) => strip([...token], content, start, stop));
  }
  throw unsupported("decoder", type);
}

function strip(token: string[], content: string, start: number, stop: number): string {
  let [from, to] = [0, token.length];
  while (from < start && token[from] === content) from++;
  while (token.length - to < stop && to > 0 && token[to - 1] === content) to--;
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
    if (/^<0x[0-9A-Fa-f]{2}>$/.test(token)) {
      run.push(parseInt(token.slice(3, 5), 16));
    } else {
      endRun();
      out.push(token);
    }
  }
  endRun();
  return out;
}
