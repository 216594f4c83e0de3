/** How tokens are chosen: greedy, beams or sampling, with the options of each. */

import type { GenerationConfig } from "../../../src/index";
import { h } from "../../ui/dom";
import { number, segments } from "../../ui/field";

export type Search = "greedy" | "beams" | "sample";

const SEARCHES = [
  ["greedy", "Greedy"],
  ["beams", "Beams"],
  ["sample", "Sample"],
] as const;

/** What the address has of the search. */
const NAMES = ["beams", "best", "length", "temperature", "topk", "topp", "seed"] as const;
type Name = (typeof NAMES)[number];

export class SearchControls {
  search: Search = "greedy";
  private readonly numbers = {
    beams: number("Beams", 4, { min: 2, max: 16, step: 1 }, { "data-testid": "beams" }),
    best: number("Show the best", 3, { min: 1, max: 8, step: 1 }),
    length: number("Length penalty", 1, { min: -2, max: 4, step: 0.1 }),
    temperature: number("Temperature", 1, { min: 0.05, max: 5, step: 0.05 }),
    topk: number("Top k (0: all)", 50, { min: 0, max: 1000, step: 1 }),
    topp: number("Top p", 1, { min: 0, max: 1, step: 0.01 }),
    seed: number("Seed (empty: any)", undefined, { min: 0, max: 2 ** 32 - 1, step: 1 }, { "data-testid": "seed" }),
  };
  private readonly beamFields = h("div", { class: "fields", hidden: true });
  private readonly sampleFields = h("div", { class: "fields", hidden: true });
  readonly element: HTMLElement;

  constructor() {
    const { beams, best, length, temperature, topk, topp, seed } = this.numbers;
    this.beamFields.append(beams.field, best.field, length.field);
    this.sampleFields.append(temperature.field, topk.field, topp.field, seed.field);
    this.element = h(
      "div",
      { class: "search" },
      segments("How the next token is chosen", "search", SEARCHES, "greedy", (search) => this.choose(search)),
      this.beamFields,
      this.sampleFields,
    );
  }

  /** Options of `generate` and `stream`. */
  options(): GenerationConfig {
    const read = (name: Name): number | undefined => this.numbers[name].read();
    if (this.search === "beams") {
      const num_beams = Math.round(read("beams") ?? 4);
      const best = Math.min(num_beams, Math.round(read("best") ?? 1));
      return { num_beams, num_return_sequences: best, length_penalty: read("length") ?? 1, do_sample: false };
    }
    if (this.search === "greedy") return { num_beams: 1, num_return_sequences: 1, do_sample: false };
    const seed = read("seed");
    return {
      num_beams: 1,
      num_return_sequences: 1,
      do_sample: true,
      temperature: read("temperature") ?? 1,
      top_k: Math.round(read("topk") ?? 50),
      top_p: read("topp") ?? 1,
      ...(seed !== undefined && { seed: Math.round(seed) }),
    };
  }

  /** What a link has to say so that it does the same. */
  toLink(): Record<string, string> {
    const named: Name[] = { greedy: [], beams: NAMES.slice(0, 3), sample: NAMES.slice(3) }[this.search];
    const values = named.map((name) => [name, this.numbers[name].control.value] as const).filter(([, value]) => value);
    return this.search === "greedy" ? {} : { search: this.search, ...Object.fromEntries(values) };
  }

  fromLink(parameters: URLSearchParams): void {
    for (const name of NAMES) {
      const given = Number(parameters.get(name) ?? NaN);
      if (Number.isFinite(given)) this.numbers[name].control.value = String(given);
    }
    const wanted = parameters.get("search");
    const radio = this.element.querySelector<HTMLInputElement>(`input[value="${CSS.escape(wanted ?? "")}"]`);
    if (!radio) return;
    radio.checked = true;
    this.choose(radio.value as Search);
  }

  private choose(search: Search): void {
    this.search = search;
    this.beamFields.hidden = search !== "beams";
    this.sampleFields.hidden = search !== "sample";
  }
}
