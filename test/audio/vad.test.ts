/** The voice detector against the TorchScript model's probabilities, and from probabilities to windows. */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bytesOf } from "../../src/audio/bytes";
import { speechSpans, windowsAtPauses } from "../../src/audio/speech-spans";
import { checkVadWeights, speechProbabilities, type VadWeights } from "../../src/audio/vad";
import { openWav } from "../../src/audio/wav";
import { clipFile, clipsAreHere } from "../support/node/audio";
import { readTensors } from "../support/node/tensors";
import { random } from "../support/shared/random";

const FOLDER = "../shared/models/silero-vad";
const isHere = existsSync(`${FOLDER}/model.safetensors`);
if (!isHere) console.log(`${FOLDER} is not there: the tests with the voice detector are skipped.`);

function vadWeights(): VadWeights {
  const tensors = [...readTensors(`${FOLDER}/model.safetensors`)];
  return new Map(
    tensors.map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(Uint8Array.from(data).buffer) }]),
  );
}

describe.skipIf(!isHere || !clipsAreHere)("Silero's network", () => {
  const golden = isHere ? (JSON.parse(readFileSync(`${FOLDER}/golden.json`, "utf8")) as Record<string, number[]>) : {};

  test.each(Object.keys(golden).filter((name) => name.endsWith(".wav")))("%s", async (name) => {
    const wav = await openWav(bytesOf(clipFile(name)));
    const done: number[] = [];
    const found = await speechProbabilities(checkVadWeights(vadWeights()), wav!, (samples) => done.push(samples));
    // The golden has whole frames only, in five decimals and float32: the formula in PyTorch is 8.8e-6 from it in float32,
    // 7.4e-6 in float64.
    expect(found.length - 1).toBe(golden[name].length);
    const most = golden[name].reduce((sum, value, i) => Math.max(sum, Math.abs(value - found[i])), 0);
    expect(most).toBeLessThan(1e-5);
    expect(done.at(-1)).toBe(wav!.length);
  });

  test("weights of another network are refused", () => {
    const weights = new Map(vadWeights());
    weights.delete("conv2.bias");
    expect(() => checkVadWeights(weights)).toThrow(/lacks the tensor conv2.bias/);
    weights.set("conv2.bias", { shape: [3], data: new Float32Array(3) });
    expect(() => checkVadWeights(weights)).toThrow(/conv2.bias is \(3\), but must be \(64\)/);
  });
});

/** Frames of 32 ms: a letter is a probability, "#" speech, "-" silence, "~" in between. */
const frames = (text: string): number[] => [...text].map((letter) => ({ "#": 0.9, "~": 0.4 })[letter] ?? 0.1);
const F = 512;

test("speech begins at the threshold and ends after enough silence", () => {
  const none = { speech_pad_ms: 0 };
  const spans = (text: string, options = {}) =>
    speechSpans(frames(text), text.length * F, { ...none, ...options }).map(({ start, end }) => [start / F, end / F]);
  expect(spans("----########-----")).toEqual([[4, 12]]);
  // 100 ms are more than three frames: the fourth silent one is the first that is far enough from where silence began.
  expect(spans("########---########-----")).toEqual([[0, 19]]);
  expect(spans("########-----########-----")).toEqual([
    [0, 8],
    [13, 21],
  ]);
  expect(spans("########-----########-----", { min_silence_duration_ms: 500 })).toEqual([[0, 26]]);
  // In between speech goes on, but does not begin.
  expect(spans("~~~#~#~~~####~~~~~~-----")).toEqual([[3, 19]]);
  // Too short: 250 ms are more than seven frames.
  expect(spans("--#######-----")).toEqual([]);
  expect(spans("--##########")).toEqual([[2, 12]]);
  expect(spans("")).toEqual([]);
  expect(spans("##########", { threshold: 0.95 })).toEqual([]);
});

test("spans are padded, and share what is between two that are close", () => {
  const text = "----##########-----##########-----";
  const pad = 2 * F;
  const [first, second] = speechSpans(frames(text), text.length * F, { speech_pad_ms: (2 * F) / 16 });
  expect([first.start, first.end]).toEqual([4 * F - pad, 14 * F + pad]);
  expect([second.start, second.end]).toEqual([19 * F - pad, 29 * F + pad]);
  const near = speechSpans(frames(text), text.length * F, { speech_pad_ms: 1000 });
  expect(near[0].end).toBe(near[1].start);
  expect(near[0].start).toBe(0);
  expect(near[1].end).toBe(text.length * F);
});

test("windows hold all speech in order, end at pauses, and are not longer than allowed", () => {
  const { next } = random(20170612);
  for (let i = 0; i < 200; i++) {
    const spans = [];
    let at = 0;
    for (let n = 0; n < 30; n++) {
      const start = at + Math.floor(80_000 * next() ** 3);
      at = start + 1 + Math.floor(200_000 * next());
      spans.push({ start, end: at });
    }
    const windows = windowsAtPauses(spans, 480_000);
    for (const span of spans)
      expect(windows.some(({ start, end }) => start <= span.start && span.end <= end)).toBe(true);
    windows.forEach(({ start, end }, k) => {
      expect(end - start).toBeLessThanOrEqual(480_000);
      if (k > 0) expect(start).toBeGreaterThanOrEqual(windows[k - 1].end);
    });
  }
  expect(windowsAtPauses([{ start: 0, end: 1000 }], 400)).toEqual([
    { start: 0, end: 400 },
    { start: 400, end: 800 },
    { start: 800, end: 1000 },
  ]);
});
