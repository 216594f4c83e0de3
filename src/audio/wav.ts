/**
 * WAV files: PCM of 8, 16, 24 and 32 bits, floating point of 32 and 64, and the A-law and mu-law of telephones (G.711), any rate, any
 * number of channels, also as WAVE_FORMAT_EXTENSIBLE and RF64. Samples are divided by 2^(bits - 1), as libsndfile and transformers' users do; a browser's
 * decoder divides positive samples by 2^15 - 1. The file is read in pieces.
 */

import { ModelError } from "../errors";
import type { Bytes } from "./bytes";
import { mono, type Sound } from "./sound";

const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
const EXTENSIBLE = 0xfffe;
/** A size that a writer did not know when it wrote it. */
const UNKNOWN = 0xffffffff;

/** How samples are stored. */
export interface WavFormat {
  channels: number;
  /** In Hz. */
  sampleRate: number;
  /** Of one sample: 8, 16, 24 or 32 of an integer, 32 or 64 of a floating-point number. */
  bits: number;
  float: boolean;
  /** Of telephones: 8 bits hold the logarithm of a sample. */
  law?: "A" | "mu";
}

/** A sound with its channels apart. */
export interface Wav extends Sound {
  readonly format: WavFormat;
  /** The samples of each channel from `start` to before `end`. */
  readChannels(start: number, end: number): Promise<Float32Array[]>;
}

const textAt = (view: DataView, at: number): string =>
  String.fromCharCode(...Array.from({ length: 4 }, (_, i) => view.getUint8(at + i)));

const broken = (what: string): ModelError => new ModelError("invalid_input", `The WAV file ${what}.`);

/** Whether a file begins as a WAV file does. */
export async function isWav(bytes: Bytes): Promise<boolean> {
  const start = await bytes.read(0, 12);
  if (start.length < 12) return false;
  const view = viewOf(start);
  return ["RIFF", "RF64", "BW64"].includes(textAt(view, 0)) && textAt(view, 8) === "WAVE";
}

const viewOf = (data: Uint8Array): DataView => new DataView(data.buffer, data.byteOffset, data.byteLength);

/**
 * Opens a file for which `isWav` is true.
 * @returns undefined for a compressed format, which a browser's decoder may know
 * @throws ModelError `invalid_input` where the file breaks a rule of the format
 */
export async function openWav(bytes: Bytes): Promise<Wav | undefined> {
  let format: WavFormat | undefined;
  let longSize: number | undefined;
  for (let at = 12; at + 8 <= bytes.size;) {
    const view = viewOf(await bytes.read(at, at + 48));
    const name = textAt(view, 0);
    const size = view.getUint32(4, true);
    const body = Math.min(size, view.byteLength - 8);
    if (name === "ds64" && body >= 16) longSize = Number(view.getBigUint64(16, true));
    if (name === "fmt ") {
      const read = readFormat(view, body);
      if (!read) return undefined;
      format = read;
    }
    if (name === "data") {
      if (!format) throw broken("has its samples before their format");
      const given = size === UNKNOWN ? (longSize ?? Infinity) : size;
      // Some programs write 0 and never come back to it.
      const stored = given === 0 && at + 8 < bytes.size ? Infinity : given;
      return wavOf(bytes, format, at + 8, Math.min(stored, bytes.size - at - 8));
    }
    // Chunks begin at even places.
    at += 8 + size + (size % 2);
  }
  throw broken(format ? "has no samples (no data chunk)" : "does not say how its samples are stored (no fmt chunk)");
}

/** `view` begins with the head of the chunk; undefined for a compressed format. */
function readFormat(view: DataView, size: number): WavFormat | undefined {
  if (size < 16) throw broken("has a fmt chunk of less than 16 bytes");
  const tag = view.getUint16(8, true);
  const channels = view.getUint16(10, true);
  const sampleRate = view.getUint32(12, true);
  const block = view.getUint16(20, true);
  const bits = view.getUint16(22, true);
  // The kind is the first two bytes of an identifier.
  const kind = tag === EXTENSIBLE && size >= 26 ? view.getUint16(32, true) : tag;
  const law = kind === A_LAW ? "A" : kind === MU_LAW ? "mu" : undefined;
  if (kind !== PCM && kind !== FLOAT && !law) return undefined;
  if (channels === 0 || sampleRate === 0) throw broken(`has ${channels} channels at ${sampleRate} Hz`);
  // A sample of 20 bits stands in 24, the upper ones.
  const stored = (8 * block) / channels;
  const known = kind === FLOAT ? [32, 64] : law ? [8] : [8, 16, 24, 32];
  if (!known.includes(stored) || bits > stored)
    throw broken(`has samples of ${bits} bits, ${block} bytes for ${channels} channels, which is not known`);
  return { channels, sampleRate, bits: stored, float: kind === FLOAT, ...(law && { law }) };
}

function wavOf(bytes: Bytes, format: WavFormat, start: number, size: number): Wav {
  const { channels, sampleRate, bits } = format;
  const block = (channels * bits) / 8;
  const readChannels = async (from: number, to: number): Promise<Float32Array[]> => {
    const data = await bytes.read(start + from * block, start + to * block);
    if (data.length < (to - from) * block) throw broken("became shorter while it was read");
    return unpack(data, format);
  };
  return {
    format,
    sampleRate,
    length: Math.floor(size / block),
    readChannels,
    read: async (from, to) => mono(await readChannels(from, to)),
  };
}

/** Interleaved samples as one array for each channel. */
function unpack(data: Uint8Array, format: WavFormat): Float32Array[] {
  const { channels, bits } = format;
  const width = bits / 8;
  const sample = sampleReader(viewOf(data), format);
  const length = Math.floor(data.length / (channels * width));
  return Array.from({ length: channels }, (_, channel) => {
    const out = new Float32Array(length);
    for (let i = 0; i < length; i++) out[i] = sample((i * channels + channel) * width);
    return out;
  });
}

function sampleReader(view: DataView, { bits, float, law }: WavFormat): (at: number) => number {
  if (law) return (at) => fromLaw(view.getUint8(at), law === "A") / 2 ** 15;
  if (float) return bits === 32 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true);
  // 8 bits are without a sign.
  if (bits === 8) return (at) => (view.getUint8(at) - 128) / 2 ** 7;
  if (bits === 16) return (at) => view.getInt16(at, true) / 2 ** 15;
  if (bits === 24) return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23;
  return (at) => view.getInt32(at, true) / 2 ** 31;
}

/** G.711: sign, exponent (3 bits) and mantissa (4 bits), some or all of them inverted. */
function fromLaw(code: number, isA: boolean): number {
  const bits = isA ? code ^ 0x55 : ~code;
  const exponent = (bits >> 4) & 7;
  const mantissa = (bits & 15) * 16 + 8;
  const ofA = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  const size = isA ? ofA : ((mantissa / 2 + 128) << exponent) - 132;
  // The sign bit is inverted in mu-law. 0 - 0 is not -0.
  return isA === (bits & 128) > 0 ? size : 0 - size;
}
