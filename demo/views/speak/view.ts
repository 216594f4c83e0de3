/** Speak: sound to text, from a file or the microphone, by the page's own Whisper or one of the visitor's choice. */

import { Transcriber, type LoadProgress, type TranscribeOptions } from "../../../src/index";
import type { Dtype } from "../../shell/host";
import { openModelDialog } from "../../shell/model-dialog";
import { OWN_SPEECH, type ModelChoice } from "../../shell/model-source";
import type { Page, View } from "../../shell/page";
import { announce } from "../../ui/announce";
import { button, h } from "../../ui/dom";
import { ErrorPanel } from "../../ui/error";
import { select } from "../../ui/field";
import { clock, megabytes, seconds } from "../../ui/format";
import { Task } from "../../ui/task";
import { languageName } from "../translate/languages";
import { AlignmentPanel } from "./alignment";
import { listen } from "./live";
import { microphoneBlocks } from "./microphone";
import { loadSpeech, type SpeechModel } from "./model";
import { Player } from "./player";
import { Recording } from "./recording";
import { ResultFacts } from "./result";
import { Transcript } from "./transcript";

const SUGGESTIONS = ["openai/whisper-tiny.en", "openai/whisper-tiny", "openai/whisper-base"];

export function createSpeak({ host }: Page): View {
  const task = new Task();
  const errors = new ErrorPanel();
  let speech: SpeechModel | undefined;
  let inUse: ModelChoice | undefined;
  let inDtype: Dtype = "auto";

  const status = h(
    "p",
    { class: "soft", "data-testid": "speak-status" },
    `${OWN_SPEECH.name} comes with this page: ${megabytes(OWN_SPEECH.bytes)}, ${OWN_SPEECH.licence}, English. It is fetched when you first use it.`,
  );
  const progress = h("progress", { "aria-label": "Loading the model", hidden: true });
  const choose = button("Choose a model", () => chooseModel(), { class: "quiet", "data-testid": "speak-choose" });
  const record = button("Record", () => void task.start(recording), { class: "primary", "data-testid": "record" });
  const stop = button("Stop", () => task.stop(), { class: "primary", hidden: true, "data-testid": "speak-stop" });
  const file = h("input", { type: "file", accept: "audio/*,video/*", "data-testid": "sound-file" });
  const { field: timesField, control: times } = select("Times of", [
    ["word", "words"],
    ["segment", "segments"],
    ["none", "nothing"],
  ]);
  const { field: languageField, control: language } = select("Spoken", [["", "detect the language"]], {
    "data-testid": "spoken-language",
  });
  const { field: taskField, control: written } = select("Write", [
    ["transcribe", "what is said"],
    ["translate", "it in English"],
  ]);
  const alignment = new AlignmentPanel();
  const transcript = new Transcript((segment, time) => {
    alignment.choose(segment);
    player.playFrom(time);
  });
  const player = new Player((time) => transcript.at(time));
  const result = new ResultFacts();
  const drop = h(
    "section",
    { class: "drop", "aria-label": "Sound to transcribe" },
    h("label", { class: "field" }, h("span", {}, "Drop a sound or video file here, or choose one"), file),
    h("div", { class: "row" }, record, stop, timesField, languageField, taskField),
  );
  const element = h(
    "div",
    { class: "speak" },
    drop,
    h("div", { class: "speak-model" }, h("div", { class: "grow" }, status, progress), choose),
    errors.element,
    player.element,
    transcript.element,
    result.element,
    alignment.element,
    h("p", { class: "soft" }, "Sound never leaves this page."),
  );

  function chooseModel(): void {
    openModelDialog({
      title: "Choose a model of speech",
      suggestions: SUGGESTIONS,
      own: { model: OWN_SPEECH, inUse: inUse === OWN_SPEECH },
      use: (choice, dtype) =>
        void task.start((signal) => work(async () => void (await load(choice, dtype, signal)), signal)),
    });
  }

  function setWorking(working: boolean): void {
    document.documentElement.dataset.state = working ? "working" : "idle";
    stop.hidden = !working;
    file.disabled = choose.disabled = record.hidden = working;
    record.disabled = speech?.hasTimes === false;
  }

  /** What the model does not know is not offered. */
  function offer({ hasTimes, hasWords, languages }: SpeechModel): void {
    for (const option of times.options) option.disabled = option.value === "word" && !hasWords;
    times.value = hasWords ? "word" : "segment";
    timesField.hidden = !hasTimes;
    languageField.hidden = taskField.hidden = languages.length === 0;
    written.value = "transcribe";
    const named = languages.map((code) => [code, languageName(code)] as const);
    named.sort(([, a], [, b]) => a.localeCompare(b));
    language.replaceChildren(
      h("option", { value: "" }, "detect the language"),
      ...named.map(([value, text]) => h("option", { value }, text)),
    );
  }

  async function work(body: () => Promise<void>, signal: AbortSignal): Promise<void> {
    errors.hide();
    setWorking(true);
    try {
      await body();
    } catch (error) {
      if (signal.aborted) status.textContent = "Stopped.";
      else errors.show(error);
    } finally {
      if (!task.isOvertaken(signal)) setWorking(false);
    }
  }

  async function load(choice: ModelChoice, dtype: Dtype, signal: AbortSignal): Promise<SpeechModel> {
    const onProgress = ({ loaded, total }: LoadProgress): void => {
      progress.hidden = false;
      if (total) Object.assign(progress, { max: total, value: loaded });
      status.textContent = `Loading ${choice.name}: ${megabytes(loaded)}${total ? ` of ${megabytes(total)}` : ""}`;
    };
    const onWarning = (warning: string): void => void host.warnings.push(warning);
    try {
      const next = await loadSpeech(choice, { dtype, device: host.asked, signal, onProgress, onWarning });
      speech?.free();
      // On another device the same model offers the same, and what was chosen stays.
      if (choice !== inUse) offer(next);
      [speech, inUse, inDtype] = [next, choice, dtype];
      status.textContent = `${choice.name} is ready.${next.hasTimes ? "" : " It reads files; live text needs a Whisper."}`;
      announce(status.textContent);
      return next;
    } finally {
      progress.hidden = true;
    }
  }

  /** The model in use, on the device that the header says; before one is chosen, that of the page. */
  async function ready(signal: AbortSignal): Promise<SpeechModel> {
    const moves = speech && host.asked !== "auto" && speech.device !== host.asked;
    return speech && !moves ? speech : load(inUse ?? OWN_SPEECH, inDtype, signal);
  }

  /** Whether the model of the page is here from an earlier visit. */
  async function lookForOwn(): Promise<void> {
    const found = await Transcriber.availability({ model: OWN_SPEECH.source }).catch(() => "unavailable");
    if (found !== "available" || speech || task.busy) return;
    status.textContent = `${OWN_SPEECH.name} is here from an earlier visit, ${OWN_SPEECH.licence}, English: nothing to download.`;
  }

  function options({ hasTimes, languages }: SpeechModel): TranscribeOptions {
    // Without beams: several times as fast, and on clear speech nearly as good.
    if (!hasTimes) return { num_beams: 1 };
    const words = times.value === "word";
    return {
      num_beams: 1,
      return_timestamps: words ? "word" : times.value === "segment",
      return_alignment: words,
      // A model of one language knows neither languages nor tasks.
      ...(languages.length > 0 && { task: written.value as "transcribe" | "translate" }),
      ...(language.value !== "" && { language: language.value }),
    };
  }

  function clearResult(): void {
    transcript.clear();
    result.clear();
    alignment.clear();
  }

  const transcribe = (given: File, signal: AbortSignal): Promise<void> =>
    work(async () => {
      clearResult();
      const model = await ready(signal);
      status.textContent = `Reading ${given.name} …`;
      await player.show(given);
      const found = await model.transcriber.transcribe(given, {
        ...options(model),
        signal,
        onProgress: ({ seconds: done, total }) => (status.textContent = `Heard ${clock(done)} of ${clock(total)}`),
      });
      transcript.show(found);
      result.show(found, model);
      alignment.show(found);
      status.textContent = `Transcribed in ${seconds(found.stats.seconds * 1000)}.`;
      announce(found.text, found.language);
    }, signal);

  const recording = async (signal: AbortSignal): Promise<void> => {
    const kept = new Recording();
    let text = "";
    await work(async () => {
      clearResult();
      player.hide();
      const { transcriber } = await ready(signal);
      status.textContent = "Listening …";
      const blocks = kept.keep(microphoneBlocks(signal));
      text = await listen(transcriber, blocks, transcript.text, language.value || undefined);
      status.textContent = "Stopped listening.";
      announce(text);
    }, signal);
    // Once more as a whole, for the times of its words.
    const whole = text.trim() === "" || task.isOvertaken(signal) || !element.isConnected ? undefined : kept.file();
    if (whole) void task.start((next) => transcribe(whole, next));
  };

  const take = (given: File | undefined): void => {
    if (given) void task.start((signal) => transcribe(given, signal));
  };
  file.addEventListener("change", () => take(file.files?.[0]));
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer?.files[0]);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !stop.hidden) task.stop();
  });

  let isFirst = true;
  return {
    element,
    show() {
      if (isFirst) void lookForOwn();
      isFirst = false;
    },
    hide() {
      task.stop();
      player.pause();
    },
  };
}
