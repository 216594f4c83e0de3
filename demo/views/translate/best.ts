/** The list of the best sequences of a beam search, with their scores. */

import { clear, h } from "../../ui/dom";
import { digits } from "../../ui/format";
import { textOf, type Candidate } from "./translation";

export class BestList {
  private readonly list = h("ol", { class: "best-list" });
  readonly element = h(
    "section",
    { class: "best", hidden: true, "data-testid": "best" },
    h("h2", {}, "Best sequences"),
    h(
      "p",
      { class: "soft" },
      "The score is the sum of the log-probabilities over the length. Press one to read it above.",
    ),
    this.list,
  );

  /** @param press one of them was chosen */
  constructor(private readonly press: (candidate: Candidate) => void) {}

  show(candidates: readonly Candidate[], lang: string): void {
    this.element.hidden = candidates.length < 2;
    clear(this.list).append(
      ...candidates.map((candidate, i) => {
        const made = h("button", { type: "button", class: "candidate", "aria-pressed": String(i === 0) });
        made.append(
          h("span", { lang }, textOf(candidate)),
          h("span", { class: "number" }, candidate.score === undefined ? "" : digits(candidate.score)),
        );
        made.addEventListener("click", () => {
          for (const other of this.list.querySelectorAll("button"))
            other.setAttribute("aria-pressed", String(other === made));
          this.press(candidate);
        });
        return h("li", {}, made);
      }),
    );
  }

  hide(): void {
    this.element.hidden = true;
  }
}
