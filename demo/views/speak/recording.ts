/** What the microphone gave, as a file that can be played and transcribed again. */

import type { Samples } from "../../../src/index";

/** Passes blocks on and keeps them. */
export class Recording {
  private readonly blocks: Float32Array[] = [];
  private rate = 0;

  async *keep(blocks: AsyncIterable<Samples>): AsyncGenerator<Samples, void, undefined> {
    for await (const block of blocks) {
      this.blocks.push(block.samples as Float32Array);
      this.rate = block.sampleRate;
      yield block;
    }
  }

  /** WAV of 16 bits; undefined where nothing came. */
  file(): File | undefined {
    const count = this.blocks.reduce((sum, { length }) => sum + length, 0);
    if (count === 0) return undefined;
    const header = new DataView(new ArrayBuffer(44));
    const ascii = (at: number, text: string): void =>
      [...text].forEach((letter, i) => header.setUint8(at + i, letter.charCodeAt(0)));
    ascii(0, "RIFF");
    header.setUint32(4, 36 + 2 * count, true);
    ascii(8, "WAVEfmt ");
    header.setUint32(16, 16, true);
    header.setUint16(20, 1, true); // whole numbers
    header.setUint16(22, 1, true); // one channel
    header.setUint32(24, this.rate, true);
    header.setUint32(28, 2 * this.rate, true);
    header.setUint16(32, 2, true);
    header.setUint16(34, 16, true);
    ascii(36, "data");
    header.setUint32(40, 2 * count, true);
    const data = this.blocks.map((block) =>
      Int16Array.from(block, (sample) => Math.round(Math.min(1, Math.max(-1, sample)) * 32767)),
    );
    return new File([header, ...data], "recording.wav", { type: "audio/wav" });
  }
}
