/** The line of figures under a translation: what the engine took, token by token. */

import { sparkline } from "../../charts/sparkline";
import { clear, h } from "../../ui/dom";
import { megabytes, milliseconds, NONE, rate } from "../../ui/format";

export class Speed {
  private readonly values = {
    first: h("dd", { "data-testid": "first-token" }, NONE),
    rate: h("dd", { "data-testid": "tokens-per-second" }, NONE),
    count: h("dd", { "data-testid": "token-count" }, NONE),
    memory: h("dd", { "data-testid": "memory" }, NONE),
    chart: h("dd", { class: "chart" }, NONE),
  };
  readonly element = h(
    "dl",
    { class: "facts" },
    pair("First token", this.values.first),
    pair("Speed", this.values.rate),
    pair("Length", this.values.count),
    pair("Memory", this.values.memory),
    pair("Time per token", this.values.chart),
  );
  private begun = 0;
  private times: number[] = [];

  start(): void {
    this.begun = performance.now();
    this.times = [];
    for (const name of ["first", "rate", "count"] as const) this.values[name].textContent = NONE;
    clear(this.values.chart).append(NONE);
  }

  /** A token has come. */
  tick(): void {
    const now = performance.now();
    if (this.times.length === 0) this.values.first.textContent = milliseconds(now - this.begun);
    this.times.push(now);
    this.values.count.textContent = `${this.times.length} ${this.times.length === 1 ? "token" : "tokens"}`;
    const tokensPerSecond = ((this.times.length - 1) * 1000) / (now - this.times[0]);
    if (this.times.length > 1 && Number.isFinite(tokensPerSecond)) {
      this.values.rate.textContent = `${rate(tokensPerSecond)} tokens/s`;
    }
  }

  /** @param bytes on the device */
  end(bytes: number): void {
    this.values.memory.textContent = bytes ? megabytes(bytes) : NONE;
    const each = this.times.slice(1).map((time, i) => time - this.times[i]);
    if (each.length < 2) return;
    const median = [...each].sort((a, b) => a - b)[each.length >> 1];
    const label = `Median ${milliseconds(median)}, longest ${milliseconds(Math.max(...each))}`;
    clear(this.values.chart).append(sparkline(each, label), h("span", {}, milliseconds(median)));
  }

  /** A search that gives everything at its end: figures of its `stats`. */
  show(stats: { time_to_first_token_ms: number; decode_tokens_per_s: number; tokens: number }, bytes: number): void {
    this.values.first.textContent = milliseconds(stats.time_to_first_token_ms);
    this.values.rate.textContent = stats.decode_tokens_per_s ? `${rate(stats.decode_tokens_per_s)} tokens/s` : NONE;
    this.values.count.textContent = `${stats.tokens} tokens`;
    this.end(bytes);
  }
}

const pair = (name: string, value: HTMLElement): HTMLElement => h("div", {}, h("dt", {}, name), value);
