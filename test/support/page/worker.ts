/** Models in a worker and in the page: everything that the public API does, as plain data, so that the two can be compared. */

import {
  ModelError,
  Seq2Seq,
  Translator,
  type GenerateOutput,
  type GenerationConfig,
  type LoadOptions,
  type Source,
} from "../../../src/index";
import { tinyCheckpoint } from "../shared/tiny";
export { busy, longTasks } from "./long-tasks";

const vocab = Object.fromEntries(Array.from({ length: 19 }, (_, i) => [i === 2 ? "</s>" : `w${i}`, i]));

/** A tiny model with a tokenizer, whose files are read by a function in the page. */
const tiny = () =>
  tinyCheckpoint({}, (files) => {
    files["tokenizer.json"] = JSON.stringify({
      model: { type: "WordLevel", vocab, unk_token: "w0" },
      pre_tokenizer: { type: "Whitespace" },
      added_tokens: [{ id: 2, content: "</s>", special: true }],
    });
  });

const rows = [[4, 5, 6, 7], [8], [9, 10, 11, 12, 13, 14, 15]];
const pair = { sourceLanguage: "en", targetLanguage: "fr" };

const CALLS: GenerationConfig[] = [
  {},
  { num_beams: 3, num_return_sequences: 2, output_scores: true },
  { do_sample: true, seed: 7, top_k: 5, output_alternatives: 2 },
  { output_attentions: true, output_hidden_states: true },
  { num_beams: 2, prefix_allowed_tokens: (_row, ids) => [2, 4 + (ids.length % 9), 5, 6] },
  { prefix_allowed_tokens: async (row) => Promise.resolve([2, 4 + row, 9]) },
];

async function outcome(call: () => unknown): Promise<unknown> {
  try {
    const result = await call();
    if (!(typeof result === "object" && result !== null && Symbol.asyncIterator in result)) return result;
    const items: unknown[] = [];
    for await (const item of result as AsyncIterable<unknown>) items.push(item);
    return items;
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: error };
    const { name, message, cause } = error;
    const own = error instanceof ModelError ? { code: error.code, hint: error.hint } : {};
    return { name, message, ...own, cause: cause instanceof Error ? `${cause.name}: ${cause.message}` : cause };
  }
}

const shapes = (value: unknown): unknown =>
  value instanceof Float32Array
    ? { shape: (value as { shape?: number[] }).shape, sum: Math.round(1e4 * value.reduce((a, b) => a + b, 0)) }
    : Array.isArray(value)
      ? value.map(shapes)
      : value;

function withoutTimes({ stats, ...output }: GenerateOutput): unknown {
  const parts = Object.entries(output as object).map(([name, value]) => [name, shapes(value)]);
  return { ...Object.fromEntries(parts), tokens: stats.tokens, steps: stats.steps };
}

/** Every method of the public classes, right and wrong. */
export async function everything(device: Seq2Seq["device"], worker: boolean): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const note = async (name: string, call: () => unknown): Promise<void> => void (found[name] = await outcome(call));
  const warnings: string[] = [];
  const progress: unknown[] = [];
  const model = await Seq2Seq.load(tiny(), {
    device,
    worker,
    onWarning: (warning) => void warnings.push(warning),
    // Without the speed, which is another one each time.
    onProgress: ({ phase, file, loaded, total }) => void progress.push({ phase, file, loaded, total }),
  });
  found.facts = [
    model.device,
    model.config,
    model.limits,
    model.memory(),
    model.tokenizerProblem,
    model.tokenizer?.languages,
  ];
  found.frozen = Object.isFrozen(model.config) && Object.isFrozen(model.config.file);

  for (const [i, options] of CALLS.entries()) {
    await note(`generate ${i}`, async () =>
      withoutTimes(await model.generate(rows, { max_new_tokens: 9, ...options })),
    );
    const { output_attentions: _, output_hidden_states: __, ...others } = options;
    await note(`stream ${i}`, () => model.stream([4, 5], { max_new_tokens: 9, ...others, num_return_sequences: 1 }));
  }
  await note("generateText", async () => (await model.generateText(["w4 w5", "w9"], { max_new_tokens: 5 })).texts);
  await note("streamText", () => model.streamText("w4 w5", { max_new_tokens: 5 }));
  await note("forward", async () => {
    const { logits, ...states } = await model.forward(
      { input_ids: rows, decoder_input_ids: rows.map(() => [1, 5]) },
      { output_attentions: true, output_hidden_states: true },
    );
    return [logits.shape, shapes(logits.data), Object.entries(states).map(([name, value]) => [name, shapes(value)])];
  });
  await note("tokenizer", async () => {
    const ids = await model.tokenizer!.encode("w4 w5");
    return [
      ids,
      await model.tokenizer!.decode(ids),
      await model.tokenizer!.token(4),
      await model.tokenizer!.forcedBosTokenId("fr"),
    ];
  });

  const translator = await Translator.create({ model, ...pair, generation: { max_new_tokens: 6 } });
  await note("translate", () => translator.translate("w4 w5.\n\nw6"));
  await note("translateStreaming", () => translator.translateStreaming("w4 w5. w6"));
  await note("align", async () => (await translator.align("w4 w5")).map(({ alignment: _, ...segment }) => segment));
  await note("measureInputUsage", () => translator.measureInputUsage("w4 w5"));
  await note("availability", () => Translator.availability({ model, ...pair }));

  const mine = new RangeError("mine");
  const enough = new Error("enough");
  await note("unknown option", () => model.generate(rows, { beams: 2 } as object));
  await note("wrong ids", () => model.generate([400]));
  await note("a function in the place of a number", () => model.generate(rows, { num_beams: (() => 3) as never }));
  await note("wrong text", () => model.generateText(3 as never));
  await note("wrong stream", () => model.stream(rows, { output_attentions: true }));
  await note("own error", () =>
    model
      .generate(rows, {
        prefix_allowed_tokens: () => {
          throw mine;
        },
      })
      .catch((error: unknown) => error === mine),
  );
  await note("aborted before", () =>
    model.generate(rows, { signal: AbortSignal.abort(enough) }).catch((error: unknown) => error === enough),
  );
  await note("aborted in the middle", () => {
    const controller = new AbortController();
    const prefix_allowed_tokens = (_: number, ids: number[]) => {
      if (ids.length === 4) controller.abort(enough);
      return [4, 5, 6];
    };
    const call = model.generate(rows, { signal: controller.signal, prefix_allowed_tokens, max_new_tokens: 30 });
    return call.catch((error: unknown) => error === enough);
  });
  await note("left early", async () => {
    const seen: number[] = [];
    for await (const { token } of model.stream([4, 5], { max_new_tokens: 9 })) if (seen.push(token) === 2) break;
    return seen;
  });
  await note("abort error", () => {
    const controller = new AbortController();
    controller.abort();
    return model.generate(rows, { signal: controller.signal });
  });
  await note("together", async () => {
    const calls = rows.map((row) => model.generate(row, { max_new_tokens: 9 }));
    return (await Promise.all(calls)).map(({ sequences }) => sequences);
  });
  found.memory = { ...model.memory(), cache: 0, activations: 0, staging: 0 };
  found.inputs = rows;

  const running = model.generate(rows, { max_new_tokens: 60, eos_token_id: 0 });
  const [, ended] = await Promise.all([model.dispose(), outcome(() => running)]);
  found.disposed = [(ended as { code?: string }).code, model.memory()];
  await note("after dispose", () => model.generate(rows));
  translator.destroy();
  await note("after destroy", () => translator.translate("w4"));
  await note("own error in progress", () =>
    Seq2Seq.load(tiny(), {
      device,
      worker,
      onProgress: () => {
        throw mine;
      },
    }).catch((error: unknown) => error === mine),
  );
  await note("own error in read", () => Seq2Seq.load({ read: () => Promise.reject(mine) }, { device, worker }));
  await note("no model", () => Seq2Seq.load("/test/browser", { device, worker }));
  await note("aborted load", () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(enough);
    return Seq2Seq.load(tiny(), { device, worker, signal: controller.signal, onProgress }).catch(
      (error: unknown) => error === enough,
    );
  });
  return { ...found, warnings, progress: progress.map((event) => JSON.stringify(event)) };
}

let kept: Seq2Seq | undefined;
/** A call that ends only with its model. */
let endless: Promise<unknown> | undefined;

/** Loads a model in a worker and starts a call that does not end. */
export async function startEndless(): Promise<void> {
  kept = await Seq2Seq.load(tiny(), { device: "cpu" });
  const wait = () => new Promise<number[]>(() => undefined);
  endless = outcome(() => kept!.generate([4], { prefix_allowed_tokens: wait }));
  await kept.generate([5], { max_new_tokens: 1 });
}

/** How the call ended, how the next one on the same model ends, and whether a new model works. */
export async function afterCrash(): Promise<{ running: unknown; next: unknown; memory: number; again: number }> {
  const running = await endless;
  const next = await outcome(() => kept!.generate([4]));
  const { weights } = kept!.memory();
  await kept!.dispose();
  const model = await Seq2Seq.load(tiny(), { device: "cpu" });
  const { sequences } = await model.generate([4], { max_new_tokens: 3 });
  await model.dispose();
  return { running, next, memory: weights, again: sequences[0].length };
}

/** Where a model runs if no worker can start, and what it says. */
export async function withoutWorker(
  how: "missing" | "throws" | "fails" | "silent",
): Promise<{ warnings: string[]; ids: number }> {
  const constructors: Record<typeof how, unknown> = {
    missing: undefined,
    throws: class {
      constructor() {
        throw new DOMException("refused", "SecurityError");
      }
    },
    fails: class extends EventTarget {
      constructor() {
        super();
        setTimeout(() => this.dispatchEvent(new Event("error")), 5);
      }
      terminate() {}
    },
    silent: class extends EventTarget {
      terminate() {}
    },
  };
  const { setTimeout } = globalThis;
  const soon = (call: () => void, ms: number) => setTimeout(call, ms === 30_000 ? 10 : ms);
  Object.assign(globalThis, { Worker: constructors[how], setTimeout: soon });
  const warnings: string[] = [];
  const onWarning = (warning: string) => void warnings.push(warning);
  const model = await Seq2Seq.load(tiny(), { device: "cpu", onWarning });
  const { sequences } = await model.generate([4], { max_new_tokens: 3 });
  await model.dispose();
  return { warnings, ids: sequences[0].length };
}

/** Sources that are sent to the worker and sources that stay in the page, with the arrays that they deliver. */
export async function sources(options: LoadOptions): Promise<Record<string, unknown>> {
  const folder = new URL("/test/goldens/vanilla/pre-norm-learned-silu/", location.href);
  const names = ["config.json", "model.safetensors"];
  const files = await Promise.all(
    names.map(async (name) => new File([await (await fetch(new URL(name, folder))).arrayBuffer()], name)),
  );
  const bytes = new Map<string, Uint8Array>();
  for (const file of files) bytes.set(file.name, new Uint8Array(await file.arrayBuffer()));
  const root = await navigator.storage.getDirectory();
  const directory = await root.getDirectoryHandle("sources", { create: true });
  for (const file of files) {
    const writable = await (await directory.getFileHandle(file.name, { create: true })).createWritable();
    await writable.write(file);
    await writable.close();
  }
  class Reader {
    read(path: string): Uint8Array | undefined {
      return bytes.get(path);
    }
  }
  const given: Record<string, Source> = {
    address: folder.pathname,
    relative: "../goldens/vanilla/pre-norm-learned-silu",
    url: folder,
    files,
    directory,
    "a directory that is no handle": {
      name: "own",
      getFileHandle: (name: string) => directory.getFileHandle(name),
      getDirectoryHandle: (name: string) => directory.getDirectoryHandle(name),
    } as unknown as FileSystemDirectoryHandle,
    "bytes by read": new Reader(),
    "a blob by read": { read: (path) => files.find(({ name }) => name === path) },
    "a stream by read": { read: (path) => files.find(({ name }) => name === path)?.stream() },
    "a response by read": { read: (path) => fetch(new URL(path, folder)) },
  };
  const found: Record<string, unknown> = {};
  for (const [name, source] of Object.entries(given)) {
    found[name] = await outcome(async () => {
      const model = await Seq2Seq.load(source, options);
      const { sequences } = await model.generate([14, 5], { max_new_tokens: 4, min_new_tokens: 4 });
      await model.dispose();
      return sequences;
    });
  }
  found["bytes that are left"] = [...bytes.values()].every(({ length }) => length > 0);
  await root.removeEntry("sources", { recursive: true });
  return found;
}
