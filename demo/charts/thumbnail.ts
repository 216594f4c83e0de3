/** A matrix in the size of a stamp, to choose among many. */

import { h } from "../ui/dom";
import { drawInModes, pixel } from "./colors";

/** @param values row-major, 0 to `high` */
export function thumbnail(values: ArrayLike<number>, columns: number, high: number): HTMLCanvasElement {
  const canvas = h("canvas", { class: "thumbnail", "aria-hidden": "true" });
  const rows = values.length / columns;
  canvas.width = columns;
  canvas.height = rows;
  drawInModes(canvas, () => {
    const context = canvas.getContext("2d")!;
    const image = context.createImageData(columns, rows);
    for (let i = 0; i < values.length; i++) image.data.set([...pixel(values[i] / high, "share"), 255], i * 4);
    context.putImageData(image, 0, 0);
  });
  return canvas;
}
