/**
 * Many values as an image: a cell per value. Pointing at it, or moving with the arrow keys, says the value of a cell. Where a page
 * needs a table of them, `tableOf` makes it.
 */

import { h } from "../ui/dom";
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
}

export function raster(data: RasterData): HTMLElement {
  const { values, columns, rows, label, scale, read = digits, marked, column = String } = data;
  const { low, high } = levels(Array.from(values), scale);
  const canvas = h("canvas", { class: "raster", role: "img", tabindex: 0, "aria-label": label });
  canvas.width = columns;
  canvas.height = rows.length;
  canvas.style.height = `${rows.length * (data.rowHeight ?? (rows.length > 40 ? 2 : 14))}px`;
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
    canvas,
    h("div", { class: "raster-foot" }, legend(read(low), read(high), scale), readout),
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
