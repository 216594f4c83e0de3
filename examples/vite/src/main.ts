/** Translates each line of a text in one batch, with beams, and shows what it took. */

import { ModelError, Seq2Seq, type LoadProgress } from "attendant";

const find = <T extends Element>(selector: string): T => document.querySelector<T>(selector)!;
const source = find<HTMLTextAreaElement>("textarea");
const [run, stop] = [find<HTMLButtonElement>("#run"), find<HTMLButtonElement>("#stop")];
const [bar, status, list] = [find<HTMLProgressElement>("progress"), find("#status"), find("ol")];

function show({ phase, file, loaded, total }: LoadProgress): void {
  status.textContent = `${phase} ${file}`;
  if (total) bar.max = total;
  bar.value = loaded;
}

const explain = (error: unknown): string =>
  error instanceof ModelError ? `${error.message} ${error.hint ?? ""}` : String(error);

/** From public/models/en-fr/, wherever the app is deployed. */
const model = await Seq2Seq.load(new URL("./models/en-fr/", document.baseURI), { onProgress: show });
status.textContent = `Ready on ${model.device}.`;
run.disabled = false;

run.addEventListener("click", () => void translate());

async function translate(): Promise<void> {
  const controller = new AbortController();
  stop.onclick = () => controller.abort();
  [run.disabled, stop.disabled] = [true, false];
  try {
    const lines = source.value.split("\n").filter((line) => line.trim() !== "");
    const { texts, stats } = await model.generateText(lines, { num_beams: 4, signal: controller.signal });
    list.replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    status.textContent = `${stats.tokens} tokens in ${stats.total_ms.toFixed(0)} ms.`;
  } catch (error) {
    status.textContent = controller.signal.aborted ? "Stopped." : explain(error);
  }
  [run.disabled, stop.disabled] = [false, true];
}
