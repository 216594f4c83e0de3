/** Memory on the device over a long transcription by a tiny Whisper, in a page. */

import { Transcriber, type Memory, type Seq2Seq } from "../../../src/index";
import { loadForGoldens } from "../shared/in-this-thread";
import { signal } from "../shared/signal";
import { tinyWhisper } from "../shared/tiny-whisper";

const read = async (file: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await fetch(`/test/goldens/speech/whisper/${file}`)).arrayBuffer());

/** After each window, then after `dispose`. */
export async function memoryOverWindows(device: Seq2Seq["device"]): Promise<{ windows: number; memory: Memory[] }> {
  const model = await loadForGoldens(await tinyWhisper(read), { device, onWarning: () => undefined });
  const transcriber = await Transcriber.create({ model });
  const memory: Memory[] = [];
  const { stats } = await transcriber.transcribe(signal(61 * 16000, 7), {
    ...{ language: "en", num_beams: 1, max_new_tokens: 4, return_timestamps: "word" },
    onProgress: ({ seconds }) => void (seconds > 0 && memory.push(model.memory())),
  });
  await model.dispose();
  memory.push(model.memory());
  return { windows: stats.windows, memory };
}
