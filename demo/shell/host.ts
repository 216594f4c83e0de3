/** The model that Translate and Look inside share: loads it, swaps it, and tells the views. */

import { ModelError, Seq2Seq, type LoadOptions, type LoadProgress } from "../../src/index";
import type { Device } from "../ui/format";
import { Task } from "../ui/task";
import { OWN_MODEL, type ModelChoice } from "./model-source";

export type Dtype = NonNullable<LoadOptions["dtype"]>;

export interface HostState {
  phase: "loading" | "ready" | "failed";
  choice: ModelChoice;
  /** Of the loaded model; before that, what is asked for. */
  device: Device | "auto";
  dtype: Dtype;
  /** Works while another one is loading, until that takes its place. */
  model?: Seq2Seq;
  progress?: LoadProgress;
  /** Why the last load failed. */
  error?: unknown;
  /** From the call to the loaded model. */
  tookMs?: number;
  /** A sentence on what became of the last request. */
  note?: string;
}

export class ModelHost {
  state: HostState = { phase: "loading", choice: OWN_MODEL, device: "auto", dtype: "auto" };
  /** Where the visitor wants models to run. */
  asked: Device | "auto" = "auto";
  /** What the engine warned of since the page was opened. */
  readonly warnings: string[] = [];
  private readonly listeners: ((state: HostState) => void)[] = [];
  private readonly task = new Task();

  /** Calls `listener` now and after every change. */
  subscribe(listener: (state: HostState) => void): void {
    this.listeners.push(listener);
    listener(this.state);
  }

  /** The previous model works until the next one is loaded, and afterwards is freed. */
  load(next: Partial<Pick<HostState, "choice" | "device" | "dtype">>): Promise<void> {
    const before = this.state;
    const asked = this.asked;
    this.asked = next.device ?? asked;
    const wanted = {
      choice: next.choice ?? before.choice,
      device: next.device ?? before.device,
      dtype: next.dtype ?? before.dtype,
    };
    return this.task.start(async (signal) => {
      const begun = performance.now();
      this.change({ ...wanted, phase: "loading", progress: undefined, error: undefined, note: undefined });
      try {
        const model = await Seq2Seq.load(wanted.choice.source, {
          device: wanted.device,
          dtype: wanted.dtype,
          signal,
          onProgress: (progress) => this.change({ progress }),
          onWarning: (warning) => this.warnings.push(warning),
        });
        const old = this.state.model;
        // What the engine says is the truth, whatever was asked for.
        this.change({ phase: "ready", model, device: model.device, tookMs: performance.now() - begun });
        await old?.dispose();
      } catch (error) {
        if (this.task.isOvertaken(signal)) return;
        this.asked = asked;
        this.giveUp(error, signal.aborted, before);
      }
    });
  }

  cancel(): void {
    this.task.stop();
  }

  /** Frees a model that no longer works, such as one whose GPU was lost. */
  async drop(): Promise<void> {
    const { model } = this.state;
    this.change({ model: undefined });
    await model?.dispose();
  }

  /** If there was a model before, it still works. */
  private giveUp(error: unknown, cancelled: boolean, before: HostState): void {
    const { model } = this.state;
    const kept = model && { choice: before.choice, device: model.device, dtype: before.dtype };
    if (cancelled && kept) {
      this.change({
        ...kept,
        phase: "ready",
        tookMs: undefined,
        note: `Cancelled; ${before.choice.name} still works.`,
      });
    } else {
      const shown = cancelled ? new Error("Loading was cancelled.") : error;
      this.change({ ...kept, phase: "failed", error: shown });
    }
  }

  private change(part: Partial<HostState>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener(this.state);
  }
}

/** Whether another device might do what this one could not. */
export const isDeviceTrouble = (error: unknown): boolean =>
  error instanceof ModelError &&
  ["unsupported_device", "device_lost", "out_of_memory", "internal"].includes(error.code);

/** Whether the model is gone and has to be loaded again. */
export const isGone = (error: unknown): boolean =>
  error instanceof ModelError && ["device_lost", "worker_lost", "disposed"].includes(error.code);
