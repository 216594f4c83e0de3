/** What is said of a transcript, and the files that it can be saved as. */

import type { Transcription } from "../../../src/index";
import { button, clear, h } from "../../ui/dom";
import { clock, DEVICE_NAMES, percent } from "../../ui/format";
import { save } from "../../ui/save";
import { languageName } from "../translate/languages";
import type { SpeechModel } from "./model";

export class ResultFacts {
  private readonly facts = h("dl", { class: "facts", "data-testid": "speak-facts" });
  private readonly downloads = h("div", { class: "buttons", role: "group", "aria-label": "Save the transcript" });
  readonly element = h("div", { class: "result", hidden: true }, this.facts, this.downloads);

  clear(): void {
    this.element.hidden = true;
  }

  show(result: Transcription, { hasTimes, languages, device }: SpeechModel): void {
    const { language, language_probability: sure, duration, stats, segments } = result;
    // A Whisper that tells no languages apart knows English; which one a Moonshine knows, its files do not say.
    const only = hasTimes && languages.length === 0 ? "English only" : "the model's own";
    const said = language ? languageName(language) : only;
    const pairs: [string, string][] = [
      ["Language", sure === undefined ? said : `${said}, ${percent(sure)}`],
      ["Length", clock(duration)],
      ["Speed", `${stats.real_time_factor.toFixed(1)} × real time`],
      ["Device", DEVICE_NAMES[device]],
      ["Tokens", String(stats.tokens)],
      ["Segments", String(segments.length)],
    ];
    clear(this.facts).append(...pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    const files: [name: string, make: () => string, type: string][] = [
      ["SRT", () => result.toSRT(), "application/x-subrip"],
      ["VTT", () => result.toVTT(), "text/vtt"],
      ["JSON", () => JSON.stringify(result, undefined, 2), "application/json"],
      ["TXT", () => result.toText() || result.text, "text/plain"],
    ];
    clear(this.downloads).append(
      ...files.map(([name, make, type]) => {
        const kind = name.toLowerCase();
        const press = (): void => save(`transcript.${kind}`, make(), type);
        return button(name, press, { class: "quiet", "data-testid": `save-${kind}` });
      }),
    );
    this.element.hidden = false;
  }
}
