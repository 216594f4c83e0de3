/**
 * The engine of a model: its weights on a device, and another device where that one is lost. A lost device is found out by the
 * call that runs on it, or by the next one. The weights are read again from the model's source; calls go on from what they
 * have (src/generation/generate.ts). docs/decisions/0012-devices-that-come-back.md says why.
 */

import type { AdapterInfo } from "../backends/webgpu/adapter";
import type { Tuning } from "../backends/webgpu/tuning";
import { disposedError, invariant, messageOf, ModelError } from "../errors";
import { SessionPool } from "../generation/device/session-pool";
import type { Engine } from "../generation/engine";
import type { Model } from "../models/model";
import { zeroCounters, type Counters, type Memory, type Ops } from "../ops/ops";
import { untilAborted } from "../util/abort";
import { mapValues } from "../util/map-values";
import { anotherGpu, openBackend, withoutGpu, type Backend, type Computing, type SpeechOperations } from "./device";
import type { ModelFolder } from "./load";
import type { PlaceOptions } from "./place-weights";
import type { LoadOptions } from "./load-options";
import type { ProgressMeter } from "./progress";

/** How many GPU devices are tried one after the other in the place of one that is lost. */
const TRIES = 2;

/** Decoder positions of the session that is made at load: enough for a translation. */
const FIRST_TARGET = 256;

interface Placed extends Engine {
  adapter?: AdapterInfo;
  kernels?: () => Tuning;
}

interface OpenOptions extends Omit<PlaceOptions, "onBuilt"> {
  /** Receives the phases after the download. */
  meter?: ProgressMeter;
}

/** @param more operations that the model needs beside those of every backend */
type Open = (more?: SpeechOperations) => Promise<Backend>;

/** What a load asks for, and what each later engine gets. */
type Wanted = Required<Pick<LoadOptions, "device" | "onWarning">> & Computing;

export class Engines {
  private engine!: Placed;
  private replacing?: Promise<Placed>;
  /** Devices lost since a call last succeeded. */
  private losses = 0;
  /** Of the engines before this one. */
  private past: Counters = zeroCounters();
  private readonly disposal = new AbortController();

  private constructor(
    private readonly folder: ModelFolder,
    private readonly wanted: Wanted,
  ) {}

  static async open(folder: ModelFolder, options: OpenOptions & Wanted): Promise<Engines> {
    const { device, onWarning } = options;
    const engines = new Engines(folder, options);
    engines.engine = await engines.place((more) => openBackend(device, { ...options, more }, onWarning), options);
    return engines;
  }

  get device(): Ops["device"] {
    return this.engine.ops.device;
  }

  get adapter(): AdapterInfo | undefined {
    return this.engine.adapter;
  }

  get kernels(): Tuning | undefined {
    return this.engine.kernels?.();
  }

  get model(): Model {
    return this.engine.model;
  }

  memory(): Memory {
    return this.engine.ops.memory();
  }

  get pace(): Ops["pace"] {
    return this.engine.ops.pace;
  }

  /** Of all engines together. */
  counters(): Counters {
    return sumOf(this.engine.ops.counters(), this.past);
  }

  /** Runs a call, which begins on a device that works. */
  async run<T>(call: (engine: Engine) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const result = await call(await this.current(signal));
    this.losses = 0;
    return result;
  }

  /** The same for a call that yields. */
  async *iterate<T>(
    call: (engine: Engine) => AsyncGenerator<T, void, undefined>,
    signal?: AbortSignal,
  ): AsyncGenerator<T, void, undefined> {
    yield* call(await this.current(signal));
    this.losses = 0;
  }

  dispose(): void {
    this.disposal.abort(disposedError());
    this.engine.ops.dispose();
  }

  private async current(signal?: AbortSignal): Promise<Engine> {
    const { engine } = this;
    try {
      engine.ops.check();
      return engine;
    } catch (error) {
      // Whatever it was that ended the use of the device, another one may do better.
      return this.replace(engine, isLoss(error) ? error : failedDevice(error), signal);
    }
  }

  private async replace(failed: Placed, error: unknown, signal?: AbortSignal): Promise<Engine> {
    this.disposal.signal.throwIfAborted();
    signal?.throwIfAborted();
    if (!isLoss(error)) throw error;
    if (failed === this.engine) {
      this.replacing ??= this.reopen(error).finally(() => (this.replacing = undefined));
      return untilAborted(this.replacing, signal);
    }
    // Another call has met the loss before this one.
    return this.engine;
  }

  private async reopen(loss: ModelError): Promise<Placed> {
    const { engine: lost, losses } = this;
    const { signal } = this.disposal;
    lost.ops.dispose();
    this.losses++;
    const placing = this.place((more) => this.anotherGpu(more), { format: this.wanted.format, signal }, loss);
    const engine = await placing.catch((error: unknown) => {
      // The next call may try as often again.
      this.losses = losses;
      throw error;
    });
    if (signal.aborted) engine.ops.dispose();
    signal.throwIfAborted();
    this.past = sumOf(this.past, lost.ops.counters());
    return (this.engine = engine);
  }

  /**
   * Brings the weights to a device; where it is lost meanwhile, to another one, at last to none of the GPU's.
   * @param loss the loss of the device before, if there was one
   */
  private async place(openFirst: Open, options: OpenOptions, loss?: ModelError): Promise<Placed> {
    const { onWarning, device } = this.wanted;
    let open = openFirst;
    /** Why a GPU that was opened does not do: it computes something else than it should. */
    let refusal: ModelError | undefined;
    for (;;) {
      const gpu = this.losses <= TRIES && !refusal;
      try {
        const opened = await this.openEngine(
          gpu ? open : (more) => withoutGpu({ ...this.wanted, more }, onWarning),
          options,
        );
        if (refusal) {
          onWarning(`load: ${refusal.message} The model runs without it (${opened.ops.device}), which is slower.`);
        } else if (!gpu) {
          const message = `The GPU device was lost ${this.losses} times in a row. The model goes on without it (${opened.ops.device}), which is slower.`;
          onWarning(message);
        }
        return opened;
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!loss && !refusal && device === "auto" && hasCode(error, "unsupported_device")) {
          refusal = error;
          continue;
        }
        const mayGoOn = loss ? gpu && isOfGpu(error) : isLoss(error);
        if (!mayGoOn) throw loss ? notAgain(loss, error) : error;
        loss ??= error as ModelError;
        this.losses++;
        open = (more) => this.anotherGpu(more);
      }
    }
  }

  /** A software adapter is slower than WebAssembly, so it will do only where "webgpu" was asked for by name. */
  private anotherGpu(more?: SpeechOperations): Promise<Backend> {
    const { device, onWarning } = this.wanted;
    return anotherGpu(device === "webgpu", { ...this.wanted, more }, onWarning);
  }

  private async openEngine(open: Open, options: OpenOptions): Promise<Placed> {
    const { signal, meter } = options;
    let backend: Backend | undefined;
    const createOps = async (more?: SpeechOperations): Promise<Ops> => {
      backend = await open(more);
      return backend.ops;
    };
    let starting: Promise<SessionPool> | undefined;
    const onBuilt = (model: Model, ops: Ops): void => {
      starting = firstSession(model, ops);
      // If loading fails, the caller gets that error instead.
      starting.catch(() => undefined);
    };
    const { ops, model } = await this.folder.place(createOps, { ...options, onBuilt });
    try {
      meter?.phase("upload", "weights");
      meter?.phase("compile", "shaders");
      const sessions = await starting;
      invariant(sessions, "load: the model was never built");
      signal?.throwIfAborted();
      ops.check();
      const engine: Placed = {
        ops,
        model,
        sessions,
        adapter: backend?.adapter,
        kernels: backend?.kernels,
        replacement: (error, signal) => this.replace(engine, error, signal),
      };
      return engine;
    } catch (error) {
      ops.dispose();
      throw error;
    }
  }
}

const sumOf = (a: Counters, b: Counters): Counters => mapValues(a, (count, name) => count + b[name]);

/**
 * Makes the pool of sessions and, on a GPU, a first session for a short sentence. That compiles the kernels while the weights
 * are still arriving, and not in the first call.
 */
async function firstSession(model: Model, ops: Ops): Promise<SessionPool> {
  const sessions = new SessionPool(ops, model);
  if (ops.device === "webgpu") {
    const targetLength = Math.min(model.info.maxTargetLength, FIRST_TARGET);
    const sourceLength = model.info.features?.least ?? 1;
    const session = await sessions.take({ batchSize: 1, width: 1, endTokens: 1, sourceLength, targetLength });
    await session.select();
    sessions.give(session);
  }
  return sessions;
}

const hasCode = (error: unknown, ...codes: ModelError["code"][]): error is ModelError =>
  error instanceof ModelError && codes.includes(error.code);

const isLoss = (error: unknown): error is ModelError => hasCode(error, "device_lost");

/** Whether another device, or none, may do better. */
const isOfGpu = (error: unknown): boolean => hasCode(error, "device_lost", "unsupported_device", "out_of_memory");

const failedDevice = (cause: unknown): ModelError =>
  new ModelError("device_lost", `The GPU device has failed: ${messageOf(cause)}`, "Load the model again.", { cause });

function notAgain(loss: ModelError, cause: unknown): ModelError {
  return new ModelError(
    "device_lost",
    `${loss.message} The model could not be loaded again: ${messageOf(cause)}`,
    hasCode(cause, "invalid_source", "file_not_found")
      ? "A source that gives its files only once can't be read again: load the model anew, from one that can."
      : "Call again to try again, or load the model anew.",
    { cause },
  );
}
