/** The panel of the output: the most probable tokens of a step, how they came up layer by layer, and every step's choice. */

import { bars, type Bar } from "../../charts/bars";
import { lines } from "../../charts/lines";
import { h } from "../../ui/dom";
import { percent, tokenLabel } from "../../ui/format";
import { table, tableDetails } from "../../ui/table";
import { tokenizerOf } from "../translate/translation";
import { probabilityOf, topTokens, type Pass } from "./pass";

/** The bars of the most probable next tokens at a step. */
export async function nextBars(pass: Pass, step: number, count: number, layer?: number): Promise<Bar[]> {
  const { out, model, next } = pass;
  const { data, shape } = layer === undefined ? out.logits : out.layer_logits![layer];
  const tokenizer = tokenizerOf(model);
  return Promise.all(
    topTokens(data, shape[2], step, count).map(async ({ id, probability }) => {
      const { text, special } = tokenLabel(await tokenizer.token(id));
      const isEnd = model.config.eos_token_id.includes(id);
      const name = isEnd ? "end" : text;
      return {
        name,
        special: special || isEnd,
        share: probability,
        text: percent(probability),
        chosen: id === next[step]?.id,
      };
    }),
  );
}

export async function nextPanel(pass: Pass, step: number): Promise<HTMLElement> {
  const { out, next } = pass;
  const { layer_logits: layers } = out;
  const final = await nextBars(pass, step, 10);
  const each = await Promise.all((layers ?? []).map((_, layer) => nextBars(pass, step, 5, layer)));
  const vocabulary = out.logits.shape[2];
  const taken = next.map(({ id }, t) => probabilityOf(out.logits.data, vocabulary, t, id));
  const chosen = next[step];
  const rise = (layers ?? []).map(({ data }) => (chosen ? probabilityOf(data, vocabulary, step, chosen.id) : 0));
  return h(
    "div",
    { class: "panel-body" },
    h(
      "p",
      { class: "intro" },
      "The last vector of the decoder is compared with every row of the vocabulary; softmax makes probabilities of it. The model’s own, before any rule of the search.",
    ),
    h("h3", {}, `After “${pass.target[step].text}” comes`),
    bars("Probabilities of the next token", final),
    layers
      ? h(
          "div",
          { class: "lens" },
          h("h3", {}, "What it would be after each layer"),
          h(
            "div",
            { class: "figures" },
            ...each.map((list, layer) =>
              h("figure", {}, h("figcaption", {}, `Layer ${layer + 1}`), bars(`After layer ${layer + 1}`, list)),
            ),
          ),
          chosen &&
            h(
              "p",
              { class: "soft" },
              `“${chosen.text}” layer by layer: ${rise.map((share) => percent(share)).join(", ")}`,
            ),
        )
      : h("p", { class: "soft" }, "The logits after every layer would be too large for this vocabulary and text."),
    next.length > 1
      ? lines(
          "Probability of the token that was taken, at each step",
          [{ name: "probability", values: taken }],
          next.map(({ text }) => (next.length > 16 ? "" : text)),
          0,
        )
      : undefined,
    tableDetails("Probabilities per step as a table", () =>
      table(
        "The token taken at each step",
        ["token", "id", "probability"],
        next.map(({ text, id }, t) => [String(t + 1), text, String(id), percent(taken[t])]),
        "step",
      ),
    ),
  );
}
