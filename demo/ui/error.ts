/** The panel of an error: what happened, what helps, and buttons for it. */

import { ModelError } from "../../src/index";
import { button, clear, h } from "./dom";

export class ErrorPanel {
  readonly element = h("section", { class: "error", role: "alert", "data-testid": "error", hidden: true });

  /** @param actions what to offer, by the texts of their buttons */
  show(error: unknown, actions: Record<string, () => void> = {}): void {
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof ModelError ? error.hint : undefined;
    const buttons = Object.entries(actions).map(([text, act]) =>
      button(text, () => {
        this.hide();
        act();
      }),
    );
    clear(this.element).append(
      h("div", {}, h("p", {}, message), h("p", { class: "hint" }, hint ?? "")),
      h("div", { class: "buttons" }, ...buttons),
    );
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
    clear(this.element);
  }
}
