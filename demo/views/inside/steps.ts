/** Stepping through the output token by token, forwards and back. */

import { button, h } from "../../ui/dom";

export class Steps {
  private readonly label = h("output", { class: "step-label", "data-testid": "step-label" });
  private readonly buttons: HTMLButtonElement[];
  readonly element: HTMLElement;
  private step = 0;
  private names: string[] = [];

  /** @param change another step was chosen */
  constructor(private readonly change: (step: number) => void) {
    const make = (text: string, name: string, to: () => number): HTMLButtonElement =>
      button(text, () => this.go(to()), { class: "quiet", "aria-label": name, title: name });
    this.buttons = [
      make("|‹", "First token", () => 0),
      make("‹", "Token before", () => this.step - 1),
      make("›", "Next token", () => this.step + 1),
      make("›|", "Last token", () => this.names.length - 1),
    ];
    this.element = h(
      "div",
      { class: "steps", role: "group", "aria-label": "Step of the decoder" },
      this.buttons[0],
      this.buttons[1],
      this.label,
      this.buttons[2],
      this.buttons[3],
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.go(this.step - 1);
      if (event.key === "ArrowRight") this.go(this.step + 1);
    });
  }

  /** @param names what is written at each step */
  set(names: string[], step: number): void {
    this.names = names;
    this.step = Math.min(Math.max(0, step), names.length - 1);
    this.label.textContent = `token ${this.step + 1} of ${names.length}: “${names[this.step] ?? ""}”`;
    const [first, before, after, last] = this.buttons;
    first.disabled = before.disabled = this.step === 0;
    after.disabled = last.disabled = this.step === names.length - 1;
  }

  private go(step: number): void {
    if (step < 0 || step >= this.names.length || step === this.step) return;
    const { activeElement } = document;
    this.set(this.names, step);
    this.change(step);
    // A button that was just disabled loses the focus to its neighbour.
    if (activeElement instanceof HTMLButtonElement && activeElement.disabled) {
      this.buttons.find((one) => !one.disabled)?.focus();
    }
  }
}
