/** A map as a picture file. */

import { pixel } from "./colors";

const CELL = 24;

/** @param high the value at the end of the colour scale; NaN stays transparent */
export async function pngOf(values: readonly (readonly number[])[], high: number): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, ...values.map((row) => row.length)) * CELL;
  canvas.height = values.length * CELL;
  const context = canvas.getContext("2d")!;
  values.forEach((row, r) =>
    row.forEach((value, c) => {
      if (Number.isNaN(value)) return;
      context.fillStyle = `rgb(${pixel(value / high, "share").join(" ")})`;
      context.fillRect(c * CELL, r * CELL, CELL - 1, CELL - 1);
    }),
  );
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be made.")))),
  );
}
