/** What else the model could have written at a word: a list of tokens with their probabilities. Choosing one goes on from it. */

import { heat } from "../../charts/colors";
import { button, clear, h } from "../../ui/dom";
import { percent, tokenLabel } from "../../ui/format";
import type { Choice } from "./translation";
import type { Word } from "./words";

interface Shown {
  word: Word;
  /** The labels of its tokens. */
  pieces: string[];
  /** The word's button, which gets the focus back. */
  from: HTMLElement;
  /** The token in question, counted from the start of the output. */
  at: number;
}

export class Alternatives {
  readonly element = h("section", {
    class: "alternatives",
    "aria-label": "Alternatives",
    "data-testid": "alternatives",
    hidden: true,
  });
  private shown?: Shown;

  /**
   * @param find the choices at token `at`
   * @param take one of them was chosen
   */
  constructor(
    private readonly find: (at: number) => Promise<Choice[]>,
    private readonly take: (at: number, choice: Choice) => void,
  ) {
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close();
      }
    });
  }

  async open(word: Word, pieces: string[], from: HTMLElement, at = word.first): Promise<void> {
    this.shown?.from.classList.remove("open");
    const shown = (this.shown = { word, pieces, from, at });
    from.classList.add("open");
    const list = h("ul", { class: "choices" });
    clear(this.element).append(this.head(shown), h("p", { class: "soft" }, "Looking …"));
    this.element.hidden = false;
    let choices: Choice[];
    try {
      choices = await this.find(at);
    } catch (error) {
      if (this.shown === shown) this.element.lastElementChild!.textContent = (error as Error).message;
      return;
    }
    if (this.shown !== shown) return;
    const own = pieces[at - word.first];
    // A vocabulary that marks the beginnings of words: what has no mark goes on with the word before.
    const marks = choices.some(({ label }) => /^[▁Ġ]/.test(label));
    list.append(...choices.map((choice) => h("li", {}, this.choice(choice, choice.label === own, marks))));
    this.element.lastElementChild!.replaceWith(list);
    list.querySelector("button")?.focus();
  }

  close(): void {
    const { shown } = this;
    if (!shown) return;
    this.shown = undefined;
    shown.from.classList.remove("open");
    this.element.hidden = true;
    shown.from.focus();
  }

  private head({ word, pieces, from, at }: Shown): HTMLElement {
    const title = h("h2", {}, "Instead of ", h("q", {}, tokenLabel(pieces[at - word.first]).text), ":");
    const close = button("Close", () => this.close(), { class: "quiet" });
    const head = h("div", { class: "dialog-head" }, title, close);
    if (pieces.length < 2) return head;
    // A word of several tokens: the choice is at one of them.
    const buttons = pieces.map((piece, i) =>
      button(tokenLabel(piece).text, () => void this.open(word, pieces, from, word.first + i), {
        class: "chip",
        "aria-pressed": String(word.first + i === at),
      }),
    );
    return h("div", {}, head, h("p", { class: "pieces" }, "Tokens of this word: ", ...buttons));
  }

  private choice(choice: Choice, isOwn: boolean, marks: boolean): HTMLElement {
    const { text, special } = tokenLabel(choice.label);
    const goesOn = marks && !special && /^[\p{L}\p{N}]/u.test(choice.label);
    const bar = h("span", { class: "share", "aria-hidden": "true" });
    bar.style.inlineSize = `${Math.max(2, choice.probability * 100)}%`;
    bar.style.backgroundColor = heat(0.35 + choice.probability * 0.5).fill;
    const name = h("span", { class: special ? "special" : "" }, goesOn ? `…${text}` : text);
    const made = button("", () => this.take(this.shown!.at, choice), { class: "choice", "data-testid": "choice" });
    made.append(name, h("span", { class: "number" }, percent(choice.probability)), bar);
    if (isOwn) made.append(h("span", { class: "visually-hidden" }, ", as it is"));
    made.classList.toggle("own", isOwn);
    return made;
  }
}
