/** Bars with their names and numbers, in HTML: they can be read as they stand. */

import { h } from "../ui/dom";
import { heat } from "./colors";

export interface Bar {
  name: string;
  special?: boolean;
  /** 0 to 1, of the whole width. */
  share: number;
  /** The value as it is said. */
  text: string;
  /** The one that was taken. */
  chosen?: boolean;
}

export function bars(label: string, list: readonly Bar[]): HTMLElement {
  return h(
    "ol",
    { class: "bars", "aria-label": label },
    ...list.map(({ name, special, share, text, chosen }) => {
      const fill = h("span", { class: "bar-fill", "aria-hidden": "true" });
      fill.style.inlineSize = `${Math.max(0.5, share * 100)}%`;
      fill.style.backgroundColor = heat(0.3 + share * 0.45).fill;
      return h(
        "li",
        { class: chosen ? "bar chosen" : "bar" },
        h("span", { class: special ? "bar-name special" : "bar-name" }, name),
        h("span", { class: "bar-track" }, fill),
        h("span", { class: "number" }, text),
      );
    }),
  );
}
