/** Look inside: one sentence through the model, block by block, with every tensor on the way. */

import type { Seq2Seq } from "../../../src/index";
import { bars } from "../../charts/bars";
import { isGone } from "../../shell/host";
import type { Page, View } from "../../shell/page";
import { announce } from "../../ui/announce";
import { button, clear, h } from "../../ui/dom";
import { ErrorPanel } from "../../ui/error";
import { Task } from "../../ui/task";
import { attentionPanel } from "./attention-panel";
import { Blocks, type Block } from "./blocks";
import { nextBars, nextPanel } from "./next-panel";
import { computePass, type Pass } from "./pass";
import { Steps } from "./steps";
import { feedForwardPanel, residualPanel, type StreamChoice } from "./stream-panels";
import { tokensPanel } from "./tokens-panel";
import { Tour } from "./tour";

const TITLES: Record<Block, string> = {
  "source-tokens": "Tokens of the source, and their positions",
  "encoder-attention": "Self-attention of the encoder",
  "encoder-feed-forward": "Feed-forward of the encoder",
  "encoder-residual": "Residual stream of the encoder",
  "target-tokens": "Tokens of the output so far, and their positions",
  "decoder-attention": "Masked self-attention of the decoder",
  "cross-attention": "Cross-attention: reading the source",
  "decoder-feed-forward": "Feed-forward of the decoder",
  "decoder-residual": "Residual stream of the decoder",
  next: "The next word",
};

export function createInside({ host, sentence, link }: Page): View {
  const task = new Task();
  const errors = new ErrorPanel();
  const choice: StreamChoice = { layer: Infinity, head: "average", token: 0 };
  let pass: Pass | undefined;
  let block: Block = "cross-attention";
  let step = 0;

  const source = h("input", { type: "text", "data-testid": "inside-source", autocomplete: "off", spellcheck: "false" });
  const go = h("button", { type: "submit", class: "primary", "data-testid": "inside-go", disabled: true }, "Look");
  const form = h("form", { class: "row" }, h("label", { class: "field grow" }, h("span", {}, "Sentence"), source), go);
  const note = h("p", { class: "soft", "data-testid": "inside-note" });
  const preview = h("div", { class: "preview" });
  const panel = h("section", { class: "panel", "aria-labelledby": "panel-title", "data-testid": "panel" });
  const blocks = new Blocks((next) => select(next));
  const steps = new Steps((next) => {
    step = next;
    void drawStep();
  });
  const tour = new Tour((stop, index) => {
    if (index === 3) choice.head = 0;
    select(stop.block);
  });
  const guide = button("Take the tour", () => tour.start(guide), { class: "quiet", "data-testid": "tour-start" });
  const bar = h("div", { class: "inside-bar", hidden: true }, steps.element, guide);
  const element = h("div", { class: "inside" }, form, note, errors.element, bar, tour.element, blocks.element, panel);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });

  function look(): void {
    const { model, phase } = host.state;
    const text = source.value;
    if (!model || phase === "loading" || text.trim() === "") return;
    void task.start((signal) => run(model, text, signal));
  }

  async function run(model: Seq2Seq, text: string, signal: AbortSignal): Promise<void> {
    errors.hide();
    note.textContent = "Computing …";
    document.documentElement.dataset.state = "working";
    const same = sentence.text === text && sentence.model === model;
    try {
      const { sequence, languages = {} } = sentence;
      pass = await computePass(model, text, same ? languages : languagesOf(model), same ? sequence : undefined, signal);
      if (task.isOvertaken(signal)) return;
      link({ text, block });
      step = Math.min(step, pass.target.length - 1);
      const written = pass.next.map((token) => token.text).join(" ");
      note.textContent = "";
      announce(`The model writes: ${written}`);
      bar.hidden = false;
      await drawStep();
    } catch (error) {
      if (signal.aborted) return;
      note.textContent = "";
      pass = undefined;
      bar.hidden = true;
      clear(blocks.element);
      clear(panel);
      if (isGone(error)) void host.drop();
      errors.show(error, isGone(error) ? { "Load the model again": () => void host.load({}) } : {});
    } finally {
      if (!task.isOvertaken(signal)) document.documentElement.dataset.state = "idle";
    }
  }

  async function drawStep(): Promise<void> {
    if (!pass) return;
    const drawn = pass;
    steps.set(
      drawn.target.map((_, t) => drawn.next[t]?.text ?? ""),
      step,
    );
    blocks.draw(drawn, preview);
    blocks.mark(block);
    const list = await nextBars(drawn, step, 3);
    clear(preview).append(bars("Most probable next tokens", list));
    await drawPanel();
  }

  function select(next: Block): void {
    block = next;
    blocks.mark(block);
    if (pass) link({ text: pass.text, block });
    void drawPanel();
  }

  async function drawPanel(): Promise<void> {
    if (!pass) return;
    const wanted = { pass, block, step };
    const redraw = (): void => void drawPanel();
    const body = await bodyOf(wanted.pass, wanted.block, wanted.step, redraw);
    if (wanted.pass !== pass || wanted.block !== block || wanted.step !== step) return;
    const focus = panel.contains(document.activeElement)
      ? document.activeElement?.getAttribute("data-testid")
      : undefined;
    clear(panel).append(h("h2", { id: "panel-title" }, TITLES[block]), body);
    // What was pressed has been drawn anew.
    if (focus) panel.querySelector<HTMLElement>(`[data-testid="${focus}"]`)?.focus();
  }

  async function bodyOf(pass: Pass, block: Block, step: number, redraw: () => void): Promise<HTMLElement> {
    if (choice.layer === Infinity) choice.layer = pass.decoder.cross_attention.length - 1;
    switch (block) {
      case "source-tokens":
        return tokensPanel("source", pass, step);
      case "target-tokens":
        return tokensPanel("target", pass, step);
      case "encoder-feed-forward":
        return feedForwardPanel("encoder", pass, step, choice, redraw);
      case "decoder-feed-forward":
        return feedForwardPanel("decoder", pass, step, choice, redraw);
      case "encoder-residual":
        return residualPanel("encoder", pass, step, choice, redraw);
      case "decoder-residual":
        return residualPanel("decoder", pass, step, choice, redraw);
      case "next":
        return nextPanel(pass, step);
      default:
        return attentionPanel(block, pass, step, choice, redraw);
    }
  }

  let onScreen = false;
  host.subscribe(({ model, phase }) => {
    go.disabled = !model || phase === "loading";
    if (pass && model !== pass.model) pass = undefined;
    if (onScreen && !pass && model && phase === "ready") look();
  });

  return {
    element,
    show(parameters) {
      onScreen = true;
      const asked = parameters.get("block");
      if (asked && asked in TITLES) block = asked as Block;
      const text = parameters.get("text") ?? (sentence.text || pass?.text || "She gave me a red book.");
      if (pass?.text === text && sentence.text !== text) return;
      source.value = text;
      step = Number.MAX_SAFE_INTEGER;
      look();
    },
    hide() {
      onScreen = false;
      task.stop();
    },
  };
}

/** Of a model of several languages: the first pair that its files name. */
function languagesOf({ tokenizer }: Seq2Seq): { sourceLanguage?: string; targetLanguage?: string } {
  const pair = tokenizer?.languagePairs?.[0];
  const languages = tokenizer?.languages;
  return { sourceLanguage: pair?.source ?? languages?.[0], targetLanguage: pair?.target ?? languages?.[1] };
}
