/** The panel of the inputs of a stack: tokens, their ids, and the table of positions that is added to their embeddings. */

import { raster, tableOf, type RasterData } from "../../charts/raster";
import { h } from "../../ui/dom";
import { plural } from "../../ui/format";
import { table, tablesDetails } from "../../ui/table";
import type { Pass, Token } from "./pass";

/** Rows of a table of positions that are drawn: those in use, and as many to compare as fit. */
const MOST_POSITIONS = 256;

export function tokensPanel(side: "source" | "target", pass: Pass, step: number): HTMLElement {
  const isSource = side === "source";
  const tokens = isSource ? pass.source : pass.target.slice(0, step + 1);
  const states = (isSource ? pass.out.encoder_hidden_states : pass.out.decoder_hidden_states)![0];
  const { positions } = isSource ? pass.encoder : pass.decoder;
  const width = states.shape[2];
  const dimension = (i: number): string => `dimension ${i + 1}`;
  const sums: RasterData = {
    label: "What the first layer reads: embedding + position, one row per token",
    values: states.data.subarray(0, tokens.length * width),
    columns: width,
    rows: tokens.map(({ text }) => text),
    column: dimension,
    scale: "signed",
    rowHeight: 18,
  };
  const figures = [sums];
  if (positions) {
    const count = Math.min(positions.shape[0], MOST_POSITIONS);
    figures.push({
      label: `The table of positions, ${count} of ${positions.shape[0]} rows; the ${plural(tokens.length, "row")} in use are strong`,
      values: positions.data.subarray(0, count * width),
      columns: width,
      rows: Array.from({ length: count }, (_, i) => `position ${i}`),
      column: dimension,
      scale: "signed",
      marked: tokens.length,
    });
  }
  return h(
    "div",
    { class: "panel-body" },
    h(
      "p",
      { class: "intro" },
      isSource
        ? "The text is cut into pieces that the vocabulary knows. Each has a number, and each number has a row of the embedding."
        : "The decoder reads what it has written so far, one token more at each step. The first one is the start token.",
    ),
    tokenList(tokens),
    ...figures.map(raster),
    positions
      ? h(
          "p",
          { class: "soft" },
          "Without positions “dog bites man” and “man bites dog” would be the same to the model.",
        )
      : h(
          "p",
          { class: "soft" },
          "This family has no table: where a token stands comes into the scores of its attention.",
        ),
    tablesDetails("These numbers as tables", [
      { name: "Tokens and ids", make: () => idTable(tokens) },
      ...figures.map((figure) => ({ name: figure.label, make: () => tableOf(figure) })),
    ]),
  );
}

const tokenList = (tokens: readonly Token[]): HTMLElement =>
  h(
    "ol",
    { class: "token-list", "aria-label": "Tokens and ids", "data-testid": "token-list" },
    ...tokens.map(({ text, special, id }) =>
      h(
        "li",
        {},
        h("span", { class: special ? "special" : "" }, text),
        h("span", { class: "number soft" }, String(id)),
      ),
    ),
  );

const idTable = (tokens: readonly Token[]): HTMLTableElement =>
  table(
    "Tokens and ids",
    ["in the vocabulary", "id"],
    tokens.map(({ raw, id }, i) => [String(i), raw, String(id)]),
    "position",
  );
