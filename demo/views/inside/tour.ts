/** The tour: eight steps in plain words, each with its block. */

import { announce } from "../../ui/announce";
import { button, h } from "../../ui/dom";
import type { Block } from "./blocks";

export interface Stop {
  title: string;
  text: string;
  block: Block;
}

export const STOPS: readonly Stop[] = [
  {
    title: "A sentence becomes numbers",
    text: "The text is cut into tokens. Each token has an id, and each id a row of numbers that was learned: its embedding.",
    block: "source-tokens",
  },
  {
    title: "Where am I?",
    text: "A pattern of waves is added to each row. It is different at each position, so the model can tell first from last.",
    block: "target-tokens",
  },
  {
    title: "Who looks at whom?",
    text: "Each token asks a question (Q) and offers a key (K). Where they fit, the score is high, and the token takes along what the other one has to say (V).",
    block: "encoder-attention",
  },
  {
    title: "Several heads",
    text: "This happens several times side by side. One head may look at the neighbour, another at the verb. Choose one to see its scores.",
    block: "encoder-attention",
  },
  {
    title: "The mask",
    text: "While it writes, the decoder may only look back. Scores of later tokens are hidden before the softmax: the triangle.",
    block: "decoder-attention",
  },
  {
    title: "Reading the source",
    text: "In cross-attention the decoder asks and the encoder answers. The map often looks like a list of which word became which.",
    block: "cross-attention",
  },
  {
    title: "Think",
    text: "Then each token passes a wide layer by itself. Only some of its units are on, and each of those adds something.",
    block: "decoder-feed-forward",
  },
  {
    title: "The next word",
    text: "The last vector is compared with every token of the vocabulary. The most probable one is written, read again, and the next step begins.",
    block: "next",
  },
];

export class Tour {
  readonly element = h("section", { class: "tour", "aria-label": "Tour", "data-testid": "tour", hidden: true });
  private at = 0;
  private from?: HTMLElement;

  /** @param visit shows the block of a stop */
  constructor(private readonly visit: (stop: Stop, index: number) => void) {
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.end();
    });
  }

  start(from: HTMLElement): void {
    this.from = from;
    this.element.hidden = false;
    this.go(0);
  }

  end(): void {
    this.element.hidden = true;
    this.from?.focus();
  }

  private go(index: number): void {
    this.at = index;
    const stop = STOPS[index];
    const isLast = index === STOPS.length - 1;
    const back = button("Back", () => this.go(this.at - 1), { class: "quiet", disabled: index === 0 });
    const next = button(isLast ? "Done" : "Next", () => (isLast ? this.end() : this.go(this.at + 1)), {
      class: "primary",
      "data-testid": "tour-next",
    });
    this.element.replaceChildren(
      h("p", { class: "soft" }, `Step ${index + 1} of ${STOPS.length}`),
      h("h2", {}, stop.title),
      h("p", {}, stop.text),
      h(
        "div",
        { class: "buttons" },
        back,
        next,
        button("End the tour", () => this.end(), { class: "quiet" }),
      ),
    );
    next.focus({ preventScroll: true });
    announce(`${stop.title}. ${stop.text}`);
    this.visit(stop, index);
  }
}
