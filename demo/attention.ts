/** The attention panel below the translation: the choice of layer and head, the map, its legend and its table. */

import { heatGradient } from "./colors";
import { byId, clear, element } from "./dom";
import type { Attention } from "./engine";
import { percent, tokenLabel, type TokenLabel } from "./format";
import { Heatmap } from "./heatmap";

/** Attention weights, (target, source). */
export type Weights = number[][];

const AVERAGE = "average";

export class AttentionPanel {
  private readonly layer = byId("layer", HTMLSelectElement);
  private readonly head = byId("head", HTMLSelectElement);
  private readonly side = byId("attention-side", HTMLElement);
  private readonly details = byId("attention-table", HTMLDetailsElement);
  private readonly box = byId("heatmap", HTMLElement);
  private readonly placeholder = this.box.querySelector(".placeholder")!;
  private readonly map = new Heatmap(this.box, byId("readout", HTMLElement));
  private attention?: Attention;

  constructor() {
    byId("legend-bar", HTMLElement).style.backgroundImage = heatGradient();
    this.layer.addEventListener("change", () => this.draw());
    this.head.addEventListener("change", () => this.draw());
    this.details.addEventListener("toggle", () => this.drawTable());
  }

  show(attention: Attention): void {
    if (attention.layers.length === 0) return this.hide();
    this.attention = attention;
    this.fillSelects(attention.layers.length, attention.layers[0].shape[1]);
    this.side.hidden = false;
    byId("attention-body", HTMLElement).classList.toggle("long", attention.source.length > 20);
    this.details.hidden = false;
    this.draw();
  }

  hide(): void {
    this.attention = undefined;
    this.side.hidden = true;
    this.details.hidden = true;
    clear(this.box).append(this.placeholder);
  }

  /** Keeps the user's choice for the next sentence. */
  private fillSelects(layers: number, heads: number): void {
    if (this.layer.options.length === layers && this.head.options.length === heads + 1) return;
    clear(this.layer);
    for (let i = 0; i < layers; i++) {
      const name = i === layers - 1 && layers > 1 ? `${i + 1} (last)` : `${i + 1}`;
      this.layer.append(new Option(name, String(i), i === layers - 1, i === layers - 1));
    }
    clear(this.head).append(new Option("all (average)", AVERAGE, true, true));
    for (let i = 0; i < heads; i++) this.head.append(new Option(`${i + 1}`, String(i)));
  }

  private draw(): void {
    if (!this.attention) return;
    const weights = this.weights(this.attention);
    const scale = Math.max(...weights.flat(), Number.EPSILON);
    byId("legend-max", HTMLElement).textContent = percent(scale);
    this.map.draw(weights, scale, this.labels("source"), this.labels("target"));
    this.drawTable();
  }

  private labels(side: "source" | "target"): TokenLabel[] {
    return this.attention?.[side].map(tokenLabel) ?? [];
  }

  private weights({ layers }: Attention): Weights {
    const { data, shape } = layers[Number(this.layer.value)];
    const [, heads, target, source] = shape;
    const chosen = this.head.value === AVERAGE ? [...Array(heads).keys()] : [Number(this.head.value)];
    return Array.from({ length: target }, (_, t) =>
      Array.from({ length: source }, (_, s) => {
        const sum = chosen.reduce((total, h) => total + data[(h * target + t) * source + s], 0);
        return sum / chosen.length;
      }),
    );
  }

  /** Draws the table only while it is open. */
  private drawTable(): void {
    const box = clear(this.details.querySelector<HTMLElement>(".table-scroll")!);
    if (!this.details.open || !this.attention) return;
    const caption = element("caption", "", "Share of attention in percent: French tokens by English tokens");
    const head = element("tr");
    const corner = element("td");
    head.append(corner, ...this.labels("source").map(({ text }) => header("col", text)));
    const target = this.labels("target");
    const rows = this.weights(this.attention).map((row, t) => {
      const tr = element("tr");
      tr.append(header("row", target[t].text), ...row.map((weight) => element("td", "", (weight * 100).toFixed(1))));
      return tr;
    });
    const table = element("table");
    const thead = element("thead");
    const tbody = element("tbody");
    thead.append(head);
    tbody.append(...rows);
    table.append(caption, thead, tbody);
    box.append(table);
  }
}

function header(scope: "row" | "col", text: string): HTMLTableCellElement {
  const th = element("th", "", text);
  th.scope = scope;
  return th;
}
