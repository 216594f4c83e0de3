/** The sound of a MediaStream in blocks, at the rate of the device: Firefox refuses any other. */

import { ModelError } from "../errors";
import type { Samples } from "./sound";

/** Samples of a block: 2048 are 43 ms at 48 kHz. */
const BLOCK = 2048;
/** A device that gives no sound for so long gives none at all. */
const PATIENCE_MS = 2000;
/** A track that its page stops tells nobody, so it is looked at this often. */
const GLANCE_MS = 200;

/** Collects blocks of all channels and posts them. */
const PROCESSOR = `registerProcessor("attendant-capture", class extends AudioWorkletProcessor {
  process([channels]) {
    if (channels.length === 0) return true;
    if (!this.block || this.block.length !== channels.length) {
      this.block = channels.map(() => new Float32Array(${BLOCK}));
      this.at = 0;
    }
    channels.forEach((channel, i) => this.block[i].set(channel, this.at));
    this.at += channels[0].length;
    if (this.at >= ${BLOCK}) {
      this.port.postMessage(this.block, this.block.map((channel) => channel.buffer));
      this.block = undefined;
    }
    return true;
  }
});`;

/** Blocks until the track ends or is stopped, the signal aborts or the loop is left; the tracks themselves go on. */
export async function* microphone(stream: MediaStream, signal?: AbortSignal): AsyncGenerator<Samples, void, undefined> {
  const [track] = stream.getAudioTracks();
  if (!track) throw new ModelError("invalid_input", "The MediaStream has no audio track.");
  const context = new AudioContext();
  const waiting: Float32Array[][] = [];
  let wake: () => void = () => undefined;
  const onEnd = (): void => wake();
  const worklet = URL.createObjectURL(new Blob([PROCESSOR], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(worklet).catch((cause: unknown) => {
      const hint = "A Content-Security-Policy has to allow blob: in script-src or worker-src.";
      throw new ModelError("unsupported_device", "The page does not let the microphone be read.", hint, { cause });
    });
    await context.resume();
    const node = new AudioWorkletNode(context, "attendant-capture", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }: MessageEvent<Float32Array[]>) => {
      waiting.push(data);
      wake();
    };
    context.createMediaStreamSource(stream).connect(node);
    track.addEventListener("ended", onEnd);
    signal?.addEventListener("abort", onEnd);
    let heard = false;
    const began = performance.now();
    for (;;) {
      signal?.throwIfAborted();
      const block = waiting.shift();
      if (block) {
        heard = true;
        yield { samples: block, sampleRate: context.sampleRate };
        continue;
      }
      if (track.readyState === "ended") return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, GLANCE_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (!heard && waiting.length === 0 && performance.now() - began > PATIENCE_MS) {
        const hint = "Is it in use elsewhere, or muted by the system?";
        throw new ModelError("unsupported_device", `The microphone has given no sound for ${PATIENCE_MS} ms.`, hint);
      }
    }
  } finally {
    track.removeEventListener("ended", onEnd);
    signal?.removeEventListener("abort", onEnd);
    URL.revokeObjectURL(worklet);
    await context.close();
  }
}
