/** Runs a sequence of commands on two models in a page, many of them at a time, and says which rules did not hold. */

import type { Seq2Seq } from "../../../src/index";
import { ModelError } from "../../../src/index";
import { loadInThisThread } from "../shared/in-this-thread";
import { tinyCheckpoint } from "../shared/tiny";
import { bytesOn, callOf, compare, text, type FaultCase } from "./device-faults";
import { faults, install, state } from "./moments";
import { lose } from "./spare-device";

export type Command =
  | { do: "load"; model: number }
  /** Starts a call; nobody waits for it. */
  | { do: "call"; model: number; call: number }
  /** Aborts a call that runs. */
  | { do: "abort"; call: number }
  /** Takes one of the devices away, now or at a later submit. */
  | { do: "lose"; device: number }
  | { do: "lose later"; submits: number }
  | { do: "dispose"; model: number }
  | { do: "pause"; ms: number }
  /** Waits for all calls. */
  | { do: "settle" };

const rows = [[4, 5, 6, 7], [8, 9], [5]];
const long = { max_new_tokens: 12, eos_token_id: 0, output_scores: true };

export const CALLS: readonly FaultCase[] = [
  { call: "generate", rows, options: long },
  { call: "generate", rows, options: { ...long, num_beams: 3 } },
  { call: "generate", rows, options: { ...long, do_sample: true, seed: 7, num_return_sequences: 2 } },
  { call: "stream", rows, options: long },
  { call: "stream", rows: [rows[0]], options: { ...long, num_beams: 2 } },
  { call: "stream", rows, options: long, leaveAfter: 5 },
  { call: "forward", rows: [rows[0], rows[0]] },
];

interface Running {
  model: number;
  controller: AbortController;
  aborted: boolean;
  done: Promise<void>;
}

/** How long a call may take until it counts as one that hangs. */
const PATIENCE = 60_000;

let expected: string[][] | undefined;

const sourceOf = (model: number) => tinyCheckpoint({ layers: 1, seed: 278 + model, normFirst: model === 0 });

/** [model][call] */
async function expectations(): Promise<string[][]> {
  if (expected) return expected;
  const all = [];
  for (const number of [0, 1]) {
    const model = await loadInThisThread(sourceOf(number), { device: "webgpu" });
    const values = [];
    for (const call of CALLS)
      values.push(text(await callOf(model, call, new AbortController().signal, () => undefined)));
    await model.dispose();
    all.push(values);
  }
  return (expected = all);
}

/** @returns what did not hold; empty if all did */
export async function runCommands(commands: readonly Command[]): Promise<string[]> {
  install();
  faults();
  const values = await expectations();
  const liveBefore = state.live.size;
  const broken: string[] = [];
  const models: (Promise<Seq2Seq> | undefined)[] = [undefined, undefined];
  const disposed = new Set<Promise<Seq2Seq>>();
  const all: Promise<Seq2Seq>[] = [];
  let running: Running[] = [];

  const patient = (done: Promise<void>, what: string): Promise<void> => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        broken.push(`${what} hangs`);
        resolve();
      }, PATIENCE);
    });
    return Promise.race([done, late]).finally(() => clearTimeout(timer));
  };

  async function watch(run: Running, loading: Promise<Seq2Seq>, call: number): Promise<void> {
    const what = `call ${call} of model ${run.model}`;
    try {
      const model = await loading;
      const found = await callOf(model, CALLS[call], run.controller.signal, () => undefined);
      const outcome = compare(found, values[run.model][call]);
      const right = outcome === "same" || (outcome === "near" && model.device === "wasm");
      // A call that went from one device to the other may be near although the model is in WebAssembly by now.
      if (!right) broken.push(`${what} is ${outcome} on ${model.device}`);
    } catch (error) {
      const code = error instanceof ModelError ? error.code : (error as Error).name;
      const allowed = (code === "AbortError" && run.aborted) || (code === "disposed" && disposed.has(loading));
      if (!allowed) broken.push(`${what}: ${code}: ${(error as Error).message}`);
    }
  }

  const settle = async (): Promise<void> => {
    for (const { done, model } of running) await patient(done, `a call of model ${model}`);
    running = [];
  };

  for (const command of commands) {
    if (command.do === "load") {
      if (models[command.model]) continue;
      const loading = loadInThisThread(sourceOf(command.model), { device: "webgpu", onWarning: () => undefined });
      loading.catch((error: Error) => broken.push(`load of model ${command.model}: ${error.message}`));
      models[command.model] = loading;
      all.push(loading);
    } else if (command.do === "call") {
      const loading = models[command.model];
      if (!loading) continue;
      const run: Running = {
        model: command.model,
        controller: new AbortController(),
        aborted: false,
        done: Promise.resolve(),
      };
      run.done = watch(run, loading, command.call % CALLS.length);
      running.push(run);
    } else if (command.do === "abort") {
      const run = running[command.call % Math.max(1, running.length)] as Running | undefined;
      if (!run) continue;
      run.aborted = true;
      run.controller.abort();
    } else if (command.do === "lose") {
      const device = state.devices.slice(-2).at(command.device);
      if (device) lose(device);
    } else if (command.do === "lose later") {
      faults([{ method: "submit", at: command.submits }]);
    } else if (command.do === "dispose") {
      const loading = models[command.model];
      if (!loading) continue;
      disposed.add(loading);
      models[command.model] = undefined;
      void loading.then((model) => model.dispose()).catch(() => undefined);
    } else if (command.do === "pause") {
      await new Promise((resolve) => setTimeout(resolve, command.ms));
    } else {
      await settle();
    }
  }
  await settle();
  faults();
  // Every model that lives still answers.
  for (const [number, loading] of models.entries()) {
    if (!loading) continue;
    const run = { model: number, controller: new AbortController(), aborted: false, done: Promise.resolve() };
    await patient(watch(run, loading, 0), `the last call of model ${number}`);
  }
  for (const loading of all) {
    const model = await loading.catch(() => undefined);
    await model?.dispose();
    const bytes = model ? bytesOn(model) : 0;
    if (bytes > 0) broken.push(`${bytes} bytes are left on the device`);
  }
  for (let i = 0; i < 200 && state.live.size > liveBefore; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  if (state.live.size > liveBefore) broken.push(`${state.live.size - liveBefore} buffers are left`);
  return broken;
}
