/** Log-mel features against WhisperFeatureExtractor: every value that the goldens hold, and the sum of all. */

import { describe, expect, test } from "vitest";
import { bytesOf } from "../../src/audio/bytes";
import { createFft } from "../../src/audio/fft";
import { logMel, windowFeatures, WHISPER_MEL, type MelFeatures } from "../../src/audio/log-mel";
import { soundOf, type Sound } from "../../src/audio/sound";
import { openWav } from "../../src/audio/wav";
import { audioGoldens, clipFile, clipsAreHere, unpacked, type MelCase } from "../support/node/audio";
import { random } from "../support/shared/random";
import { signal } from "../support/shared/signal";

const TOLERANCE = 5e-5;

const settingsOf = ({ mels, chunk_length }: MelCase) => ({ ...WHISPER_MEL, feature_size: mels, chunk_length });

/** All frames, a few at a time. */
async function inWindows(sound: Sound, golden: MelCase, size: number): Promise<MelFeatures> {
  const mel = await logMel(sound, settingsOf(golden));
  expect(mel.frames).toBe(golden.frames);
  const data = new Float32Array(golden.mels * mel.frames);
  for (let start = 0; start < mel.frames; start += size) {
    const { data: piece, shape } = await mel.window(start, size);
    expect(shape).toEqual([golden.mels, size]);
    for (let m = 0; m < golden.mels; m++) {
      const row = piece.subarray(m * size, (m + 1) * size);
      const inside = Math.min(size, mel.frames - start);
      data.set(row.subarray(0, inside), m * mel.frames + start);
      // Beyond the end there are zeros, as in transformers.
      expect(row.subarray(inside).every((value) => value === 0)).toBe(true);
    }
  }
  return { data, shape: [golden.mels, mel.frames] };
}

function compare({ data, shape: [mels, frames] }: MelFeatures, golden: MelCase): void {
  expect([mels, frames]).toEqual([golden.mels, golden.frames]);
  const values = unpacked(golden.values);
  const { picked } = golden;
  let most = 0;
  for (let m = 0; m < mels; m++)
    picked.forEach((t, i) => (most = Math.max(most, Math.abs(data[m * frames + t] - values[m * picked.length + i]))));
  expect(most).toBeLessThan(TOLERANCE);
  const sum = data.reduce((total, value) => total + value, 0);
  // torch's float32 is off by 1e-7 on average.
  expect(Math.abs(sum - golden.sum) / data.length).toBeLessThan(1e-6);
}

async function check(sound: Sound, golden: MelCase): Promise<void> {
  if (golden.long) {
    for (const size of [3000, 1111]) compare(await inWindows(sound, golden, size), golden);
  } else {
    compare(await windowFeatures(await sound.read(0, sound.length), settingsOf(golden)), golden);
  }
}

test.each(audioGoldens.mel)("$name", async (golden) => {
  const length = golden.length!;
  await check(soundOf(golden.silent ? new Float32Array(length) : signal(length, length), 16000), golden);
});

describe.skipIf(!clipsAreHere)("recorded speech", () => {
  test.each(audioGoldens.clips)("$clip, $mels filters", async (golden) => {
    const wav = await openWav(bytesOf(clipFile(golden.clip!)));
    await check(wav!, golden);
  });
});

test("a long sound is read in pieces, and none of them is longer than a window and a frame", async () => {
  let longest = 0;
  const samples = signal(16000 * 100, 1);
  const sound: Sound = {
    ...soundOf(samples, 16000),
    async read(start, end) {
      longest = Math.max(longest, end - start);
      return samples.subarray(start, end);
    },
  };
  const mel = await logMel(sound, WHISPER_MEL);
  await mel.window(3000, 3000);
  expect(longest).toBeLessThanOrEqual(3000 * 160 + 400);
});

test.each([1, 2, 4, 5, 20, 100, 400, 512, 1000])("a Fourier transform of %i numbers", (n) => {
  const { next } = random(n);
  const [re, im] = [0, 1].map(() => Float64Array.from({ length: n }, () => next() - 0.5));
  const [outRe, outIm] = [re.slice(), im.slice()];
  createFft(n)(outRe, outIm);
  for (let k = 0; k < n; k++) {
    let [sumRe, sumIm] = [0, 0];
    for (let j = 0; j < n; j++) {
      const angle = (-2 * Math.PI * ((j * k) % n)) / n;
      sumRe += re[j] * Math.cos(angle) - im[j] * Math.sin(angle);
      sumIm += re[j] * Math.sin(angle) + im[j] * Math.cos(angle);
    }
    expect(Math.abs(outRe[k] - sumRe)).toBeLessThan(1e-12 * n);
    expect(Math.abs(outIm[k] - sumIm)).toBeLessThan(1e-12 * n);
  }
});
