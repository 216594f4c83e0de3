/** The long tasks of a page, in milliseconds: what keeps it from answering its user. */

import { Seq2Seq, Translator } from "../../../src/index";

/** What `work` returns, and the long tasks meanwhile. */
async function observed<T>(work: () => Promise<T>): Promise<{ tasks: number[]; result: T }> {
  const tasks: number[] = [];
  const observer = new PerformanceObserver(
    (list) => void tasks.push(...list.getEntries().map(({ duration }) => duration)),
  );
  observer.observe({ type: "longtask" });
  const result = await work();
  // The browser tells of a task after it.
  await new Promise((resolve) => setTimeout(resolve, 100));
  observer.disconnect();
  return { tasks, result };
}

/** Loads the default model and uses it, as a page does. Returns the page's long tasks and the translations. */
export async function longTasks(
  device: Seq2Seq["device"],
  text: string,
): Promise<{ tasks: number[]; translations: string[]; ids: number[] }> {
  const { tasks, result } = await observed(async () => {
    const model = await Seq2Seq.load("/models/en-fr", { device, onProgress: () => undefined });
    const ids = await model.tokenizer!.encode(text);
    const { texts } = await model.generateText(text, { output_attentions: true });
    let streamed = "";
    for await (const piece of model.streamText(text)) streamed += piece;
    await model.generateText([text, text], { num_beams: 2, repetition_penalty: 1.1 });
    await model.forward({ input_ids: ids, decoder_input_ids: ids }, { output_attentions: true });
    const translator = await Translator.create({ model, sourceLanguage: "en", targetLanguage: "fr" });
    const translated = await translator.translate(text);
    await model.dispose();
    return { translations: [...texts, streamed, translated], ids };
  });
  return { tasks, ...result };
}

/** A task of so many milliseconds, as `longTasks` sees it. */
export async function busy(ms: number): Promise<number[]> {
  const { tasks } = await observed(async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const end = performance.now() + ms; performance.now() < end;);
  });
  return tasks;
}
