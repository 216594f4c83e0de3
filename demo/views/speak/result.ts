/** What is said of a transcript, and the files that it can be saved as. */

import type { Transcription } from "../../../src/index";
import { button, clear, h } from "../../ui/dom";
import { clock, percent } from "../../ui/format";
import { save } from "../../ui/save";
import { languageName } from "../translate/languages";

export class ResultFacts {
  private readonly facts = h("dl", { class: "facts", "data-testid": "speak-facts" });
  private readonly downloads = h("div", { class: "buttons", role: "group", "aria-label": "Save the transcript" });
  readonly element = h("div", { class: "result", hidden: true }, this.facts, this.downloads);

  clear(): void {
    this.element.hidden = true;
  }

  show(result: Transcription): void {
    const { language, language_probability: sure, duration, stats, segments } = result;
    const said = language ? languageName(language) : "the model knows one";
    const pairs: [string, string][] = [
      ["Language", sure === undefined ? said : `${said}, ${percent(sure)}`],
      ["Length", clock(duration)],
      ["Speed", `${stats.real_time_factor.toFixed(1)} × real time`],
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
