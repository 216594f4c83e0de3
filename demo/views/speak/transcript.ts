/** The words of a transcript: marked by how sure the model was, lit while they are spoken; a press plays from there. */

import type { TimedWord, Transcription } from "../../../src/index";
import { heat } from "../../charts/colors";
import { legend } from "../../charts/legend";
import type { Stretch } from "../../charts/waveform";
import { button, clear, h } from "../../ui/dom";
import { clock, percent } from "../../ui/format";

interface Piece extends Stretch {
  element: HTMLElement;
}

/** A word is lit for this long at least, in seconds: some are given no time at all. */
const SHORTEST = 0.1;

/** How sure the model was: the line under a word differs in style, so that it is read without colours. */
type Confidence = "sure" | "fair" | "unsure";

/** As in Translate, a word below a half is uncertain. */
const [SURE, UNSURE] = [0.8, 0.5];

/** In whole percents, as the page shows them. */
function confidenceOf(probability: number): Confidence {
  const shown = Math.round(100 * probability) / 100;
  return shown >= SURE ? "sure" : shown >= UNSURE ? "fair" : "unsure";
}

export class Transcript {
  readonly text = h("div", { class: "transcript", "data-testid": "transcript" });
  private readonly key = h(
    "div",
    { class: "confidence-key soft", hidden: true, "data-testid": "confidence-key" },
    "How sure the model was of a word: ",
    sample("sure", "80% or more"),
    sample("fair", "from 50%"),
    sample("unsure", "below 50%"),
    legend("0%", "100%"),
  );
  readonly element = h("div", { class: "transcript-box" }, this.text, this.key);
  private pieces: Piece[] = [];
  private lit?: Piece;

  /** @param choose the visitor pressed a word: its segment, and the second at which it begins */
  constructor(private readonly choose: (segment: number, time: number) => void) {}

  clear(): void {
    this.pieces = [];
    this.lit = undefined;
    this.key.hidden = true;
    clear(this.text);
  }

  show({ segments, text, language }: Transcription): void {
    this.clear();
    this.text.lang = language ?? "";
    if (segments.length === 0) this.text.append(text);
    segments.forEach((segment, index) => {
      // Without words, the segment is one piece, and known by the average of its window.
      const average = segment.avg_logprob === undefined ? undefined : Math.exp(segment.avg_logprob);
      const words: TimedWord[] = segment.words ?? [{ ...segment, probability: average }];
      const line = h("p", { class: "segment" });
      for (const word of words) {
        if (word.text.trim() === "") continue;
        const element = this.wordOf(word, index);
        this.pieces.push({ element, start: word.start, end: word.end });
        line.append(element, " ");
      }
      this.text.append(line);
      this.key.hidden &&= words.every(({ probability }) => probability === undefined);
    });
  }

  private wordOf({ text, start, end, probability }: TimedWord, segment: number): HTMLElement {
    const element = button(text.trim(), () => this.choose(segment, start), { class: "word" });
    const times = `${clock(start)} to ${clock(end)}`;
    if (probability === undefined) {
      element.title = times;
      return element;
    }
    element.title = `${times}, ${percent(probability)} sure`;
    const confidence = confidenceOf(probability);
    element.classList.add(confidence);
    element.style.setProperty("--sure", heat(probability).fill);
    // The title is not heard while reading on; what is doubtful is said with the word.
    if (confidence !== "sure")
      element.append(h("span", { class: "visually-hidden" }, `, ${percent(probability)} sure`));
    return element;
  }

  /** Lights the word that is spoken at this second, and returns it. */
  at(time: number): Stretch | undefined {
    const next = this.pieces.findLast(({ start, end }) => time >= start && time < Math.max(end, start + SHORTEST));
    if (next === this.lit) return next;
    this.lit?.element.classList.remove("lit");
    next?.element.classList.add("lit");
    this.lit = next;
    return next;
  }
}

/** A piece of the key. */
function sample(confidence: Confidence, text: string): HTMLElement {
  const made = h("span", { class: `word ${confidence}` }, text);
  made.style.setProperty("--sure", heat({ sure: 0.9, fair: 0.65, unsure: 0.3 }[confidence]).fill);
  return made;
}
