/** Translate: a text, what the model makes of it, and what else it could have made. */

import type { Seq2Seq } from "../../../src/index";
import type { Page, View } from "../../shell/page";
import { isDeviceTrouble, isGone } from "../../shell/host";
import { announce } from "../../ui/announce";
import { button, h } from "../../ui/dom";
import { ErrorPanel } from "../../ui/error";
import { seconds } from "../../ui/format";
import { copyFrom } from "../../ui/save";
import { Task } from "../../ui/task";
import { Alternatives } from "./alternatives";
import { BestList } from "./best";
import { LanguagePanes } from "./languages";
import { Output } from "./output";
import { SearchControls } from "./search-controls";
import { Speed } from "./speed";
import * as engine from "./translation";
import type { Beginning, Candidate } from "./translation";

const EXAMPLES = [
  "She gave me a red book.",
  "Where is the station?",
  "I would like to book a table for two.",
  "My name is Siobhán and I live in Kraków.",
  "The ticket costs $12.50.",
];

/** What was translated, for all that goes on from it. */
interface Shown {
  model: Seq2Seq;
  ids: number[];
  options: Awaited<ReturnType<typeof engine.prepare>>["options"];
  candidate: Candidate;
}

export function createTranslate({ host, sentence, link }: Page): View {
  const task = new Task();
  const errors = new ErrorPanel();
  const languages = new LanguagePanes();
  const search = new SearchControls();
  const speed = new Speed();
  let shown: Shown | undefined;

  const source = h("textarea", {
    "data-testid": "source",
    spellcheck: "false",
    autocomplete: "off",
    "aria-label": "Text to translate",
    "aria-describedby": "source-keys",
  });
  source.value = EXAMPLES[0];
  const note = h("p", { class: "note", "data-testid": "note" });
  const output = new Output((word, pressed) => {
    if (!shown) return;
    const { model, candidate } = shown;
    const tokens = candidate.sequence.slice(1 + word.first, 1 + word.end);
    void Promise.all(tokens.map(async (token) => engine.tokenizerOf(model).token(token))).then((pieces) =>
      alternatives.open(word, pieces, pressed),
    );
  });
  const best = new BestList((candidate) => {
    if (shown) show({ ...shown, candidate });
  });
  const alternatives = new Alternatives(
    async (at) => {
      const { model, ids, candidate } = shown!;
      let found: engine.Choice[] = [];
      await task.start(async (signal) => {
        found = await engine.choicesAt(model, ids, candidate.sequence, at + 1, signal);
      });
      return found;
    },
    (at, choice) => {
      const { model, candidate } = shown!;
      alternatives.close();
      void engine.chosen(model, candidate, at, choice).then((beginning) => translate(beginning));
    },
  );

  const go = button("Translate", () => translate(), { class: "primary", "data-testid": "translate", disabled: true });
  const stop = button("Stop", () => task.stop(), { class: "quiet", "data-testid": "stop", hidden: true });
  const copy = button("Copy", () => void copyFrom(copy, shown ? engine.textOf(shown.candidate) : ""), {
    class: "quiet",
    "data-testid": "copy",
    disabled: true,
  });
  const share = button("Copy link", () => void copyFrom(share, location.href), {
    class: "quiet",
    "data-testid": "share",
    title: "The text is in the part of the address that browsers keep to themselves",
  });

  const element = h(
    "div",
    { class: "translate" },
    h(
      "section",
      { class: "panes", "aria-label": "Translation" },
      h("div", { class: "pane" }, h("div", { class: "pane-head" }, languages.source.element), source),
      h("div", { class: "pane" }, h("div", { class: "pane-head" }, languages.target.element, stop), output.element),
    ),
    h(
      "p",
      { id: "source-keys", class: "visually-hidden" },
      "Enter translates, Shift+Enter starts a new line, Escape stops.",
    ),
    h("div", { class: "controls" }, go, search.element, h("div", { class: "buttons" }, copy, share)),
    note,
    errors.element,
    alternatives.element,
    best.element,
    h("ul", { class: "chips", "aria-label": "Example sentences" }, ...EXAMPLES.map(example)),
    speed.element,
    h(
      "p",
      { class: "soft hint" },
      "Underlined words are those that the model gave less than 50 %. Press a word to see what else it could have been.",
    ),
  );

  function example(text: string): HTMLElement {
    const pressed = (): void => {
      source.value = text;
      translate();
    };
    return h("li", {}, button(text, pressed, { class: "chip", lang: "en" }));
  }

  function setWorking(working: boolean): void {
    const hadFocus = document.activeElement === go || document.activeElement === stop;
    element.classList.toggle("working", working);
    document.documentElement.dataset.state = working ? "working" : "idle";
    output.element.setAttribute("aria-busy", String(working));
    go.disabled = working || !host.state.model || host.state.phase === "loading";
    stop.hidden = !working;
    if (hadFocus) (working ? stop : go).focus();
  }

  function show(next: Shown): void {
    shown = next;
    output.finish(next.candidate);
    copy.disabled = false;
    sentence.text = source.value;
    sentence.sequence = next.candidate.sequence;
    sentence.model = next.model;
    sentence.languages = languages.read();
  }

  /** @param beginning goes on from there */
  function translate(beginning?: Beginning): void {
    const { model, phase } = host.state;
    const text = source.value;
    if (text.trim() === "") {
      note.textContent = "Type a sentence first.";
      announce(note.textContent);
      source.focus();
      return;
    }
    if (model && phase !== "loading") void task.start((signal) => run(model, text, signal, beginning));
  }

  async function run(model: Seq2Seq, text: string, signal: AbortSignal, beginning?: Beginning): Promise<void> {
    errors.hide();
    best.hide();
    alternatives.close();
    output.clear();
    note.textContent = "";
    speed.start();
    setWorking(true);
    const chosen = languages.read();
    const { sourceLanguage, targetLanguage } = chosen;
    link({
      text,
      ...search.toLink(),
      ...(host.state.choice.link && { model: host.state.choice.link }),
      ...(model.tokenizer?.languages &&
        sourceLanguage &&
        targetLanguage && { from: sourceLanguage, to: targetLanguage }),
    });
    const begun = performance.now();
    const call: Partial<Shown> & { model: Seq2Seq } = { model };
    try {
      Object.assign(call, await engine.prepare(model, text, chosen));
      const { ids, options } = call as Shown;
      const all = { ...options, ...search.options(), signal };
      // A chosen beginning goes on without beams.
      const beams = search.search === "beams" && !beginning;
      const single = beams ? {} : { num_beams: 1, num_return_sequences: 1, length_penalty: undefined };
      if (beams) note.textContent = "A word is shown once all beams agree on it.";
      const growing = engine.search(model, ids, { ...all, ...single }, beginning);
      let next = await growing.next();
      for (; !next.done; next = await growing.next()) {
        call.candidate = next.value;
        output.grow(engine.textOf(next.value));
        speed.tick();
      }
      if (task.isOvertaken(signal)) return;
      const { candidates, stats } = next.value;
      call.candidate = candidates[0];
      speed.end(stats, candidates[0].sequence.length - (beginning?.sequence.length ?? 1), model);
      best.show(candidates, targetLanguage ?? "");
      show(call as Shown);
      announce(engine.textOf(candidates[0]), targetLanguage);
      note.textContent = `Translated in ${seconds(performance.now() - begun)}.`;
    } catch (error) {
      if (call.candidate) show(call as Shown);
      if (task.isOvertaken(signal)) return;
      if (signal.aborted) note.textContent = "Stopped.";
      else fail(error);
    } finally {
      if (!task.isOvertaken(signal)) setWorking(false);
    }
  }

  function fail(error: unknown): void {
    if (isGone(error)) {
      void host.drop();
      return errors.show(error, { "Load the model again": () => void host.load({}) });
    }
    errors.show(error, isDeviceTrouble(error) ? { "Try again": () => translate() } : {});
  }

  source.addEventListener("keydown", (event) => {
    // In some input methods Enter also ends the composition of a character.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    translate();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && element.classList.contains("working")) task.stop();
  });

  let loaded: Seq2Seq | undefined;
  host.subscribe(({ model, phase }) => {
    go.disabled = !model || phase === "loading" || element.classList.contains("working");
    if (model === loaded) return;
    loaded = model;
    task.stop();
    shown = undefined;
    alternatives.close();
    output.clear();
    copy.disabled = true;
    const names = languages.update(model);
    output.element.setAttribute("aria-label", names.target);
    source.setAttribute("aria-label", names.source);
    const { sourceLanguage = "", targetLanguage = "" } = languages.read();
    source.lang = sourceLanguage;
    output.element.lang = targetLanguage;
  });

  return {
    element,
    show(parameters) {
      search.fromLink(parameters);
      const text = parameters.get("text");
      if (text !== null) source.value = text;
    },
    hide: () => task.stop(),
  };
}
