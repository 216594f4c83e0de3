/** Sound as a WAV file of 16 bits, which every player reads. */

import { ModelError } from "../errors";
import type { Samples } from "./sound";

const HEADER = 44;
const BYTES = 2;

/** What stands in front of so many bytes of samples of 16 bits. */
export function wavHeader(bytes: number, sampleRate: number, channels = 1): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(HEADER));
  const text = (at: number, letters: string): void =>
    [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, HEADER - 8 + bytes, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // whole numbers
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, BYTES * channels * sampleRate, true);
  view.setUint16(32, BYTES * channels, true);
  view.setUint16(34, 8 * BYTES, true);
  text(36, "data");
  view.setUint32(40, bytes, true);
  return new Uint8Array(view.buffer);
}

/**
 * A WAV file of 16 bits: what was recorded, to be saved, played or transcribed again. Samples beyond -1 and 1 are clipped; 1 becomes
 * 32767 and -1 becomes -32767.
 * @throws ModelError `invalid_input` for channels of different lengths
 */
export function encodeWav({ samples, sampleRate }: Samples): Blob {
  const channels = Array.isArray(samples) ? samples : [samples];
  const [{ length } = new Float32Array()] = channels;
  if (channels.some((channel) => channel.length !== length))
    throw new ModelError("invalid_input", "encodeWav: the channels have different lengths.");
  const words = new DataView(new ArrayBuffer(BYTES * length * channels.length));
  channels.forEach((channel, c) =>
    channel.forEach((sample, i) => {
      const word = Math.round(32767 * Math.min(1, Math.max(-1, sample)));
      words.setInt16(BYTES * (i * channels.length + c), word, true);
    }),
  );
  return new Blob([wavHeader(words.byteLength, sampleRate, channels.length), words], { type: "audio/wav" });
}
