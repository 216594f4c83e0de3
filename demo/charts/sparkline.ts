/** A small line without axes. Its numbers are in its label. */

import { scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import { svg } from "../ui/dom";

const WIDTH = 120;
const HEIGHT = 28;

/** @param label what a screen reader says instead */
export function sparkline(values: readonly number[], label: string): SVGSVGElement {
  const x = scaleLinear([0, Math.max(1, values.length - 1)], [1, WIDTH - 1]);
  const y = scaleLinear([0, Math.max(...values, Number.EPSILON)], [HEIGHT - 2, 2]);
  const points = values.map((value, i) => [x(i), y(value)] as [number, number]);
  const shade = area<[number, number]>(
    ([at]) => at,
    HEIGHT - 2,
    ([, to]) => to,
  );
  return svg(
    "svg",
    { class: "sparkline", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    svg("path", { class: "spark-area", d: shade(points) ?? "" }),
    svg("path", { class: "spark-line", d: line()(points) ?? "" }),
  );
}
