/**
 * A grid of weights with token names on both sides. One element of it is in the tab order, and arrow keys move from there.
 * Pointing at a cell or a name, or moving to it, marks its row and column and shows the number.
 */

import { heat } from "./colors";
import { clear, element } from "./dom";
import { percent, type TokenLabel } from "./format";

/** A cell or a name. Row -1 holds the names of the source tokens, column -1 those of the target tokens. */
interface Place {
  row: number;
  column: number;
}

const IDLE = "Point at a cell or a token, or move with the arrow keys.";
/** The most columns for which the numbers fit into the cells. */
const ROOMY = 14;
const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export class Heatmap {
  private weights: number[][] = [];
  private source: TokenLabel[] = [];
  private target: TokenLabel[] = [];
  private items = new Map<string, HTMLElement>();
  private places = new Map<Element, Place>();
  private readonly bands = { row: element("div", "band"), column: element("div", "band") };
  /** The element in the tab order. */
  private current: Place = { row: 0, column: 0 };
  private marked: HTMLElement[] = [];

  constructor(
    private readonly box: HTMLElement,
    private readonly readout: HTMLElement,
  ) {
    for (const band of Object.values(this.bands)) band.setAttribute("aria-hidden", "true");
    box.addEventListener("pointerover", (event) => this.mark(this.placeOf(event.target)));
    box.addEventListener("pointerleave", () => this.mark(this.placeOf(document.activeElement)));
    box.addEventListener("click", (event) => this.moveTo(this.placeOf(event.target)));
    box.addEventListener("focusin", (event) => this.mark(this.placeOf(event.target)));
    box.addEventListener("focusout", () => this.mark(undefined));
    box.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** @param scale the weight at the end of the colour scale */
  draw(weights: number[][], scale: number, source: TokenLabel[], target: TokenLabel[]): void {
    this.weights = weights;
    this.source = source;
    this.target = target;
    this.items.clear();
    this.places.clear();
    this.marked = [];
    this.current = { row: 0, column: 0 };

    const grid = element("div", "map");
    grid.setAttribute("role", "grid");
    grid.setAttribute("aria-label", "Cross-attention: French tokens by English tokens");
    grid.style.setProperty("--columns", String(source.length));
    grid.classList.toggle("roomy", source.length <= ROOMY);
    grid.classList.toggle("short", source.length <= 9 && source.every(({ text }) => text.length <= 7));

    const names = row();
    const corner = element("div", "corner");
    corner.setAttribute("role", "columnheader");
    corner.setAttribute("aria-label", "French");
    names.append(this.place(corner, { row: -1, column: -1 }));
    source.forEach((label, column) => names.append(this.name(label, { row: -1, column }, "columnheader")));
    grid.append(names);
    weights.forEach((values, r) => {
      const line = row();
      line.append(this.name(target[r], { row: r, column: -1 }, "rowheader"));
      values.forEach((value, column) => line.append(this.cell(value, value / scale, { row: r, column })));
      grid.append(line);
    });
    grid.append(this.bands.row, this.bands.column);
    clear(this.box).append(grid);
    this.item(this.current)?.setAttribute("tabindex", "0");
    this.mark(undefined);
  }

  private name(label: TokenLabel, place: Place, role: "columnheader" | "rowheader"): HTMLElement {
    const made = element("div", role === "rowheader" ? "name row-name" : "name column-name");
    made.append(element("span", label.special ? "special" : "", label.text));
    made.classList.toggle("upright", label.text.length <= 2);
    made.title = label.text;
    return this.add(made, place, role);
  }

  private cell(value: number, level: number, place: Place): HTMLElement {
    const text = Math.round(value * 100);
    const made = element("div", "cell", text > 0 ? String(text) : "");
    const { fill, ink } = heat(level);
    made.style.backgroundColor = fill;
    made.style.color = ink;
    made.setAttribute("aria-label", this.describe(place));
    return this.add(made, place, "gridcell");
  }

  private add(made: HTMLElement, place: Place, role: string): HTMLElement {
    made.setAttribute("role", role);
    made.tabIndex = -1;
    this.items.set(key(place), made);
    this.places.set(made, place);
    return this.place(made, place);
  }

  private place(made: HTMLElement, { row, column }: Place): HTMLElement {
    made.style.gridArea = `${row + 2} / ${column + 2}`;
    return made;
  }

  private item(place: Place): HTMLElement | undefined {
    return this.items.get(key(place));
  }

  private placeOf(target: EventTarget | null): Place | undefined {
    const item = target instanceof Element ? target.closest(".cell, .name") : null;
    return item ? this.places.get(item) : undefined;
  }

  private moveTo(place: Place | undefined): void {
    const next = place && this.item(place);
    if (!place || !next) return;
    this.item(this.current)?.setAttribute("tabindex", "-1");
    this.current = place;
    next.tabIndex = 0;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  private onKey(event: KeyboardEvent): void {
    const { row, column } = this.current;
    const step = STEPS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    let next: Place | undefined;
    if (step) next = { row: row + step[0], column: column + step[1] };
    else if (event.key === "Home") next = { row, column: row < 0 ? 0 : -1 };
    else if (event.key === "End") next = { row, column: this.source.length - 1 };
    else return;
    event.preventDefault();
    this.moveTo(next);
  }

  /** Marks the row and column of `place`; undefined marks nothing. */
  private mark(place: Place | undefined): void {
    for (const item of this.marked) item.classList.remove("marked");
    const { row, column } = place ?? { row: -1, column: -1 };
    this.marked = [this.item({ row, column: -1 }), this.item({ row: -1, column })].filter((item) => item !== undefined);
    for (const item of this.marked) item.classList.add("marked");
    this.bands.row.hidden = row < 0;
    this.bands.column.hidden = column < 0;
    this.bands.row.style.gridArea = `${row + 2} / 2 / auto / -1`;
    this.bands.column.style.gridArea = `2 / ${column + 2} / ${this.target.length + 2} / auto`;
    this.readout.textContent = place ? this.describe(place) : IDLE;
  }

  private describe({ row, column }: Place): string {
    if (row >= 0 && column >= 0) {
      return `“${this.target[row].text}” looked at “${this.source[column].text}”: ${percent(this.weights[row][column])}`;
    }
    const list = row >= 0 ? this.weights[row] : this.weights.map((values) => values[column]);
    const names = row >= 0 ? this.source : this.target;
    const best = list.map((value, i) => ({ value, text: names[i].text })).sort((a, b) => b.value - a.value);
    const top = best.slice(0, 3).map(({ value, text }) => `“${text}” ${percent(value)}`);
    return row >= 0
      ? `“${this.target[row].text}” looked most at ${top.join(", ")}`
      : `“${this.source[column].text}” was looked at most by ${top.join(", ")}`;
  }
}

const key = ({ row, column }: Place): string => `${row},${column}`;

function row(): HTMLElement {
  const made = element("div", "map-row");
  made.setAttribute("role", "row");
  return made;
}
