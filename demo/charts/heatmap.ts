/**
 * A grid of values with names on both sides. One element of it is in the tab order, and arrow keys move from there. Pointing at
 * a cell or a name, or moving to it, marks its row and column and shows the number.
 */

import { clear, h } from "../ui/dom";
import { percent, type TokenLabel } from "../ui/format";
import { heat } from "./colors";

export interface MapData {
  /** [row][column]; NaN is a place that does not count, such as what the mask hides. */
  values: readonly (readonly number[])[];
  rows: readonly TokenLabel[];
  columns: readonly TokenLabel[];
  /** Of the whole map, for a screen reader. */
  label: string;
  /** What the ends of the colour scale stand for. */
  range: readonly [low: number, high: number];
  /** What joins the names of a cell: "looked at". */
  verb: string;
  /** A value in words. Default: percent. */
  read?: (value: number) => string;
  /** A value as it stands in its cell, where there is room. Default: whole percents above 0. */
  inCell?: (value: number) => string;
}

/** A cell or a name. Row -1 holds the names of the columns, column -1 those of the rows. */
export interface Place {
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

const wholePercent = (value: number): string => (Math.round(value * 100) > 0 ? String(Math.round(value * 100)) : "");

export class Heatmap {
  readonly element = h("div", { class: "map-scroll", "data-testid": "heatmap" });
  readonly readout = h("p", { class: "readout", "data-testid": "readout" }, IDLE);
  private data!: MapData;
  private items = new Map<string, HTMLElement>();
  private places = new Map<Element, Place>();
  private readonly bands = {
    row: h("div", { class: "band", "aria-hidden": "true" }),
    column: h("div", { class: "band", "aria-hidden": "true" }),
  };
  /** The element in the tab order. */
  private current: Place = { row: 0, column: 0 };
  private marked: HTMLElement[] = [];

  constructor() {
    const { element } = this;
    element.addEventListener("pointerover", (event) => this.mark(this.placeOf(event.target)));
    element.addEventListener("pointerleave", () => this.mark(this.placeOf(document.activeElement)));
    element.addEventListener("click", (event) => this.moveTo(this.placeOf(event.target)));
    element.addEventListener("focusin", (event) => this.mark(this.placeOf(event.target)));
    element.addEventListener("focusout", () => this.mark(undefined));
    element.addEventListener("keydown", (event) => this.onKey(event));
  }

  draw(data: MapData): void {
    const { values, rows, columns, label } = data;
    this.data = data;
    this.items.clear();
    this.places.clear();
    this.marked = [];
    this.current = { row: 0, column: 0 };

    const grid = h("div", { class: "map", role: "grid", "aria-label": label });
    grid.style.setProperty("--columns", String(columns.length));
    grid.classList.toggle("roomy", columns.length <= ROOMY);
    grid.classList.toggle("short", columns.length <= 9 && columns.every(({ text }) => text.length <= 7));

    const names = row();
    const corner = h("div", { class: "corner", role: "columnheader" }, hidden("token"));
    names.append(this.place(corner, { row: -1, column: -1 }));
    columns.forEach((name, column) => names.append(this.name(name, { row: -1, column }, "columnheader")));
    grid.append(names);
    values.forEach((cells, r) => {
      const line = row();
      line.append(this.name(rows[r], { row: r, column: -1 }, "rowheader"));
      cells.forEach((value, column) => line.append(this.cell(value, { row: r, column })));
      grid.append(line);
    });
    grid.append(this.bands.row, this.bands.column);
    clear(this.element).append(grid);
    this.item(this.current)?.setAttribute("tabindex", "0");
    this.mark(undefined);
  }

  private name(label: TokenLabel, place: Place, role: "columnheader" | "rowheader"): HTMLElement {
    const made = h("div", { class: role === "rowheader" ? "name row-name" : "name column-name", title: label.text });
    made.append(h("span", { class: label.special ? "special" : "" }, label.text));
    made.classList.toggle("upright", label.text.length <= 2);
    return this.add(made, place, role);
  }

  private cell(value: number, place: Place): HTMLElement {
    const { range, inCell = wholePercent } = this.data;
    const said = hidden(this.describe(place));
    if (Number.isNaN(value)) return this.add(h("div", { class: "cell masked" }, said), place, "gridcell");
    const { fill, ink } = heat((value - range[0]) / (range[1] - range[0]));
    const made = h("div", { class: "cell" }, h("span", { "aria-hidden": "true" }, inCell(value)), said);
    made.style.backgroundColor = fill;
    made.style.color = ink;
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
    else if (event.key === "End") next = { row, column: this.data.columns.length - 1 };
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
    this.bands.column.style.gridArea = `2 / ${column + 2} / ${this.data.rows.length + 2} / auto`;
    this.readout.textContent = place ? this.describe(place) : IDLE;
  }

  private describe({ row, column }: Place): string {
    const { values, rows, columns, verb, read = percent } = this.data;
    if (row >= 0 && column >= 0) {
      const value = values[row][column];
      const said = Number.isNaN(value) ? "hidden by the mask" : read(value);
      return `“${rows[row].text}” ${verb} “${columns[column].text}”: ${said}`;
    }
    const list = row >= 0 ? values[row] : values.map((cells) => cells[column]);
    const names = row >= 0 ? columns : rows;
    const best = list.map((value, i) => ({ value, text: names[i].text })).filter(({ value }) => !Number.isNaN(value));
    best.sort((a, b) => b.value - a.value);
    const top = best.slice(0, 3).map(({ value, text }) => `“${text}” ${read(value)}`);
    return `“${(row >= 0 ? rows[row] : columns[column]).text}”, ${row >= 0 ? "most" : "most of"}: ${top.join(", ")}`;
  }
}

const key = ({ row, column }: Place): string => `${row},${column}`;

/** What a screen reader says and nobody sees. */
const hidden = (text: string): HTMLElement => h("span", { class: "visually-hidden" }, text);

const row = (): HTMLElement => h("div", { class: "map-row", role: "row" });
