/** Sound as a file. For Node. */

/** What stands in front of so many bytes of samples, of 16 bits and one channel. */
export function wavHeader(bytes: number, rate: number): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + bytes, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  [1, 1].forEach((value, i) => header.writeUInt16LE(value, 20 + 2 * i));
  [rate, 2 * rate].forEach((value, i) => header.writeUInt32LE(value, 24 + 4 * i));
  [2, 16].forEach((value, i) => header.writeUInt16LE(value, 32 + 2 * i));
  header.write("data", 36);
  header.writeUInt32LE(bytes, 40);
  return header;
}

/** WAV with 16 bits and one channel. */
export function wavFile(samples: Float32Array, rate: number): Buffer {
  const data = Buffer.alloc(2 * samples.length);
  samples.forEach((value, i) => data.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, value))), 2 * i));
  return Buffer.concat([wavHeader(data.length, rate), data]);
}
