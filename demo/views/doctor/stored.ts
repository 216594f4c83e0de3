/** The models that the browser keeps, with their sizes, and a way to remove them. */

import { models } from "../../../src/index";
import { button, clear, h } from "../../ui/dom";
import { megabytes } from "../../ui/format";

export function storedModels(): { element: HTMLElement; refresh: () => Promise<void> } {
  const list = h("ul", { class: "stored" });
  const element = h("section", {}, h("h2", {}, "Kept models"), list);
  let shown = "";
  const refresh = async (): Promise<void> => {
    const found = await models.list();
    // The keyboard's focus is lost with the element that has it, so nothing is made again without need.
    const now = JSON.stringify(found);
    if (now === shown) return;
    shown = now;
    const focused = [...list.children].findIndex((row) => row.contains(document.activeElement));
    clear(list);
    if (found.length === 0) list.append(h("li", { class: "soft" }, "None yet."));
    for (const { name, bytes, complete } of found) {
      const remove = button("Remove", () => void models.delete(name).then(refresh), {
        class: "quiet",
        "aria-label": `Remove ${name}`,
      });
      list.append(
        h(
          "li",
          {},
          h("span", {}, name),
          h("span", { class: "number soft" }, `${megabytes(bytes)}${complete ? "" : ", not all of it"}`),
          remove,
        ),
      );
    }
    // Whoever has removed a model is at the next one.
    const buttons = list.querySelectorAll("button");
    if (focused >= 0) buttons[Math.min(focused, buttons.length - 1)]?.focus();
  };
  return { element, refresh };
}
