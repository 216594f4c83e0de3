/** Everything that may hold sound, and what is refused. The browser's decoder and a microphone: test/browser/transcriber.test.ts. */

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ModelError } from "../../src/errors";
import { openSound, soundBlocks, soundData, type SoundInput, type SoundStream } from "../../src/audio/input";
import { Resampler } from "../../src/audio/resample";
import { mono } from "../../src/audio/sound";
import { audioGoldens, unpacked } from "../support/node/audio";
import { signal } from "../support/shared/signal";

const golden = audioGoldens.wav.find(({ name }) => name === "WAV PCM_16 2")!;
const file = Uint8Array.from(Buffer.from(golden.file, "base64"));
const path = join(tmpdir(), `attendant-sound-${process.pid}.wav`);
writeFileSync(path, file);

/** The file at 16 kHz. */
const fromFile = (() => {
  const samples = unpacked(golden.mono);
  const resampler = new Resampler(golden.rate, 16000);
  return resampler.run(samples, 0, 0, resampler.outputLength(samples.length));
})();

const read = async (input: SoundInput): Promise<Float32Array> => {
  const sound = await openSound(await soundData(input, 16000), 16000);
  expect(sound.sampleRate).toBe(16000);
  return sound.read(0, sound.length);
};

async function* blocks<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield item;
}

test.each<[string, SoundInput]>([
  ["a Blob", new Blob([file])],
  ["a File", new File([file], "a.wav")],
  ["bytes", file],
  ["an ArrayBuffer", file.buffer],
  ["a path", path],
  ["a file URL", pathToFileURL(path)],
  ["a file URL as text", pathToFileURL(path).href],
  ["a data URL", `data:audio/wav;base64,${golden.file}`],
  ["samples with a rate", { samples: golden.channels.map(unpacked), sampleRate: golden.rate }],
  ["one channel with a rate", { samples: unpacked(golden.mono), sampleRate: golden.rate }],
  [
    "an AudioBuffer",
    {
      numberOfChannels: 2,
      sampleRate: golden.rate,
      getChannelData: (i: number) => unpacked(golden.channels[i]),
    } as AudioBuffer,
  ],
])("%s", async (_, input) => {
  expect(await read(input)).toEqual(fromFile);
});

test("samples at the model's rate, as one array and in blocks", async () => {
  const samples = signal(1000, 1);
  expect(await read(samples)).toEqual(samples);
  const cut = [samples.slice(0, 10), samples.slice(10, 900), samples.slice(900, 900), samples.slice(900)];
  expect(await read(blocks(cut))).toEqual(samples);
});

test("blocks at another rate", async () => {
  const [left, right] = [signal(3000, 1), signal(3000, 2)];
  const resampler = new Resampler(44100, 16000);
  const expected = resampler.run(mono([left, right]), 0, 0, resampler.outputLength(3000));
  const cut = [0, 700, 701, 2500].map((start, i, starts) => ({
    samples: [left, right].map((channel) => channel.slice(start, starts[i + 1] ?? 3000)),
    sampleRate: 44100,
  }));
  const found: number[] = [];
  for await (const block of soundBlocks(blocks(cut), 16000)) found.push(...block);
  expect(Float32Array.from(found)).toEqual(expected);
});

/** A file of 32-bit floating-point samples at 16 kHz. */
function wavOf(...samples: number[]): Uint8Array<ArrayBuffer> {
  const { file } = audioGoldens.wav.find(({ name }) => name === "WAV FLOAT 1")!;
  const head = Uint8Array.from(Buffer.from(file, "base64")).slice(0, -4 * 23);
  return Uint8Array.from([...head, ...new Uint8Array(Float32Array.from(samples).buffer)]);
}

/** A file of a format that is not read here: ADPCM. */
const compressed = file.slice();
new DataView(compressed.buffer).setUint16(20, 2, true);

test("integers are refused with what makes samples of them", async () => {
  const samples = Int16Array.of(1, 2);
  for (const input of [samples, { samples, sampleRate: 16000 }]) {
    const error = await read(input as unknown as SoundInput).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).hint).toMatch(/Divide 16-bit samples by 32768/);
  }
});

const OGG = new TextEncoder().encode("OggS and more bytes of it");

test.each<[string, unknown, string, RegExp]>([
  ["nothing", undefined, "invalid_input", /This is not sound: undefined/],
  ["a number", 3, "invalid_input", /This is not sound: 3/],
  ["a list of numbers", [0.1], "invalid_input", /This is not sound/],
  ["no such file", `${path}.not`, "file_not_found", /there is no such file/],
  ["a folder", tmpdir(), "file_not_found", /there is no such file/],
  ["another format, without a browser", OGG, "invalid_input", /not a WAV file/],
  ["a compressed WAV file, without a browser", compressed, "invalid_input", /not a WAV file of samples/],
  ["an empty file", new Uint8Array(), "invalid_input", /empty/],
  ["NaN in a WAV file", wavOf(0.5, NaN), "invalid_input", /sample 1 is NaN/],
  ["infinity in a WAV file", wavOf(0.5, 0.5, -Infinity), "invalid_input", /sample 2 is -Infinity/],
  ["a rate of 0", { samples: new Float32Array(1), sampleRate: 0 }, "invalid_input", /sampleRate/],
  ["a rate with a fraction", { samples: new Float32Array(1), sampleRate: 44100.5 }, "invalid_input", /sampleRate/],
  ["no channel", { samples: [], sampleRate: 8000 }, "invalid_input", /samples must be/],
  [
    "channels of two lengths",
    { samples: [new Float32Array(1), new Float32Array(2)], sampleRate: 8000 },
    "invalid_input",
    /1, 2 samples/,
  ],
  ["NaN", Float32Array.of(0, NaN), "invalid_input", /sample 1 is NaN/],
  [
    "two rates",
    blocks([8000, 8001].map((sampleRate) => ({ samples: signal(9, 1), sampleRate }))),
    "invalid_input",
    /8001/,
  ],
  ["a stream of something else", blocks([3]), "invalid_input", /sampleRate/],
])("%s is refused in words", async (_, input, code, message) => {
  await expect(read(input as SoundInput)).rejects.toMatchObject({
    name: "ModelError",
    code,
    message: expect.stringMatching(message) as string,
  });
});

test("an aborted call rejects with the reason", async () => {
  const controller = new AbortController();
  const endless = async function* (): AsyncGenerator<Float32Array> {
    for (let i = 0; ; i++) {
      if (i === 3) controller.abort("enough");
      yield signal(10, 1);
    }
  };
  await expect(soundData(endless() as SoundStream, 16000, controller.signal)).rejects.toBe("enough");
  await expect(soundData(signal(1, 1), 16000, AbortSignal.abort("at once"))).rejects.toBe("at once");
});
