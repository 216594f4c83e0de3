/** Values of several series on a log scale, a row for each name, with a limit as a line. Series differ in shape, too. */

import { scaleLog } from "d3-scale";
import { h, svg } from "../ui/dom";

export interface Dots {
  name: string;
  /** One per row; 0 lies at the left end. */
  values: readonly number[];
}

const [WIDTH, LEFT, ROW, TOP, BOTTOM, RIGHT] = [760, 260, 24, 24, 30, 30];
const LOW = 1e-10;

/** Circle, square, triangle: readable without colours. */
const SHAPES = ["M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0", "M-4.5,-4.5h9v9h-9z", "M0,-5.5l5.5,10h-11z"];

export function logDots(
  label: string,
  rows: readonly string[],
  series: readonly Dots[],
  limit: number,
  limitName: string,
): HTMLElement {
  const height = TOP + rows.length * ROW + BOTTOM;
  const most = Math.max(limit * 10, ...series.flatMap(({ values }) => values.filter(Number.isFinite)));
  const x = scaleLog([LOW, most], [LEFT, WIDTH - RIGHT]).clamp(true);
  const drawing = svg("svg", {
    class: "log-dots",
    viewBox: `0 0 ${WIDTH} ${height}`,
    role: "img",
    "aria-label": label,
  });
  for (let power = Math.log10(LOW); power <= Math.log10(most); power += 2) {
    const at = x(10 ** power);
    drawing.append(
      svg("line", { class: "grid", x1: at, x2: at, y1: TOP, y2: height - BOTTOM }),
      svg(
        "text",
        { class: "tick", x: at, y: height - 10, "text-anchor": "middle" },
        power === Math.log10(LOW) ? "0" : `1e${power}`,
      ),
    );
  }
  drawing.append(
    svg("line", { class: "limit", x1: x(limit), x2: x(limit), y1: TOP - 6, y2: height - BOTTOM }),
    svg("text", { class: "tick limit-name", x: x(limit), y: TOP - 10, "text-anchor": "middle" }, limitName),
  );
  rows.forEach((name, row) => {
    const y = TOP + (row + 0.5) * ROW;
    drawing.append(svg("text", { class: "tick", x: LEFT - 12, y: y + 4, "text-anchor": "end" }, name));
    series.forEach(({ values, name: of }, i) => {
      const at = x(Math.max(LOW, Number.isFinite(values[row]) ? values[row] : most));
      const mark = svg("path", { class: `dot dot-${i}`, d: SHAPES[i], transform: `translate(${at} ${y})` });
      mark.append(svg("title", {}, `${of}: ${values[row].toExponential(1)}`));
      drawing.append(mark);
    });
  });
  const keys = series.map(({ name }, i) =>
    h(
      "li",
      {},
      svg(
        "svg",
        { class: "key", viewBox: "-7 -7 14 14", "aria-hidden": "true" },
        svg("path", { class: `dot dot-${i}`, d: SHAPES[i] }),
      ),
      name,
    ),
  );
  const scroll = h("div", { class: "chart-scroll", tabindex: 0, role: "region", "aria-label": label }, drawing);
  return h("figure", {}, h("figcaption", {}, label), h("ul", { class: "keys" }, ...keys), scroll);
}
