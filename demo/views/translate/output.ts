/** The output pane: text while it grows, and words to press when it is there. */

import { button, clear, h } from "../../ui/dom";
import { percent } from "../../ui/format";
import { UNCERTAIN, wordsOf, type Word } from "./words";
import { textOf, type Candidate } from "./translation";

export class Output {
  // Focusable, because a long text scrolls in here.
  readonly element = h("div", {
    class: "output",
    role: "region",
    tabindex: 0,
    "aria-label": "Result",
    "data-testid": "output",
  });
  private shown = "";
  private pending = "";
  private frame = 0;

  /** @param press a word was chosen */
  constructor(private readonly press: (word: Word, pressed: HTMLButtonElement) => void) {}

  clear(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.shown = this.pending = "";
    clear(this.element);
  }

  /** Shows `text` with the next frame. */
  grow(text: string): void {
    // An unfinished character decodes to U+FFFD; it is shown when its other bytes have come.
    if (text.endsWith("\ufffd")) return;
    this.pending = text;
    this.frame ||= requestAnimationFrame(() => this.flush());
  }

  /** Shows the words of a finished text, those of which the model was not sure underlined. */
  finish(candidate: Candidate): void {
    this.clear();
    const prefixes = [...candidate.prefixes];
    for (const word of wordsOf(prefixes, candidate.logprobs)) {
      const { space, text, probability } = word;
      const isUncertain = probability !== undefined && probability < UNCERTAIN;
      const title = probability === undefined ? "" : `probability ${percent(probability)}`;
      const pressed = button(text, () => this.press(word, pressed), {
        class: isUncertain ? "word uncertain" : "word",
        "aria-haspopup": "true",
        title: isUncertain ? `uncertain: ${title}` : title,
      });
      this.element.append(space, pressed);
    }
    this.shown = textOf(candidate);
  }

  private flush(): void {
    this.frame = 0;
    const { pending, shown } = this;
    if (!pending.startsWith(shown)) clear(this.element).append(pending);
    else if (pending.length > shown.length) this.element.append(pending.slice(shown.length));
    this.shown = pending;
    this.element.scrollTop = this.element.scrollHeight;
  }
}
