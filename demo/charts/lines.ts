/** Lines over the layers of a stack or the units of a layer, with axes; one of them may stand out. */

import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { h, svg } from "../ui/dom";

export interface Line {
  name: string;
  values: ArrayLike<number>;
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [640, 260, 48, 34, 12, 12];

/**
 * @param ticks names along the x axis, at the positions of the values
 * @param strong the line that stands out
 */
export function lines(label: string, list: readonly Line[], ticks: readonly string[], strong?: number): HTMLElement {
  const count = list[0]?.values.length ?? 0;
  const all = list.flatMap(({ values }) => Array.from(values));
  const x = scaleLinear([0, Math.max(1, count - 1)], [LEFT, WIDTH - RIGHT]);
  const y = scaleLinear([Math.min(0, ...all), Math.max(...all, Number.EPSILON)], [HEIGHT - BOTTOM, TOP]).nice();
  const path = line<number>(
    (_, i) => x(i),
    (value) => y(value),
  );
  const drawing = svg("svg", { class: "lines", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  const write = y.tickFormat(5);
  for (const value of y.ticks(5)) {
    drawing.append(
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      svg("text", { class: "tick", x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, write(value)),
    );
  }
  ticks.forEach((name, i) => {
    if (name === "") return;
    const anchor = i === 0 ? "start" : i === ticks.length - 1 ? "end" : "middle";
    drawing.append(svg("text", { class: "tick", x: x(i), y: HEIGHT - 12, "text-anchor": anchor }, name));
  });
  list.forEach(({ name, values }, i) => {
    const drawn = svg("path", { class: i === strong ? "line strong" : "line", d: path(Array.from(values)) ?? "" });
    drawn.append(svg("title", {}, name));
    drawing.append(drawn);
  });
  // The line that stands out lies on top.
  const top = strong === undefined ? undefined : drawing.querySelector(".strong");
  if (top) drawing.append(top);
  return h("figure", {}, h("figcaption", {}, label), drawing);
}
