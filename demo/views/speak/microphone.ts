/** The microphone as blocks of samples, by a worklet that is a file of the page (public/microphone.js). */

import type { Samples } from "../../../src/index";

/** Blocks until `signal` is aborted; the tracks of the stream end with it. */
export async function* microphoneBlocks(signal: AbortSignal): AsyncGenerator<Samples, void, undefined> {
  const { mediaDevices } = navigator as Partial<Navigator>;
  if (!mediaDevices) throw new Error("This browser gives no microphone to this page. It needs https or localhost.");
  const stream = await mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  const waiting: Float32Array[] = [];
  let wake: () => void = () => undefined;
  const onAbort = (): void => wake();
  signal.addEventListener("abort", onAbort);
  try {
    await context.audioWorklet.addModule(new URL("./microphone.js", document.baseURI));
    await context.resume();
    const node = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      waiting.push(data);
      wake();
    };
    context.createMediaStreamSource(stream).connect(node);
    while (!signal.aborted) {
      const block = waiting.shift();
      if (block) yield { samples: block, sampleRate: context.sampleRate };
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const track of stream.getTracks()) track.stop();
    await context.close();
  }
}
