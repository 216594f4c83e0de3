/**
 * Many values as an image: a cell per value. Pointing at it, or moving with the arrow keys, says the value of a cell. Where a page
 * needs a table of them, `tableOf` makes it.
 */

import { h, svg } from "../ui/dom";
import { digits } from "../ui/format";
import { table } from "../ui/table";
import { drawInModes, levels, pixel, type Scale } from "./colors";
import { legend } from "./legend";

export interface RasterData {
  /** Row-major; NaN is hidden by a mask. */
  values: ArrayLike<number>;
  columns: number;
  /** A name for each row. */
  rows: readonly string[];
  /** A name for a column. Default: its number. */
  column?: (index: number) => string;
  /** What it shows, for a screen reader and above it. */
  label: string;
  scale: Scale;
  read?: (value: number) => string;
  /** Rows to mark, such as those in use. */
  marked?: number;
  /** A cell's height in CSS pixels. Default: 14, less where there are many rows. */
  rowHeight?: number;
  /** By row, whether it is no piece of text. Given, the names of the rows stand beside them. */
  special?: readonly boolean[];
  /** By row, the column at which a line through the map enters it. */
  path?: readonly number[];
  /** What stands under the first and the last column. */
  ends?: readonly [first: string, last: string];
}

export function raster(data: RasterData): HTMLElement {
  const { values, columns, rows, label, scale, read = digits, marked, column = String } = data;
  const { low, high } = levels(Array.from(values), scale);
  const rowHeight = data.rowHeight ?? (rows.length > 40 ? 2 : 14);
  const canvas = h("canvas", { class: "raster", role: "img", tabindex: 0, "aria-label": label });
  canvas.width = columns;
  canvas.height = rows.length;
  canvas.style.height = `${rows.length * rowHeight}px`;
  const readout = h("p", { class: "readout small" }, " ");
  let at = { row: 0, column: 0 };

  const draw = (): void => {
    const context = canvas.getContext("2d")!;
    const image = context.createImageData(columns, rows.length);
    for (let i = 0; i < columns * rows.length; i++) {
      const value = values[i];
      if (Number.isNaN(value)) continue; // stays transparent
      image.data.set(pixel((value - low) / (high - low), scale), i * 4);
      // Rows that are not in use are fainter.
      image.data[i * 4 + 3] = marked !== undefined && Math.floor(i / columns) >= marked ? 90 : 255;
    }
    context.putImageData(image, 0, 0);
  };
  const say = (): void => {
    const value = values[at.row * columns + at.column];
    const said = Number.isNaN(value) ? "hidden by the mask" : read(value);
    readout.textContent = `${rows[at.row]}, ${column(at.column)}: ${said}`;
  };
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows.length);
    const x = Math.floor(((event.clientX - box.left) / box.width) * columns);
    at = { row: Math.min(rows.length - 1, Math.max(0, row)), column: Math.min(columns - 1, Math.max(0, x)) };
    say();
  });
  canvas.addEventListener("keydown", (event) => {
    const steps: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    at = {
      row: Math.min(rows.length - 1, Math.max(0, at.row + step[0])),
      column: Math.min(columns - 1, Math.max(0, at.column + step[1])),
    };
    say();
  });
  canvas.addEventListener("focus", say);
  drawInModes(canvas, draw);
  return h(
    "figure",
    { class: "raster-figure" },
    h("figcaption", {}, label),
    data.special || data.path || data.ends ? framed(canvas, data, rowHeight) : canvas,
    h("div", { class: "raster-foot" }, legend(read(low), read(high), scale), readout),
  );
}

/** The map with the names of its rows, a line through it and what its ends stand for. */
function framed(
  canvas: HTMLCanvasElement,
  { columns, rows, special = [], path = [], ends = ["", ""] }: RasterData,
  rowHeight: number,
): HTMLElement {
  const names = h("div", { class: "raster-names", "aria-hidden": "true" });
  names.append(...rows.map((name, i) => h("span", { class: special[i] ? "special" : "" }, name)));
  names.style.gridAutoRows = `${rowHeight}px`;
  const drawing = svg("svg", {
    class: "raster-path",
    viewBox: `0 0 ${columns} ${rows.length}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  // Along the middle of a row, then down where the next one is entered. The line under it keeps it visible on every colour.
  const line = path.map((column, i) => `${i === 0 ? `M${column + 0.5} 0` : `H${column + 0.5}`}V${i + 0.5}`).join("");
  for (const kind of ["under", "over"]) drawing.append(svg("path", { class: kind, d: line }));
  return h(
    "div",
    { class: "raster-framed" },
    names,
    h("div", { class: "raster-stack" }, canvas, drawing),
    h("div", { class: "raster-ends", "aria-hidden": "true" }, ...ends.map((end) => h("span", {}, end))),
  );
}

/** The same numbers as a table. */
export function tableOf({
  values,
  columns,
  rows,
  column = String,
  label,
  read = digits,
}: RasterData): HTMLTableElement {
  const names = Array.from({ length: columns }, (_, i) => column(i));
  const lines = rows.map((name, row) => [
    name,
    ...names.map((_, i) => {
      const value = values[row * columns + i];
      return Number.isNaN(value) ? "masked" : read(value);
    }),
  ]);
  return table(label, names, lines);
}
