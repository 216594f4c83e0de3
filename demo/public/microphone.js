/**
 * Takes the sound of a microphone out of the audio graph, in blocks of a tenth of a second. A file of its own, because a worklet of
 * a blob: address would need a looser Content-Security-Policy.
 */
/* global AudioWorkletProcessor, registerProcessor, sampleRate */

registerProcessor(
  "microphone",
  class extends AudioWorkletProcessor {
    block = new Float32Array(Math.round(sampleRate / 10));
    filled = 0;

    process([[channel]]) {
      for (const sample of channel ?? []) {
        this.block[this.filled++] = sample;
        if (this.filled < this.block.length) continue;
        this.port.postMessage(this.block);
        this.filled = 0;
      }
      return true;
    }
  },
);
