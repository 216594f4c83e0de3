/** The panel of an attention: its heads as small pictures, one of them large, and the way from scores to result. */

import type { HostTensor, AttentionInternals } from "../../../src/index";
import { levels } from "../../charts/colors";
import { Heatmap, type MapData } from "../../charts/heatmap";
import { legend } from "../../charts/legend";
import { pngOf } from "../../charts/png";
import { raster, tableOf } from "../../charts/raster";
import { thumbnail } from "../../charts/thumbnail";
import { button, h } from "../../ui/dom";
import { digits, percent } from "../../ui/format";
import { save } from "../../ui/save";
import { table, tableDetails, tablesDetails } from "../../ui/table";
import { headOf, matrix, type Head } from "./attention-math";
import { layerChoice } from "./layer-choice";
import type { Pass, Token } from "./pass";

export type Kind = "encoder-attention" | "decoder-attention" | "cross-attention";

/** What of the panel stays when another block, step or sentence comes. */
export interface Choice {
  layer: number;
  head: number | "average";
}

interface Parts {
  /** Per layer. */
  internals: AttentionInternals[];
  weights: HostTensor[];
  rows: Token[];
  columns: Token[];
  causal: boolean;
  intro: string;
}

function partsOf(kind: Kind, { out, encoder, decoder, source, target }: Pass): Parts {
  if (kind === "encoder-attention") {
    const intro =
      "Every token of the source looks at every other one. A row is a token that looks, a column one that is looked at.";
    const internals = encoder.self_attention;
    return { internals, weights: out.encoder_attentions!, rows: source, columns: source, causal: false, intro };
  }
  if (kind === "decoder-attention") {
    const intro = "A token of the output looks at itself and at those before it; the mask hides what comes later.";
    const internals = decoder.self_attention;
    return { internals, weights: out.decoder_attentions!, rows: target, columns: target, causal: true, intro };
  }
  const intro =
    "What the decoder reads of the source while it writes: a row is a token that it has read, a column one of the source.";
  const internals = decoder.cross_attention;
  return { internals, weights: out.cross_attentions!, rows: target, columns: source, causal: false, intro };
}

/** @param step how many tokens the decoder has read, less one */
export function attentionPanel(kind: Kind, pass: Pass, step: number, choice: Choice, change: () => void): HTMLElement {
  const { internals, weights, rows: all, columns, causal, intro } = partsOf(kind, pass);
  const layer = Math.min(choice.layer, weights.length - 1);
  const heads = weights[layer].shape[1];
  const head = choice.head === "average" ? "average" : Math.min(choice.head, heads - 1);
  // The decoder has not read what comes after this step.
  const rows = kind === "encoder-attention" ? all : all.slice(0, step + 1);
  const shown = matrix(weights[layer], head).slice(0, rows.length);
  const values = causal ? shown.map((row, t) => row.slice(0, rows.length).map((w, s) => (s > t ? NaN : w))) : shown;
  const names = causal ? rows : columns;
  const title = head === "average" ? "the average of all heads" : `head ${head + 1}`;
  const high = levels(values.flat(), "share").high;
  const data: MapData = {
    values,
    rows,
    columns: names,
    label: `Attention of layer ${layer + 1}, ${title}`,
    range: [0, high],
    verb: "looked at",
  };
  const map = new Heatmap();
  map.draw(data);
  const one = head === "average" ? undefined : headOf(internals[layer], weights[layer], head);
  return h(
    "div",
    { class: "panel-body" },
    h("p", { class: "intro" }, intro),
    layerChoice(weights.length, layer, (next) => {
      choice.layer = next;
      change();
    }),
    headChoice(weights[layer], rows.length, head, (next) => {
      choice.head = next;
      change();
    }),
    h("h3", {}, `Layer ${layer + 1}, ${title}`),
    map.element,
    h("div", { class: "map-foot" }, legend("0", percent(high)), map.readout),
    tableDetails("The same numbers as a table, in percent", () =>
      table(
        data.label,
        names.map(({ text }) => text),
        values.map((row, t) => [rows[t].text, ...row.map((w) => (Number.isNaN(w) ? "masked" : (w * 100).toFixed(1)))]),
        "token",
      ),
    ),
    h(
      "div",
      { class: "buttons" },
      button("Save as CSV", () => save("attention.csv", csv(rows, names, values), "text/csv"), { class: "quiet" }),
      button("Save as PNG", () => void pngOf(values, high).then((image) => save("attention.png", image)), {
        class: "quiet",
      }),
    ),
    one
      ? stages(one, rows, names, causal, internals[layer].scale, pass.decoder.positions !== undefined)
      : h("p", { class: "soft" }, "Choose one head to see its Q, K, V and scores."),
  );
}

function headChoice(
  weights: HostTensor,
  rows: number,
  chosen: number | "average",
  choose: (head: number | "average") => void,
) {
  const { data, shape } = weights;
  const [, heads, targets, sources] = shape;
  const stamp = (name: string, head: number | "average", values: ArrayLike<number>): HTMLElement => {
    const high = Math.max(Number.EPSILON, ...Array.from(values));
    const made = button("", () => choose(head), {
      class: "head",
      "aria-pressed": String(head === chosen),
      "data-testid": `head-${head === "average" ? head : head + 1}`,
    });
    made.append(thumbnail(values, sources, high), h("span", {}, name));
    return made;
  };
  const average = matrix(weights, "average").slice(0, rows).flat();
  const each = Array.from({ length: heads }, (_, head) => {
    const start = head * targets * sources;
    return stamp(`Head ${head + 1}`, head, data.subarray(start, start + rows * sources));
  });
  return h(
    "div",
    { class: "heads", role: "group", "aria-label": "Head" },
    stamp("Average", "average", average),
    ...each,
  );
}

/** Four panels with the same axes, and the Q, K and V that they are made of. */
function stages(
  head: Head,
  rows: Token[],
  columns: Token[],
  causal: boolean,
  scale: number,
  hasTable: boolean,
): HTMLElement {
  const { width } = head;
  const cut = (values: number[][], hide: boolean): number[] =>
    values
      .slice(0, rows.length)
      .flatMap((row, t) => row.slice(0, columns.length).map((v, s) => (hide && s > t ? NaN : v)));
  const names = rows.map(({ text }) => text);
  const column = (i: number): string => `to ${columns[i].text}`;
  const pictures = [
    {
      label: `1. Scores: Q·K × ${digits(scale)}${hasTable ? "" : ", before the position bias of this family"}`,
      values: cut(head.scores, false),
      columns: columns.length,
      scale: "signed" as const,
    },
    {
      label: causal ? "2. With the causal mask" : "2. With the mask (one sentence: nothing to hide)",
      values: cut(head.scores, causal),
      columns: columns.length,
      scale: "signed" as const,
    },
    {
      label: "3. Softmax: each row adds up to 1",
      values: cut(head.weights, causal),
      columns: columns.length,
      scale: "share" as const,
    },
  ].map((picture) => ({ ...picture, rows: names, column, rowHeight: 18 }));
  const strip = (label: string, values: Float32Array, tokens: Token[]) => ({
    label,
    values: values.subarray(0, tokens.length * width),
    columns: width,
    rows: tokens.map(({ text }) => text),
    column: (i: number) => `dimension ${i + 1}`,
    scale: "signed" as const,
    rowHeight: 18,
  });
  const result = strip("4. Weights × V: what each token takes along", head.result, rows);
  const strips = [
    strip("Q: what each token asks for", head.query, rows),
    strip("K: what each token offers", head.key, columns),
    strip("V: what is read of it", head.value, columns),
  ];
  const everything = [...pictures, result, ...strips];
  return h(
    "div",
    { class: "stages", "data-testid": "stages" },
    h("h3", {}, "From scores to result"),
    h("div", { class: "figures" }, ...pictures.map(raster), raster(result)),
    h("h3", {}, `Q, K and V of this head: tokens × ${width} dimensions`),
    h("div", { class: "figures" }, ...strips.map(raster)),
    tablesDetails(
      "All of these numbers as tables",
      everything.map((data) => ({ name: data.label, make: () => tableOf(data) })),
    ),
  );
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

const csv = (rows: Token[], columns: Token[], values: number[][]): string =>
  [
    ["token", ...columns.map(({ text }) => text)].map(quoted).join(","),
    ...values.map((row, t) => [quoted(rows[t].text), ...row.map((w) => (Number.isNaN(w) ? "" : String(w)))].join(",")),
  ].join("\n");
