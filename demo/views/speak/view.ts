/** Speak: sound to text by a model of the visitor's choice, from a file or the microphone. */

import { Transcriber, type LoadProgress, type Transcription } from "../../../src/index";
import { Waveform } from "../../charts/waveform";
import type { Dtype } from "../../shell/host";
import { openModelDialog } from "../../shell/model-dialog";
import type { ModelChoice } from "../../shell/model-source";
import type { Page, View } from "../../shell/page";
import { announce } from "../../ui/announce";
import { button, clear, h } from "../../ui/dom";
import { ErrorPanel } from "../../ui/error";
import { select } from "../../ui/field";
import { clock, megabytes, percent, seconds } from "../../ui/format";
import { save } from "../../ui/save";
import { Task } from "../../ui/task";
import { languageName } from "../translate/languages";
import { listen } from "./live";
import { Transcript } from "./transcript";

const SUGGESTIONS = ["openai/whisper-tiny.en", "openai/whisper-tiny", "openai/whisper-base"];

export function createSpeak({ host }: Page): View {
  const task = new Task();
  const errors = new ErrorPanel();
  let transcriber: Transcriber | undefined;
  let result: Transcription | undefined;
  let playing = 0;

  const status = h(
    "p",
    { class: "soft", "data-testid": "speak-status" },
    "No model yet: choose a Whisper. Its size is said before anything is fetched.",
  );
  const progress = h("progress", { "aria-label": "Loading the model", hidden: true });
  const choose = button("Choose a model", () => chooseModel(), { class: "primary", "data-testid": "speak-choose" });
  const record = button("Record", () => void task.start(recording), { disabled: true, "data-testid": "record" });
  const stop = button("Stop", () => task.stop(), { class: "quiet", hidden: true, "data-testid": "speak-stop" });
  const file = h("input", { type: "file", accept: "audio/*,video/*", disabled: true, "data-testid": "sound-file" });
  const { field: timesField, control: times } = select("Times of", [
    ["word", "words"],
    ["segment", "segments"],
    ["none", "nothing"],
  ]);
  const { field: taskField, control: spoken } = select("Write", [
    ["transcribe", "what is said"],
    ["translate", "it in English"],
  ]);
  const player = h("audio", { controls: true, "data-testid": "player" });
  const transcript = new Transcript((time) => playFrom(time));
  const waveform = new Waveform((time) => playFrom(time));
  const facts = h("dl", { class: "facts", "data-testid": "speak-facts" });
  const downloads = h("div", { class: "buttons", role: "group", "aria-label": "Save the transcript" });
  const sound = h("section", { class: "sound", "aria-label": "Sound", hidden: true }, waveform.element, player);
  const drop = h(
    "section",
    { class: "drop", "aria-label": "Sound to transcribe" },
    h("label", { class: "field" }, h("span", {}, "Drop a sound or video file here, or choose one"), file),
    h("div", { class: "row" }, record, stop, timesField, taskField),
  );
  const element = h(
    "div",
    { class: "speak" },
    h("div", { class: "row" }, choose, h("div", { class: "grow" }, status, progress)),
    errors.element,
    drop,
    sound,
    transcript.element,
    facts,
    downloads,
    h(
      "p",
      { class: "soft" },
      "The line under a word says how sure the model was of its segment: darker in light mode, brighter in dark mode. Sound never leaves this page.",
    ),
  );

  function chooseModel(): void {
    openModelDialog({
      title: "Choose a model of speech",
      suggestions: SUGGESTIONS,
      use: (choice, dtype) => void task.start((signal) => load(choice, dtype, signal)),
    });
  }

  function setWorking(working: boolean): void {
    document.documentElement.dataset.state = working ? "working" : "idle";
    stop.hidden = !working;
    record.disabled = file.disabled = working || !transcriber;
    choose.disabled = working;
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

  const load = (choice: ModelChoice, dtype: Dtype, signal: AbortSignal): Promise<void> =>
    work(async () => {
      const onProgress = ({ loaded, total }: LoadProgress): void => {
        progress.hidden = false;
        if (total) Object.assign(progress, { max: total, value: loaded });
        status.textContent = `Loading ${choice.name}: ${megabytes(loaded)}${total ? ` of ${megabytes(total)}` : ""}`;
      };
      try {
        const next = await Transcriber.create({
          model: choice.source,
          dtype,
          signal,
          onProgress,
          onWarning: (warning) => host.warnings.push(warning),
        });
        transcriber?.destroy();
        transcriber = next;
        status.textContent = `${choice.name} is ready.`;
        announce(status.textContent);
      } finally {
        progress.hidden = true;
      }
    }, signal);

  const options = () => ({
    return_timestamps: { word: "word" as const, segment: true, none: false }[
      times.value as "word" | "segment" | "none"
    ],
    // A model of one language knows no tasks.
    ...(spoken.value === "translate" && { task: "translate" as const }),
  });

  const transcribe = (given: File, signal: AbortSignal): Promise<void> =>
    work(async () => {
      transcript.clear();
      clear(facts);
      clear(downloads);
      await showSound(given);
      result = await transcriber!.transcribe(given, {
        ...options(),
        signal,
        onProgress: ({ seconds: done, total }) => (status.textContent = `Heard ${clock(done)} of ${clock(total)}`),
      });
      transcript.show(result);
      showFacts(result);
      status.textContent = `Transcribed in ${seconds(result.stats.seconds * 1000)}.`;
      announce(result.text, result.language);
    }, signal);

  const recording = (signal: AbortSignal): Promise<void> =>
    work(async () => {
      clear(facts);
      clear(downloads);
      sound.hidden = true;
      transcript.clear();
      status.textContent = "Listening …";
      const text = await listen(transcriber!, transcript.element, signal);
      status.textContent = "Stopped listening.";
      announce(text);
    }, signal);

  async function showSound(given: File): Promise<void> {
    URL.revokeObjectURL(player.src);
    player.src = URL.createObjectURL(given);
    sound.hidden = false;
    try {
      const context = new OfflineAudioContext(1, 1, 16000);
      const decoded = await context.decodeAudioData(await given.arrayBuffer());
      waveform.set(decoded.getChannelData(0), decoded.duration);
    } catch {
      // The engine reads some files that the browser does not.
      waveform.set(new Float32Array(0), 0);
    }
  }

  function showFacts({ language, language_probability: sure, duration, stats, segments }: Transcription): void {
    const pairs: [string, string][] = [
      [
        "Language",
        language ? `${languageName(language)}${sure === undefined ? "" : `, ${percent(sure)}`}` : "the model knows one",
      ],
      ["Length", clock(duration)],
      ["Speed", `${stats.real_time_factor.toFixed(1)} × real time`],
      ["Tokens", String(stats.tokens)],
      ["Segments", String(segments.length)],
    ];
    clear(facts).append(...pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    const found = result!;
    const files: [string, () => string, string][] = [
      ["SRT", () => found.toSRT(), "application/x-subrip"],
      ["VTT", () => found.toVTT(), "text/vtt"],
      ["JSON", () => JSON.stringify(found, undefined, 2), "application/json"],
      ["TXT", () => found.toText() || found.text, "text/plain"],
    ];
    clear(downloads).append(
      ...files.map(([name, make, type]) =>
        button(name, () => save(`transcript.${name.toLowerCase()}`, make(), type), {
          class: "quiet",
          "data-testid": `save-${name.toLowerCase()}`,
        }),
      ),
    );
  }

  function playFrom(time: number): void {
    player.currentTime = time;
    follow();
    void player.play().catch(() => undefined);
  }

  function follow(): void {
    cancelAnimationFrame(playing);
    waveform.at(player.currentTime);
    transcript.at(player.currentTime);
    if (!player.paused) playing = requestAnimationFrame(follow);
  }
  for (const event of ["play", "pause", "seeked", "timeupdate"]) player.addEventListener(event, follow);

  const take = (given: File | undefined): void => {
    if (given && transcriber) void task.start((signal) => transcribe(given, signal));
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

  return {
    element,
    hide() {
      task.stop();
      player.pause();
    },
  };
}
