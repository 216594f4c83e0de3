/** The waveform of a sound, with the place that is playing and the word that is heard there. Pressing it goes there, arrow keys move by five seconds. */

import { h } from "../ui/dom";
import { clock } from "../ui/format";

/** Bars across the width. */
const BARS = 400;

/** A stretch of the sound, in seconds. */
export interface Stretch {
  start: number;
  end: number;
}

export class Waveform {
  private readonly canvas = h("canvas", {
    class: "waveform",
    role: "slider",
    tabindex: 0,
    "aria-label": "Place in the sound",
    "aria-valuemin": 0,
    "aria-valuenow": 0,
  });
  readonly element = this.canvas;
  private peaks: number[] = [];
  private duration = 0;
  private time = 0;
  private word?: Stretch;

  /** @param seek the visitor chose this second */
  constructor(seek: (time: number) => void) {
    const { canvas } = this;
    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      seek(((event.clientX - box.left) / box.width) * this.duration);
    });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -5, ArrowRight: 5 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      seek(Math.min(this.duration, Math.max(0, this.time + step)));
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** @param samples of one channel; empty where the browser cannot decode the sound */
  set(samples: Float32Array, duration: number): void {
    const each = Math.max(1, Math.floor(samples.length / BARS));
    this.duration = duration;
    this.peaks = Array.from({ length: Math.min(BARS, Math.ceil(samples.length / each)) }, (_, i) =>
      samples.subarray(i * each, (i + 1) * each).reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    );
    this.canvas.setAttribute("aria-valuemax", duration.toFixed(1));
    this.at(0);
  }

  /**
   * Marks this second as the one that plays.
   * @param word that is heard there
   */
  at(time: number, word?: Stretch): void {
    this.time = time;
    this.word = word;
    this.canvas.setAttribute("aria-valuenow", time.toFixed(1));
    this.canvas.setAttribute("aria-valuetext", `${clock(time)} of ${clock(this.duration)}`);
    this.draw();
  }

  private draw(): void {
    const { canvas, peaks } = this;
    const style = getComputedStyle(canvas);
    canvas.width = BARS * 3;
    canvas.height = 120;
    const context = canvas.getContext("2d")!;
    const loudest = Math.max(1e-6, ...peaks);
    const played = this.duration > 0 ? (this.time / this.duration) * peaks.length : 0;
    if (this.word && this.duration > 0) {
      const x = (time: number): number => (time / this.duration) * canvas.width;
      context.globalAlpha = 0.25;
      context.fillStyle = style.getPropertyValue("accent-color");
      context.fillRect(x(this.word.start), 0, Math.max(2, x(this.word.end) - x(this.word.start)), canvas.height);
      context.globalAlpha = 1;
    }
    peaks.forEach((peak, i) => {
      const height = Math.max(2, (peak / loudest) * 116);
      context.fillStyle = style.getPropertyValue(i < played ? "accent-color" : "color");
      context.fillRect((i * canvas.width) / peaks.length, 60 - height / 2, 2, height);
    });
  }
}
