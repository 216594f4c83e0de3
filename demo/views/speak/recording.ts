/** What the microphone gave, as a file that can be played and transcribed again. */

import { encodeWav, type Samples } from "../../../src/index";

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
    const samples = new Float32Array(count);
    let at = 0;
    for (const block of this.blocks) {
      samples.set(block, at);
      at += block.length;
    }
    const wav = encodeWav({ samples, sampleRate: this.rate });
    return new File([wav], "recording.wav", { type: wav.type });
  }
}
