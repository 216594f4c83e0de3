/** Memory on the device over a long transcription by a tiny Whisper, in a page. */

import { Transcriber, type Memory, type Seq2Seq } from "../../../src/index";
import { loadForGoldens } from "../shared/in-this-thread";
import { signal } from "../shared/signal";
import { tinyWhisper } from "../shared/tiny-whisper";

const read = async (file: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await fetch(`/test/goldens/speech/whisper/${file}`)).arrayBuffer());

export interface OverWindows {
  windows: number;
  /** Windows that the encoder read. */
  encoded: number;
  /** After each window, then after `dispose`. */
  memory: Memory[];
  /** Whether the last window, at another temperature, has the same tokens with states that were kept and without. */
  same: boolean;
  /** How many kernels each of these two calls started. */
  dispatches: number[];
}

/** Each window is decoded at two temperatures. */
export async function memoryOverWindows(device: Seq2Seq["device"]): Promise<OverWindows> {
  const model = await loadForGoldens(await tinyWhisper(read), { device, onWarning: () => undefined });
  const transcriber = await Transcriber.create({ model });
  const memory: Memory[] = [];
  const { stats } = await transcriber.transcribe(signal(61 * 16000, 7), {
    ...{ language: "en", num_beams: 1, max_new_tokens: 4, return_timestamps: "word", seed: 1 },
    ...{ temperature: [0, 0.5], logprob_threshold: 0 },
    onProgress: ({ seconds }) => void (seconds > 0 && memory.push(model.memory())),
  });
  const { input_features } = await model.features!.extract(signal(16000, 3));
  const call = { input_features, language: "en", max_new_tokens: 4 };
  await model.generate({ ...call, num_beams: 2 });
  const sampling = { ...call, do_sample: true, seed: 1 };
  const kept = await model.generate({ ...sampling, reuse_encoder_outputs: true });
  const fresh = await model.generate(sampling);
  await model.dispose();
  memory.push(model.memory());
  return {
    ...{ windows: stats.windows, encoded: stats.encoded, memory },
    same: kept.sequences.join() === fresh.sequences.join(),
    dispatches: [kept, fresh].map((output) => output.stats.dispatches),
  };
}
