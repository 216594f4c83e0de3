/** Sound as a file. For Node. */

/** WAV with 16 bits and one channel. */
export function wavFile(samples: Float32Array, rate: number): Buffer {
  const file = Buffer.alloc(44 + 2 * samples.length);
  file.write("RIFF", 0);
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  [1, 1].forEach((value, i) => file.writeUInt16LE(value, 20 + 2 * i));
  [rate, 2 * rate].forEach((value, i) => file.writeUInt32LE(value, 24 + 4 * i));
  [2, 16].forEach((value, i) => file.writeUInt16LE(value, 32 + 2 * i));
  file.write("data", 36);
  file.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((value, i) => file.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, value))), 44 + 2 * i));
  return file;
}
