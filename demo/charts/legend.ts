/** The bar that says what the colours of a map stand for. */

import { h } from "../ui/dom";
import { heatGradient, type Scale } from "./colors";

export function legend(low: string, high: string, scale: Scale = "share"): HTMLElement {
  const bar = h("div", { class: "legend-bar", "aria-hidden": "true" });
  bar.style.backgroundImage = heatGradient(scale);
  return h("div", { class: "legend" }, h("span", {}, low), bar, h("span", {}, high));
}
