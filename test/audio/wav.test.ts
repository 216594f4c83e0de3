/** WAV files against libsndfile, bit by bit, and broken ones. */

import { expect, test } from "vitest";
import { bytesOf } from "../../src/audio/bytes";
import { isWav, openWav, type Wav } from "../../src/audio/wav";
import { encodeWav } from "../../src/audio/wav-writer";
import { ModelError } from "../../src/errors";
import { audioGoldens, unpacked } from "../support/node/audio";
import { chooser, mutateBytes } from "../support/shared/mutate";

const fileOf = (base64: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(base64, "base64"));

async function opened(file: Uint8Array<ArrayBuffer>): Promise<Wav> {
  const wav = await openWav(bytesOf(file));
  if (!wav) throw new Error("not a format that is read here");
  return wav;
}

test.each(audioGoldens.wav)("$name", async ({ file, rate, channels, mono }) => {
  for (const data of [fileOf(file), new Blob([fileOf(file)])]) {
    const bytes = bytesOf(data);
    expect(await isWav(bytes)).toBe(true);
    const wav = (await openWav(bytes))!;
    expect(wav.sampleRate).toBe(rate);
    const expected = channels.map(unpacked);
    expect(wav.length).toBe(expected[0].length);
    expect(await wav.readChannels(0, wav.length)).toEqual(expected);
    expect(await wav.readChannels(3, 17)).toEqual(expected.map((samples) => samples.slice(3, 17)));
    expect(await wav.read(0, wav.length)).toEqual(unpacked(mono));
    expect(await wav.read(5, 6)).toEqual(unpacked(mono).slice(5, 6));
  }
});

/** A file of 16-bit samples, with sizes as given. */
function riff(samples: number[], dataSize = 2 * samples.length, format: Partial<Record<number, number>> = {}) {
  const file = new Uint8Array(44 + 2 * samples.length);
  const view = new DataView(file.buffer);
  const text = (at: number, word: string): void => void file.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, file.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  const fields: [number, number][] = [
    [20, 1],
    [22, 1],
    [24, 16000],
    [28, 32000],
    [32, 2],
    [34, 16],
  ];
  for (const [at, value] of fields)
    if (at === 24 || at === 28) view.setUint32(at, format[at] ?? value, true);
    else view.setUint16(at, format[at] ?? value, true);
  text(36, "data");
  view.setUint32(40, dataSize, true);
  samples.forEach((sample, i) => view.setInt16(44 + 2 * i, sample, true));
  return file;
}

const SAMPLES = [1, -2, 3, -32768, 32767];

test.each([
  ["that the writer left at 0", 0],
  ["that the writer did not know", 0xffffffff],
  ["beyond the end of the file", 4711],
])("a size of the samples %s: all that is there is read", async (_, size) => {
  const wav = await opened(riff(SAMPLES, size));
  expect(await wav.read(0, wav.length)).toEqual(Float32Array.from(SAMPLES, (sample) => sample / 32768));
});

test("a file that breaks off in the middle of a sample ends with the sample before", async () => {
  const wav = await opened(riff(SAMPLES).slice(0, -1));
  expect(wav.length).toBe(SAMPLES.length - 1);
});

test("other bytes are no WAV file, and a compressed one is left to others", async () => {
  expect(await isWav(bytesOf(new Uint8Array(11)))).toBe(false);
  expect(await isWav(bytesOf(new TextEncoder().encode("OggS and more bytes")))).toBe(false);
  expect(await openWav(bytesOf(riff(SAMPLES, undefined, { 20: 0x55 })))).toBeUndefined();
});

test.each([
  ["no channels", { 22: 0 }],
  ["no rate", { 24: 0 }],
  ["12 bits in 16 of 2 channels", { 22: 2, 34: 12 }],
  ["more bits than there is room for", { 34: 24 }],
  ["blocks of 0 bytes", { 32: 0 }],
])("%s is refused in words", async (_, format) => {
  await expect(openWav(bytesOf(riff(SAMPLES, undefined, format)))).rejects.toMatchObject({
    code: "invalid_input",
    message: expect.stringMatching(/^The WAV file has /) as string,
  });
});

test("broken files give samples or a ModelError, never another error", async () => {
  const below = chooser(20170612);
  let [read, refused] = [0, 0];
  for (const { file } of audioGoldens.wav) {
    for (let i = 0; i < 40; i++) {
      const mutant = Uint8Array.from(mutateBytes(fileOf(file), below));
      try {
        const bytes = bytesOf(mutant);
        if (!(await isWav(bytes))) continue;
        const wav = await openWav(bytes);
        if (!wav) continue;
        const samples = await wav.read(0, wav.length);
        expect(samples.length).toBe(wav.length);
        read++;
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
        refused++;
      }
    }
  }
  expect(read).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(20);
});

test.each([1, 3])("what encodeWav writes is read back, in %i channels", async (count) => {
  const samples = Array.from({ length: count }, (_, c) =>
    Float32Array.from({ length: 1001 }, (_, i) => Math.sin(i * (c + 1)) * 1.2),
  );
  const file = encodeWav({ samples: count === 1 ? samples[0] : samples, sampleRate: 22050 });
  const wav = await opened(new Uint8Array(await file.arrayBuffer()));
  expect(wav.format).toEqual({ channels: count, sampleRate: 22050, bits: 16, float: false });
  const found = await wav.readChannels(0, wav.length);
  const written = samples.map((channel) =>
    channel.map((x) => Math.round(32767 * Math.max(-1, Math.min(1, x))) / 32768),
  );
  expect(found).toEqual(written);
  expect(() => encodeWav({ samples: [new Float32Array(2), new Float32Array(3)], sampleRate: 8000 })).toThrow(
    ModelError,
  );
});
