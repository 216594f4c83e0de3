/** The sound of a stream that is still to be transcribed: it grows as blocks come in, and is cut off where its text is final. */

import { SAMPLE_RATE } from "../audio/sound";
import { VAD_FRAME, type VoiceDetector } from "../audio/vad";

/** A pause of this length ends what was said, in seconds. */
const PAUSE = 0.6;
/** Speech is more probable than this, and silence less. */
const [SPEECH, SILENCE] = [0.5, 0.35];

export class Heard {
  /** Samples before the buffer. */
  start = 0;
  ended = false;
  /** With a detector: there is speech in the buffer, and a pause after it. */
  hasSpeech: boolean;
  isPaused = false;
  private buffer = new Float32Array(SAMPLE_RATE);
  private length = 0;
  private fresh = 0;
  private failure: { error: unknown } | undefined;
  private wake: () => void = () => undefined;
  private silence = 0;
  private frame = new Float32Array();

  constructor(private readonly detector: VoiceDetector | undefined) {
    this.hasSpeech = !detector;
  }

  /** Samples up to the end of the buffer. */
  get end(): number {
    return this.start + this.length;
  }

  async fill(blocks: AsyncIterator<Float32Array>): Promise<void> {
    try {
      for (;;) {
        const next = await blocks.next();
        if (next.done || this.ended) break;
        this.push(next.value);
        this.wake();
      }
    } catch (error) {
      this.failure = { error };
    }
    this.ended = true;
    this.wake();
  }

  /** Resolves when there are so many samples more than at the last time, at a pause, and at the end. */
  async wait(samples: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    while (this.fresh < samples && !this.ended && !(this.isPaused && this.fresh > 0)) {
      await new Promise<void>((resolve) => (this.wake = resolve));
      signal?.throwIfAborted();
    }
    if (this.failure) throw this.failure.error;
    this.fresh = 0;
  }

  wakeUp(): void {
    this.wake();
  }

  samples(): Float32Array {
    return this.buffer.slice(0, this.length);
  }

  /** Forgets what was before `at`, in samples of the stream. */
  cut(at: number): void {
    const count = Math.max(0, Math.min(this.length, at - this.start));
    this.buffer.copyWithin(0, count, this.length);
    this.start += count;
    this.length -= count;
    if (this.length > 0 || !this.detector) return;
    this.hasSpeech = this.isPaused = false;
  }

  private push(block: Float32Array): void {
    if (this.length + block.length > this.buffer.length) {
      const grown = new Float32Array(2 * (this.length + block.length));
      grown.set(this.buffer.subarray(0, this.length));
      this.buffer = grown;
    }
    this.buffer.set(block, this.length);
    this.length += block.length;
    this.fresh += block.length;
    if (this.detector) this.listen(this.detector, block);
  }

  private listen(detector: VoiceDetector, block: Float32Array): void {
    const joined = new Float32Array(this.frame.length + block.length);
    joined.set(this.frame);
    joined.set(block, this.frame.length);
    let at = 0;
    for (; at + VAD_FRAME <= joined.length; at += VAD_FRAME) {
      const probability = detector.push(joined.subarray(at, at + VAD_FRAME));
      if (probability >= SPEECH) {
        this.hasSpeech = true;
        this.silence = 0;
      } else if (probability < SILENCE) this.silence += VAD_FRAME;
    }
    this.frame = joined.slice(at);
    this.isPaused = this.hasSpeech && this.silence >= PAUSE * SAMPLE_RATE;
  }
}
