/** Tables: the same numbers as a chart, for those who read rather than look. */

import { h } from "./dom";
import { select } from "./field";

/** A table with names of columns, and of rows in its first column. */
export function table(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly (string | Node)[])[],
  corner = "",
): HTMLTableElement {
  const head = h("tr", {}, corner === "" ? h("td") : h("th", { scope: "col" }, corner));
  head.append(...columns.map((name) => h("th", { scope: "col" }, name)));
  const body = rows.map(([name, ...cells]) =>
    h("tr", {}, h("th", { scope: "row" }, name), ...cells.map((cell) => h("td", {}, cell))),
  );
  return h("table", {}, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, ...body));
}

/** A table behind a summary; it is made when it is opened. */
export function tableDetails(summary: string, make: () => HTMLTableElement): HTMLDetailsElement {
  const box = h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": summary });
  const details = h("details", { class: "numbers" }, h("summary", {}, summary), box);
  details.addEventListener("toggle", () => box.replaceChildren(...(details.open ? [make()] : [])));
  return details;
}

/** Several tables behind a summary, one at a time. */
export function tablesDetails(
  summary: string,
  tables: readonly { name: string; make: () => HTMLTableElement }[],
): HTMLDetailsElement {
  const box = h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": summary });
  const { field, control } = select(
    "Table",
    tables.map(({ name }, i) => [String(i), name] as const),
  );
  const details = h("details", { class: "numbers" }, h("summary", {}, summary), field, box);
  const draw = (): void => box.replaceChildren(...(details.open ? [tables[Number(control.value)].make()] : []));
  control.addEventListener("change", draw);
  details.addEventListener("toggle", draw);
  return details;
}
