/** The line of figures under a translation: what the engine took, token by token, and at its end what it says itself. */

import type { Seq2Seq, Stats } from "../../../src/index";
import { sparkline } from "../../charts/sparkline";
import { clear, h } from "../../ui/dom";
import { DEVICE_NAMES, megabytes, milliseconds, NONE, plural, rate } from "../../ui/format";

export class Speed {
  private readonly values = {
    encode: h("dd", { "data-testid": "encode" }, NONE),
    first: h("dd", { "data-testid": "first-token" }, NONE),
    each: h("dd", { class: "chart", "data-testid": "per-token" }, NONE),
    rate: h("dd", { "data-testid": "tokens-per-second" }, NONE),
    count: h("dd", { "data-testid": "token-count" }, NONE),
    memory: h("dd", { "data-testid": "memory" }, NONE),
    device: h("dd", { "data-testid": "ran-on" }, NONE),
  };
  readonly element = h(
    "dl",
    { class: "facts" },
    pair("Encoder", this.values.encode),
    pair("First token", this.values.first),
    pair("Per token", this.values.each),
    pair("Speed", this.values.rate),
    pair("Length", this.values.count),
    pair("Device", this.values.device),
    pair("Memory", this.values.memory),
  );
  private begun = 0;
  private times: number[] = [];

  start(): void {
    this.begun = performance.now();
    this.times = [];
    for (const value of Object.values(this.values)) clear(value).append(NONE);
  }

  /** A token has come. */
  tick(): void {
    const now = performance.now();
    if (this.times.length === 0) this.values.first.textContent = milliseconds(now - this.begun);
    this.times.push(now);
    this.values.count.textContent = plural(this.times.length, "token");
    const tokensPerSecond = ((this.times.length - 1) * 1000) / (now - this.times[0]);
    if (this.times.length > 1 && Number.isFinite(tokensPerSecond)) {
      this.values.rate.textContent = `${rate(tokensPerSecond)} tokens/s`;
    }
  }

  /**
   * The figures of the engine take the place of those that the page saw.
   * @param length tokens of the output
   */
  end({ encode_ms, time_to_first_token_ms, decode_ms, steps }: Stats, length: number, model: Seq2Seq): void {
    const { encode, first, each, rate: speed, count, memory, device } = this.values;
    encode.textContent = milliseconds(encode_ms);
    first.textContent = milliseconds(time_to_first_token_ms);
    count.textContent = plural(length, "token");
    device.textContent = DEVICE_NAMES[model.device];
    const { weights, cache, activations, staging } = model.memory();
    memory.textContent = megabytes(weights + cache + activations + staging);
    if (steps < 2) return;
    // A step adds a token to every beam: what counts is the output.
    const ms = decode_ms / (steps - 1);
    clear(each).append(milliseconds(ms));
    speed.textContent = `${rate(1000 / ms)} tokens/s`;
    const gaps = this.times.slice(1).map((time, i) => time - this.times[i]);
    if (gaps.length < 2) return;
    const longest = milliseconds(Math.max(...gaps));
    each.append(sparkline(gaps, `Time from token to token as the page saw it, longest ${longest}`));
  }
}

const pair = (name: string, value: HTMLElement): HTMLElement => h("div", {}, h("dt", {}, name), value);
