/** Buttons for the layers of a stack. */

import { button, h } from "../../ui/dom";

export function layerChoice(count: number, chosen: number, choose: (layer: number) => void): HTMLElement {
  const buttons = Array.from({ length: count }, (_, i) =>
    button(String(i + 1), () => choose(i), {
      class: "quiet",
      "aria-pressed": String(i === chosen),
      "data-testid": `layer-${i + 1}`,
    }),
  );
  return h(
    "div",
    { class: "row", role: "group", "aria-label": "Layer" },
    h("span", { class: "soft" }, "Layer"),
    ...buttons,
  );
}
