/** The parts of speech that need no model, against transformers' functions. */

import { expect, test } from "vitest";
import { chunksOf } from "../../src/speech/chunks";
import { deflateLength } from "../../src/speech/deflate";
import { joinChunks } from "../../src/speech/join-chunks";
import { compressionRatio } from "../../src/speech/ratio";
import { splitAtStamps } from "../../src/speech/segments";
import { alignWindow } from "../../src/speech/alignment";
import { warp } from "../../src/speech/warping";
import { probabilityOf, wordsOf } from "../../src/speech/words";
import { speechGoldens, speechTokenizer } from "../support/node/speech-parts";
import { Lcg } from "../support/shared/lcg";

/** As `made_tokens` of the script. */
function madeTokens(rng: Lcg): number[] {
  const length = rng.pick([1, 2, 3, 5, 8, 13, 30, 60, 100, 224, 447]);
  const limit = rng.pick([3, 20, 300, 5000, 51864]);
  const kind = rng.below(4);
  if (kind === 0) return Array.from({ length }, () => rng.below(limit));
  const phrase = Array.from({ length: 1 + rng.below(20) }, () => rng.below(limit));
  const out: number[] = [];
  while (out.length < length) {
    if (kind === 2 && rng.below(5) === 0) out.push(rng.below(limit));
    if (kind === 3) {
      const start = rng.below(phrase.length);
      out.push(...phrase.slice(start, start + 1 + rng.below(6)));
    } else {
      out.push(...phrase);
    }
  }
  return out.slice(0, length);
}

test("the length of zlib's output, and the compression ratio of tokens", () => {
  expect(speechGoldens.deflate.length).toBe(600);
  const wrong = speechGoldens.deflate.flatMap((length, seed) => {
    const tokens = madeTokens(new Lcg(seed));
    const bytes = new Uint8Array(Uint16Array.from(tokens).buffer);
    expect(compressionRatio(tokens, 51864)).toBe(bytes.length / deflateLength(bytes));
    return deflateLength(bytes) === length ? [] : [seed];
  });
  expect(wrong).toEqual([]);
  // A larger vocabulary takes three bytes.
  expect(compressionRatio([1, 2, 3], 70000)).toBe(9 / deflateLength(Uint8Array.of(1, 0, 0, 2, 0, 0, 3, 0, 0)));
  expect(deflateLength(new Uint8Array())).toBe(8);
});

test("dynamic time warping, with ties", () => {
  expect(speechGoldens.warp.length).toBe(500);
  speechGoldens.warp.forEach((expected, seed) => {
    const rng = new Lcg(seed);
    const [rows, columns] = [1 + rng.below(14), 1 + rng.below(40)];
    const levels = rng.pick([2, 4, 50, 65536]);
    const cost = Array.from({ length: rows * columns }, () => rng.below(levels) / 1024 - rng.pick([0, 8]));
    expect(warp(cost, rows, columns), `seed ${seed}`).toEqual(expected);
  });
});

test("from attention to the first frame of each token", () => {
  expect(speechGoldens.attention.length).toBe(200);
  const wrong = speechGoldens.attention.flatMap((expected, seed) => {
    const rng = new Lcg(seed);
    const [heads, prompt, tokens] = [1 + rng.below(4), rng.below(4), 1 + rng.below(24)];
    const columns = rng.pick([3, 4, 50, 120]);
    const frames = rng.pick([2 * columns, 2 * columns - 1, columns + 1, 7]);
    const rows = prompt + tokens;
    const data: number[] = [];
    for (let head = 0; head < heads; head++) {
      for (let row = 0; row < rows; row++) {
        const center = Math.floor((row * columns) / rows);
        for (let column = 0; column < columns; column++) {
          const near = Math.max(0, 5 - Math.abs(column - center));
          const weight = (rng.below(1024) + near * rng.below(8192)) / 65536;
          if (row >= prompt) data.push(weight);
        }
      }
    }
    const alignment = { data, shape: [heads, tokens, columns] };
    const found = alignWindow({ alignment, tokens: new Array<number>(tokens + 1).fill(0) }, 0, frames, 7)!.path;
    expect(found.length).toBe(tokens);
    return JSON.stringify([...found, found.at(-1)]) === JSON.stringify(expected.slice(prompt)) ? [] : [seed];
  });
  expect(wrong).toEqual([]);
});

test("tokens to words", async () => {
  const tokenizer = await speechTokenizer();
  expect(speechGoldens.words.length).toBe(500);
  speechGoldens.words.forEach(([language, tokens, words, counts], seed) => {
    const found = wordsOf(tokenizer, tokens, language ?? undefined);
    expect(
      found.map(({ text }) => text),
      `seed ${seed}`,
    ).toEqual(words);
    expect(found.map(({ indices }) => indices.length)).toEqual(counts);
    const inOrder = found.flatMap(({ indices }) => indices);
    expect(inOrder).toEqual(inOrder.map((_, i) => i));
  });
});

test("a word is as probable as its own tokens, without punctuation that is joined to it", async () => {
  const tokenizer = await speechTokenizer();
  const { encode } = tokenizer.tokenizer;
  const tokens = encode(' " one, two!', { add_special_tokens: false });
  const texts = tokens.map((token) => tokenizer.decode([token]));
  const isMark = texts.map((text) => /^ ?[",!]$/.test(text));
  expect(isMark).toContain(true);
  // Marks are as improbable as can be, and every other token has a probability of its own.
  const probs = isMark.map((mark, i) => (mark ? 0 : 1 / (i + 2)));
  const words = wordsOf(tokenizer, tokens);
  expect(words.map(({ text }) => text)).toEqual([' " one,', " two!"]);
  for (const word of words) {
    const own = word.indices.filter((index) => !isMark[index]);
    expect(own.length).toBeLessThan(word.indices.length);
    expect(word.own).toEqual(own);
    expect(probabilityOf(word, probs)).toBeCloseTo(own.reduce((sum, i) => sum + probs[i], 0) / own.length, 12);
  }
});

test("a window is split at its timestamps", () => {
  expect(speechGoldens.segments.length).toBe(500);
  speechGoldens.segments.forEach(([tokens, frames, seek, segments, advance], seed) => {
    const found = splitAtStamps(tokens, 100, (seek * 0.02) / 2, frames);
    expect(
      found.segments.map(({ start, end, tokens, from }) => [start, end, from, from + tokens.length]),
      `seed ${seed}`,
    ).toEqual(segments);
    expect(found.advance).toBe(advance);
    for (const { tokens: own, from } of found.segments) expect(own).toEqual(tokens.slice(from, from + own.length));
  });
});

test("chunks that overlap are joined", async () => {
  const tokenizer = await speechTokenizer();
  expect(speechGoldens.chunks.length).toBe(500);
  speechGoldens.chunks.forEach(({ timestamps, language, chunks, result }, seed) => {
    // A prompt that is cut off leaves more times than tokens, as in the script.
    const outputs = chunks.map((chunk) => ({
      ...chunk,
      times: chunk.times && [...chunk.times, ...Array<number>(8).fill(0)],
    }));
    const found = joinChunks(tokenizer, outputs, { timestamps, language });
    expect(found, `seed ${seed}`).toEqual(result);
  });
});

test("a sound is cut into chunks", () => {
  expect(speechGoldens.cut.length).toBeGreaterThan(70);
  for (const [length, seconds, stride, expected] of speechGoldens.cut) {
    const found = chunksOf(length, 16000, seconds, stride ?? undefined);
    expect(found.map(({ start, end, left, right }) => [start, end - start, left, right])).toEqual(expected);
  }
  expect(() => chunksOf(100, 16000, 10, 5)).toThrow(/chunk_length_s = 10 must be longer than both strides/);
});
