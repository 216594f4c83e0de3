/** The architecture of the loaded model, drawn as the paper does: blocks to press, with what flows between them. */

import { button, clear, h } from "../../ui/dom";
import type { Pass } from "./pass";

export type Block =
  | "source-tokens"
  | "encoder-attention"
  | "encoder-feed-forward"
  | "encoder-residual"
  | "target-tokens"
  | "decoder-attention"
  | "cross-attention"
  | "decoder-feed-forward"
  | "decoder-residual"
  | "next";

export class Blocks {
  readonly element = h("div", { class: "blocks", "data-testid": "blocks" });
  private readonly buttons = new Map<Block, HTMLButtonElement>();

  constructor(private readonly choose: (block: Block) => void) {}

  draw({ out, source, target, encoder, decoder }: Pass, next: HTMLElement): void {
    this.buttons.clear();
    const encoderLayers = encoder.self_attention.length;
    const decoderLayers = decoder.self_attention.length;
    const heads = out.decoder_attentions![0].shape[1];
    const encoderHeads = out.encoder_attentions![0].shape[1];
    const width = out.encoder_last_hidden_state.shape[2];
    const inner = encoder.feed_forward[0].shape[2];
    clear(this.element).append(
      stack(
        "Encoder",
        `${encoderLayers} layers, width ${width}`,
        this.block("source-tokens", "Tokens + positions", `${source.length} tokens`),
        repeated(
          encoderLayers,
          this.block("encoder-attention", "Self-attention", `${encoderHeads} heads`),
          this.block("encoder-feed-forward", "Feed-forward", `${inner} units`),
        ),
        this.block("encoder-residual", "Residual stream", "norms by layer"),
      ),
      h("div", { class: "flow", "aria-hidden": "true" }, h("span", {}, "K, V"), h("span", { class: "arrow" }, "→")),
      stack(
        "Decoder",
        `${decoderLayers} layers, width ${out.decoder_hidden_states![0].shape[2]}`,
        this.block("target-tokens", "Tokens so far + positions", `${target.length} tokens`),
        repeated(
          decoderLayers,
          this.block("decoder-attention", "Masked self-attention", `${heads} heads`),
          this.block("cross-attention", "Cross-attention", `reads the encoder, ${heads} heads`),
          this.block("decoder-feed-forward", "Feed-forward", `${decoder.feed_forward[0].shape[2]} units`),
        ),
        this.block("decoder-residual", "Residual stream", "norms by layer"),
      ),
      h("div", { class: "flow", "aria-hidden": "true" }, h("span", {}, "logits"), h("span", { class: "arrow" }, "→")),
      stack(
        "Next word",
        `of ${out.logits.shape[2]}`,
        this.block("next", "Probabilities", "after each layer, at each step"),
        next,
      ),
    );
  }

  mark(block: Block): void {
    for (const [name, made] of this.buttons) made.setAttribute("aria-pressed", String(name === block));
  }

  private block(name: Block, title: string, facts: string): HTMLElement {
    const made = button("", () => this.choose(name), {
      class: "block",
      "data-testid": `block-${name}`,
      "aria-pressed": "false",
    });
    made.append(h("span", { class: "block-title" }, title), h("span", { class: "block-facts" }, facts));
    this.buttons.set(name, made);
    return made;
  }
}

const stack = (title: string, facts: string, ...blocks: HTMLElement[]): HTMLElement =>
  h("section", { class: "stack" }, h("h2", {}, title, h("span", { class: "soft" }, ` ${facts}`)), ...blocks);

const repeated = (times: number, ...blocks: HTMLElement[]): HTMLElement =>
  h("div", { class: "repeated" }, h("span", { class: "times" }, `× ${times}`), ...blocks);
