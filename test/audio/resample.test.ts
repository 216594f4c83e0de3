/** Resampling against torchaudio, as a whole, in pieces and in blocks that arrive. */

import { expect, test } from "vitest";
import { Resampler, resampled, StreamResampler } from "../../src/audio/resample";
import { soundOf } from "../../src/audio/sound";
import { audioGoldens, unpacked } from "../support/node/audio";
import { random } from "../support/shared/random";
import { signal } from "../support/shared/signal";

/** Of full scale: float32 sums of torch differ from doubles by this much. */
const TOLERANCE = 1e-6;

function difference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

test.each(audioGoldens.resample)("from $from to $to Hz, $length samples", async ({ from, to, length, seed, out }) => {
  const input = signal(length, seed ?? from);
  const expected = unpacked(out);
  const sound = resampled(soundOf(input, from), to);
  expect(sound.sampleRate).toBe(to);
  const whole = await sound.read(0, sound.length);
  expect(difference(whole, expected)).toBeLessThan(TOLERANCE);

  // Any piece is that piece of the whole.
  for (let start = 0; start < sound.length; start += 91) {
    const end = Math.min(start + 91, sound.length);
    expect(await sound.read(start, end)).toEqual(whole.slice(start, end));
  }

  // So are blocks of any sizes.
  const { next } = random(20170612);
  const stream = new StreamResampler(from, to);
  const pieces: number[] = [];
  for (let at = 0; at < length;) {
    const block = input.subarray(at, at + Math.floor(200 * next()));
    pieces.push(...stream.push(block));
    at += block.length;
  }
  // What is held back is less than the reach of the filter and a block of both rates.
  const { outputLength } = Resampler.prototype;
  expect(outputLength.call(new Resampler(from, to), length) - pieces.length).toBeLessThan(1 + (2 * to) / 50);
  pieces.push(...stream.end());
  expect(Float32Array.from(pieces)).toEqual(whole);
});

test("the same rate changes nothing", async () => {
  const sound = soundOf(signal(100, 1), 16000);
  expect(resampled(sound, 16000)).toBe(sound);
  const stream = new StreamResampler(16000, 16000);
  expect(stream.push(signal(7, 1))).toEqual(signal(7, 1));
  expect(stream.end().length).toBe(0);
});
