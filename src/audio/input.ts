/** Whatever holds sound, as mono sound at the rate that a model reads. */

import { ModelError, quote } from "../errors";
import { isNode, nodeModule } from "../util/node-module";
import { bytesOf } from "./bytes";
import { microphone } from "./microphone";
import { resampled, StreamResampler } from "./resample";
import { mono, soundOf, type Samples, type Sound } from "./sound";
import { isWav, openWav } from "./wav";

/** Sound in blocks, as it comes: samples at 16 kHz, or with their rate. */
export type SoundStream = AsyncIterable<Float32Array | Samples> | MediaStream;

/**
 * Sound: a file (`Blob`, `File`, its bytes, or its address), an `AudioBuffer`, samples at 16 kHz, samples with their rate, or
 * blocks of samples until they end. WAV files are read by this package, to the bit, and in pieces; other formats by the
 * browser's decoder, as a whole.
 */
export type SoundInput =
  Blob | URL | string | ArrayBuffer | Uint8Array | AudioBuffer | Float32Array | Samples | SoundStream;

const invalid = (message: string, hint?: string, cause?: unknown): ModelError =>
  new ModelError("invalid_input", message, hint, { cause });

/** Sound as data, which a worker can be given: a WAV file, or samples. */
export type SoundData = Blob | Uint8Array | Float32Array | Samples;

/**
 * What only a page can do with a sound: files are fetched, and those that are not WAV are decoded.
 * @throws ModelError `invalid_input`, `network`, `file_not_found`; `signal.reason` once aborted
 */
export async function soundData(input: SoundInput, sampleRate: number, signal?: AbortSignal): Promise<SoundData> {
  signal?.throwIfAborted();
  if (input instanceof Float32Array || isSamples(input)) return input;
  if (isAudioBuffer(input)) {
    const samples = Array.from({ length: input.numberOfChannels }, (_, i) => input.getChannelData(i));
    return { samples, sampleRate: input.sampleRate };
  }
  if (isStream(input)) return collect(input, sampleRate, signal);
  const file = await fileOf(input, signal);
  const bytes = bytesOf(file);
  if (bytes.size === 0) throw invalid("The file is empty.");
  if ((await isWav(bytes)) && (await openWav(bytes))) return file;
  return decode(file, sampleRate);
}

/**
 * Opens a sound at `sampleRate`, several channels as their mean. A WAV file is read in pieces.
 * @throws ModelError `invalid_input`
 */
export async function openSound(data: SoundData, sampleRate: number): Promise<Sound> {
  if (data instanceof Float32Array) return soundOf(checked(data), sampleRate);
  if (isSamples(data)) {
    const { samples, rate } = checkedSamples(data);
    return resampled(soundOf(samples, rate), sampleRate);
  }
  const wav = await openWav(bytesOf(data));
  if (!wav) throw invalid("The WAV file is in a compressed format.");
  return resampled(wav.format.float ? finite(wav) : wav, sampleRate);
}

/** A file of floating-point numbers may hold what is no sample; it is found when it is read. */
const finite = (sound: Sound): Sound => ({
  sampleRate: sound.sampleRate,
  length: sound.length,
  read: async (start, end) => checked(await sound.read(start, end), start),
});

/** Blocks of mono samples at `sampleRate`. Leaving the loop stops a microphone. */
export async function* soundBlocks(
  input: SoundStream,
  sampleRate: number,
  signal?: AbortSignal,
): AsyncGenerator<Float32Array, void, undefined> {
  const blocks = isMediaStream(input) ? microphone(input, signal) : input;
  let resampler: StreamResampler | undefined;
  let rate = sampleRate;
  for await (const block of blocks) {
    signal?.throwIfAborted();
    const given = block instanceof Float32Array ? { samples: checked(block), rate: sampleRate } : checkedSamples(block);
    if (resampler && given.rate !== rate)
      throw invalid(`The sound changes its rate from ${rate} to ${given.rate} Hz between two blocks.`);
    rate = given.rate;
    resampler ??= new StreamResampler(rate, sampleRate);
    const out = resampler.push(given.samples);
    if (out.length > 0) yield out;
  }
  const rest = resampler?.end();
  if (rest && rest.length > 0) yield rest;
}

async function collect(input: SoundStream, sampleRate: number, signal?: AbortSignal): Promise<Float32Array> {
  const blocks: Float32Array[] = [];
  for await (const block of soundBlocks(input, sampleRate, signal)) blocks.push(block.slice());
  const all = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    all.set(block, at);
    at += block.length;
  }
  return all;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isMediaStream = (value: unknown): value is MediaStream => isObject(value) && "getAudioTracks" in value;
const isAudioBuffer = (value: unknown): value is AudioBuffer => isObject(value) && "getChannelData" in value;
const isSamples = (value: unknown): value is Samples => isObject(value) && "samples" in value;

/** What `soundBlocks` takes. A Blob and a typed array are not streams, though some of them can be iterated. */
export const isStream = (value: unknown): value is SoundStream =>
  isMediaStream(value) || (isObject(value) && Symbol.asyncIterator in value);

const INTEGERS = "Divide 16-bit samples by 32768.";

/** A NaN or an infinity would spread over everything that is computed of it. */
function checked(samples: Float32Array, start = 0): Float32Array {
  for (let i = 0; i < samples.length; i++)
    if (!Number.isFinite(samples[i])) throw invalid(`The sound's sample ${start + i} is ${samples[i]}.`);
  return samples;
}

function checkedSamples({ samples, sampleRate }: Samples): { samples: Float32Array; rate: number } {
  if (!Number.isSafeInteger(sampleRate) || sampleRate < 1)
    throw invalid(`sampleRate must be a whole number of samples per second, not ${quote(sampleRate)}.`);
  const channels: unknown[] = Array.isArray(samples) ? samples : [samples];
  const areArrays = channels.length > 0 && channels.every((channel) => channel instanceof Float32Array);
  if (!areArrays) throw invalid("samples must be a Float32Array, or a list of them, one for each channel.", INTEGERS);
  if (channels.some(({ length }) => length !== channels[0].length))
    throw invalid(`The channels have ${channels.map(({ length }) => length).join(", ")} samples: not equally many.`);
  return { samples: checked(mono(channels)), rate: sampleRate };
}

async function fileOf(input: unknown, signal?: AbortSignal): Promise<Blob | Uint8Array<ArrayBuffer>> {
  const data = typeof input === "string" || input instanceof URL ? await fetched(input, signal) : input;
  if (data instanceof Blob) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  // A view of shared memory is copied: neither a Blob nor a decoder takes it.
  if (data instanceof Uint8Array)
    return data.buffer instanceof ArrayBuffer ? (data as Uint8Array<ArrayBuffer>) : data.slice();
  throw invalid(
    `This is not sound: ${quote(input)}.`,
    `Pass a Blob, an ArrayBuffer, an address, an AudioBuffer, a Float32Array at 16 kHz, or { samples, sampleRate }. ${INTEGERS}`,
  );
}

/** A file by its address; in Node also by its path. */
export async function fetched(address: string | URL, signal?: AbortSignal): Promise<Blob> {
  if (isNode() && !/^(https?|blob|data):/.test(String(address))) return nodeFile(address);
  let response: Response;
  try {
    response = await fetch(address, { signal });
    if (response.ok) return await response.blob();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ModelError("network", `${String(address)}: the file could not be loaded.`, undefined, { cause });
  }
  const code = response.status === 404 ? "file_not_found" : "network";
  throw new ModelError(code, `${String(address)}: the server answered ${response.status}.`);
}

async function nodeFile(path: string | URL): Promise<Blob> {
  const fs = nodeModule<typeof import("node:fs")>("node:fs");
  const file = path instanceof URL || !path.startsWith("file:") ? path : new URL(path);
  try {
    if (!(await fs.promises.stat(file)).isFile()) throw new Error("it is not a file");
    return await fs.openAsBlob(file);
  } catch (cause) {
    throw new ModelError("file_not_found", `${String(path)}: there is no such file.`, undefined, { cause });
  }
}

/** What is not a WAV file, or a compressed one: a page's decoder brings it to the rate. */
async function decode(file: Blob | Uint8Array<ArrayBuffer>, sampleRate: number): Promise<SoundData> {
  if (typeof OfflineAudioContext === "undefined") {
    throw invalid(
      "This is not a WAV file of samples, and there is no decoder for others here.",
      "Pages have one (not their workers). Elsewhere pass WAV, or { samples, sampleRate } of a decoder of your own.",
    );
  }
  // The decoder takes the buffer away, so it gets one of its own.
  const data = await (file instanceof Blob ? file : new Blob([file])).arrayBuffer();
  let buffer: AudioBuffer;
  try {
    buffer = await new OfflineAudioContext(1, 1, sampleRate).decodeAudioData(data);
  } catch (cause) {
    throw invalid("The browser cannot decode this sound.", "WAV, MP3, Opus, Vorbis and FLAC are safe.", cause);
  }
  const samples = mono(Array.from({ length: buffer.numberOfChannels }, (_, i) => buffer.getChannelData(i)));
  return buffer.sampleRate === sampleRate ? samples : { samples, sampleRate: buffer.sampleRate };
}
