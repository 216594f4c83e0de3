/** In a page: how fast a Whisper of the page's file input transcribes, on wasm with one thread. */

import { Transcriber } from "../src/index";

/** What one measurement took. */
export interface Measured {
  /** Seconds of sound and of work. */
  sound: number;
  work: number;
  text: string;
}

/** The model's files and one WAV file are chosen in the page's input. @param calls options, one set after another */
export async function measureInPage(load: object, calls: object[]): Promise<Measured[]> {
  const files = [...document.querySelector("input")!.files!];
  const [clip] = files.filter(({ name }) => name.endsWith(".wav"));
  const model = files.filter((file) => file !== clip);
  const transcriber = await Transcriber.create({
    ...load,
    model,
    device: "wasm",
    threads: 1,
    onWarning: () => undefined,
  });
  // Compiled code is as good as it gets after a window.
  await transcriber.transcribe(new Float32Array(16000), { num_beams: 1, max_new_tokens: 20 });
  const found: Measured[] = [];
  for (const options of calls) {
    const { text, duration, stats } = await transcriber.transcribe(clip, options);
    found.push({ sound: duration, work: stats.seconds, text });
  }
  transcriber.destroy();
  return found;
}
