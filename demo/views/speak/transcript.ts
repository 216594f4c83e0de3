/** The words of a transcript: tinted by how sure the model was, lit while they are spoken; a press plays from there. */

import type { Transcription } from "../../../src/index";
import { heat } from "../../charts/colors";
import { button, clear, h } from "../../ui/dom";
import { clock, percent } from "../../ui/format";

interface Piece {
  element: HTMLElement;
  start: number;
  end: number;
}

export class Transcript {
  readonly element = h("div", { class: "transcript", "data-testid": "transcript" });
  private pieces: Piece[] = [];
  private lit?: Piece;

  /** @param play the visitor chose this second */
  constructor(private readonly play: (time: number) => void) {}

  clear(): void {
    this.pieces = [];
    this.lit = undefined;
    clear(this.element);
  }

  show({ segments, text, language }: Transcription): void {
    this.clear();
    this.element.lang = language ?? "";
    if (segments.length === 0) this.element.append(text);
    for (const segment of segments) {
      const sure = segment.avg_logprob === undefined ? undefined : Math.exp(segment.avg_logprob);
      const words = segment.words ?? [segment];
      const line = h("p", { class: "segment" });
      for (const { text, start, end } of words) {
        const said = text.trim();
        if (said === "") continue;
        const note = sure === undefined ? "" : `, ${percent(sure)} on average`;
        const element = button(said, () => this.play(start), {
          class: "word",
          title: `${clock(start)} to ${clock(end)}${note}`,
        });
        if (sure !== undefined) {
          // Underlined rather than filled: the text keeps its contrast.
          element.style.borderBlockEnd = `3px solid ${heat(sure).fill}`;
        }
        this.pieces.push({ element, start, end });
        line.append(element, " ");
      }
      this.element.append(line);
    }
  }

  /** Lights the word that is spoken at this second. */
  at(time: number): void {
    const next = this.pieces.find(({ start, end }) => time >= start && time < end);
    if (next === this.lit) return;
    this.lit?.element.classList.remove("lit");
    next?.element.classList.add("lit");
    this.lit = next;
  }
}
