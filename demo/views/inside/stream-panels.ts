/** The panels of what happens to one token by itself: the feed-forward, and the residual stream through the layers. */

import type { HostTensor } from "../../../src/index";
import { bars } from "../../charts/bars";
import { lines } from "../../charts/lines";
import { h } from "../../ui/dom";
import { select } from "../../ui/field";
import { digits, percent } from "../../ui/format";
import { table, tableDetails } from "../../ui/table";
import type { Choice } from "./attention-panel";
import { layerChoice } from "./layer-choice";
import type { Pass, Token } from "./pass";

type Side = "encoder" | "decoder";

const partsOf = (side: Side, { out, encoder, decoder, source, target }: Pass) =>
  side === "encoder"
    ? { hidden: encoder.feed_forward, states: out.encoder_hidden_states!, tokens: source }
    : { hidden: decoder.feed_forward, states: out.decoder_hidden_states!, tokens: target };

/** A menu of the source's tokens. */
function tokenMenu(tokens: readonly Token[], chosen: number, choice: StreamChoice, change: () => void): HTMLElement {
  const { field, control } = select(
    "Token",
    tokens.map(({ text }, i) => [String(i), `${i}: ${text}`] as const),
    { "data-testid": "panel-token" },
  );
  control.value = String(chosen);
  control.addEventListener("change", () => {
    choice.token = Number(control.value);
    change();
  });
  return field;
}

export interface StreamChoice extends Choice {
  /** Of the source; the decoder's is that of the step. */
  token: number;
}

/** How many units are listed by name. */
const LISTED = 16;

export function feedForwardPanel(
  side: Side,
  pass: Pass,
  step: number,
  choice: StreamChoice,
  change: () => void,
): HTMLElement {
  const { hidden, tokens } = partsOf(side, pass);
  const token = side === "encoder" ? Math.min(choice.token, tokens.length - 1) : step;
  const layer = Math.min(choice.layer, hidden.length - 1);
  const width = hidden[layer].shape[2];
  const units = hidden[layer].data.subarray(token * width, (token + 1) * width);
  const order = Array.from(units.keys()).sort((a, b) => units[b] - units[a]);
  const active = order.filter((unit) => units[unit] > 0).length;
  const highest = Math.max(Number.EPSILON, units[order[0]]);
  const name = `“${tokens[token].text}”`;
  return h(
    "div",
    { class: "panel-body" },
    h(
      "p",
      { class: "intro" },
      "Each token by itself goes through a wide layer of units. A unit that is above 0 adds its row to the token’s vector.",
    ),
    layerChoice(hidden.length, layer, (next) => {
      choice.layer = next;
      change();
    }),
    side === "encoder" && h("div", { class: "fields" }, tokenMenu(tokens, token, choice, change)),
    h(
      "p",
      {},
      `${active} of ${width} units (${percent(active / width)}) are above 0 for ${name} in layer ${layer + 1}.`,
    ),
    lines(
      `Units sorted by activation, token ${name}`,
      [{ name: "activation", values: order.map((unit) => units[unit]) }],
      sparse(width),
      0,
    ),
    h("h3", {}, "The strongest units"),
    bars(
      "The strongest units",
      order.slice(0, LISTED).map((unit) => ({
        name: `unit ${unit}`,
        share: Math.max(0, units[unit] / highest),
        text: digits(units[unit]),
      })),
    ),
  );
}

/** Names of the first and the last of `count` places. */
const sparse = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i === 0 ? "strongest" : i === count - 1 ? `${count}th` : ""));

export function residualPanel(
  side: Side,
  pass: Pass,
  step: number,
  choice: StreamChoice,
  change: () => void,
): HTMLElement {
  const { states, tokens: all } = partsOf(side, pass);
  const tokens = side === "encoder" ? all : all.slice(0, step + 1);
  const token = side === "encoder" ? Math.min(choice.token, tokens.length - 1) : step;
  const list = tokens.map(({ text }, t) => ({ name: text, values: states.map((layer) => norm(layer, t)) }));
  const ticks = states.map((_, i) => (i === 0 ? "embedding" : `layer ${i}`));
  const menu = side === "encoder" && tokenMenu(tokens, token, choice, change);
  return h(
    "div",
    { class: "panel-body" },
    h(
      "p",
      { class: "intro" },
      "Every part of a layer adds to the vector of a token. This is how long that vector is after each layer; the last one is after the final norm of the stack where it has one.",
    ),
    menu,
    lines(`Length (L2 norm) of each token’s vector; “${tokens[token].text}” is strong`, list, ticks, token),
    tableDetails("The same numbers as a table", () =>
      table(
        "Length of each token’s vector",
        ticks,
        list.map(({ name, values }) => [name, ...values.map(digits)]),
        "token",
      ),
    ),
  );
}

/** The length of row t of (1, T, D). */
function norm({ data, shape }: HostTensor, t: number): number {
  const width = shape[2];
  return Math.hypot(...data.subarray(t * width, (t + 1) * width));
}
