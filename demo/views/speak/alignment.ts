/** Tokens by frames: how the alignment heads attended to the sound of a segment, and the path that gives words their times. */

import type { SegmentAlignment, Transcription } from "../../../src/index";
import { raster } from "../../charts/raster";
import { button, clear, freshId, h } from "../../ui/dom";
import { select } from "../../ui/field";
import { clock, tokenLabel } from "../../ui/format";
import { save } from "../../ui/save";
import { table, tableDetails } from "../../ui/table";

interface Shown {
  alignment: SegmentAlignment;
  text: string;
  start: number;
}

export class AlignmentPanel {
  readonly element: HTMLElement;
  private readonly menu = select("Segment", [], { "data-testid": "alignment-segment" });
  private readonly body = h("div", { class: "alignment-body", "data-testid": "alignment" });
  private shown: (Shown | undefined)[] = [];

  constructor() {
    const id = freshId("alignment");
    this.element = h(
      "section",
      { class: "alignment", "aria-labelledby": id, hidden: true },
      h("h2", { id }, "Where the model listened"),
      h(
        "p",
        { class: "soft" },
        "Each row is a token, each column a fiftieth of a second. The more a place stands out from the page, the more the heads that know when a word is said looked there. The line is the cheapest way from the first token to the last: where it enters a row, the token begins.",
      ),
      this.menu.field,
      this.body,
    );
    this.menu.control.addEventListener("change", () => this.draw());
  }

  clear(): void {
    this.shown = [];
    this.element.hidden = true;
    clear(this.body);
  }

  show({ segments }: Transcription): void {
    this.clear();
    this.shown = segments.map(({ alignment, text, start }) =>
      alignment && alignment.tokens.length > 0 && alignment.shape[1] > 0 ? { alignment, text, start } : undefined,
    );
    const options = this.shown.flatMap((one, i) =>
      one ? [h("option", { value: i }, `${clock(one.start)} ${one.text.trim()}`)] : [],
    );
    clear(this.menu.control).append(...options);
    if (options.length === 0) return;
    this.element.hidden = false;
    this.menu.field.hidden = options.length === 1;
    this.draw();
  }

  /** Shows this segment, if it has a map. */
  choose(segment: number): void {
    if (!this.shown[segment] || this.menu.control.value === String(segment)) return;
    this.menu.control.value = String(segment);
    this.draw();
  }

  private draw(): void {
    const one = this.shown[Number(this.menu.control.value)];
    if (!one) return;
    const { tokens, weights, shape, path, start, step } = one.alignment;
    const [rows, frames] = shape;
    const names = tokens.map((token) => tokenLabel(token).text);
    const second = (frame: number): string => `${clockOf(start + frame * step)}${NARROW}s`;
    const read = (value: number): string => `${value.toFixed(1).replace("-", "−")} σ`;
    const figure = raster({
      values: weights,
      columns: frames,
      rows: names,
      special: tokens.map((token) => tokenLabel(token).special),
      column: second,
      label: "Attention of the alignment heads, in standard deviations from the mean of all tokens",
      scale: "share",
      read,
      path,
      ends: [second(0), second(frames)],
      rowHeight: rows > 60 ? 12 : 18,
    });
    // A row's strongest frame, which is not always on the path.
    const lines = names.map((name, i) => {
      const line = weights.subarray(i * frames, (i + 1) * frames);
      const best = line.reduce((top, value, frame) => (value > line[top] ? frame : top), 0);
      return [name, second(path[i]), second(best), read(line[best])];
    });
    clear(this.body).append(
      figure,
      h(
        "div",
        { class: "alignment-foot" },
        tableDetails("The same as a table: when each token begins, and where it was heard most", () =>
          table(`Tokens of “${one.text.trim()}”`, ["begins", "looked at most", "by"], lines, "token"),
        ),
        button("CSV", () => save("alignment.csv", csvOf(names, one.alignment), "text/csv"), {
          class: "quiet",
          title: "All numbers of the map",
          "data-testid": "save-alignment",
        }),
      ),
    );
  }
}

const NARROW = "\u202f";

/** Hundredths, because a frame is a fiftieth of a second. */
const clockOf = (time: number): string => time.toFixed(2);

function csvOf(names: readonly string[], { weights, shape, start, step }: SegmentAlignment): string {
  const [, frames] = shape;
  const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const head = ["token", ...Array.from({ length: frames }, (_, frame) => clockOf(start + frame * step))];
  const rows = names.map((name, i) => [
    cell(name),
    ...Array.from(weights.subarray(i * frames, (i + 1) * frames), String),
  ]);
  return [head, ...rows].map((row) => `${row.join(",")}\n`).join("");
}
