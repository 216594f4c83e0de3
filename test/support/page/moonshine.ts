/** A tiny Moonshine through `Transcriber`, in the page's thread and in a worker. */

import { Transcriber, type TranscriberOptions } from "../../../src/index";
import { tinyMoonshine } from "../shared/tiny-moonshine";

export interface MoonshineTexts {
  /** Of each sound. */
  texts: string[];
  warnings: string[];
}

export async function moonshineTexts(
  name: string,
  options: Pick<TranscriberOptions, "device" | "worker">,
  sounds: { data: Float32Array }[],
  max_new_tokens: number,
): Promise<MoonshineTexts> {
  const read = async (file: string): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await (await fetch(`/test/goldens/speech/${name}/${file}`)).arrayBuffer());
  const warnings: string[] = [];
  const model = await tinyMoonshine(read);
  const transcriber = await Transcriber.create({ model, ...options, onWarning: (message) => warnings.push(message) });
  const texts: string[] = [];
  for (const { data } of sounds)
    texts.push((await transcriber.transcribe(data, { num_beams: 1, max_new_tokens })).text);
  transcriber.destroy();
  return { texts, warnings };
}
