/** Makes WebGPU fail in a page, one way at a time, and reports what the public API says. Each runs in a fresh page. */

import { checkSupport, ModelError, type Seq2Seq, type GenerateOutput, type Support } from "../../../src/index";
import { loadInThisThread } from "../shared/in-this-thread";
import { tinyCheckpoint } from "../shared/tiny";

export interface Failure {
  name: string;
  code: string;
  message: string;
  hint: string;
}

async function failureOf(call: () => Promise<unknown>): Promise<Failure> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code, hint } = error instanceof ModelError ? error : { code: "", hint: "" };
    return { name: error.name, code, message: error.message, hint: hint ?? "" };
  }
  return { name: "", code: "", message: "nothing was thrown", hint: "" };
}

const ids = [4, 5, 6, 7];
const load = (device: "webgpu" | "auto" = "webgpu") => loadInThisThread(tinyCheckpoint(), { device });
/** Sixty steps of a model whose end token never comes. */
const long = { max_new_tokens: 60, eos_token_id: 0 };

export async function withoutWebGpu(): Promise<{ failure: Failure; reason?: string; auto: string }> {
  Object.defineProperty(navigator, "gpu", { value: undefined });
  const failure = await failureOf(() => load());
  const { reason } = await checkSupport();
  const model = await load("auto");
  const auto = model.device;
  await model.dispose();
  return { failure, reason, auto };
}

export async function withoutAdapter(): Promise<{ failure: Failure; webgpu: boolean }> {
  navigator.gpu.requestAdapter = () => Promise.resolve(null);
  return { failure: await failureOf(() => load()), webgpu: (await checkSupport()).webgpu };
}

export async function refusedDevice(): Promise<Failure> {
  GPUAdapter.prototype.requestDevice = () => Promise.reject(new DOMException("no more devices", "OperationError"));
  return failureOf(() => load());
}

/** A buffer that the device cannot allocate. */
export async function outOfMemory(): Promise<Failure> {
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (descriptor.label?.startsWith("decode")) throw new RangeError("createBuffer: out of memory");
    return createBuffer.call(this, descriptor);
  };
  return failureOf(() => load());
}

export async function aborted(): Promise<{ loading: Failure; generating: Failure; tokens: number; same: boolean }> {
  const loading = await failureOf(() =>
    loadInThisThread(tinyCheckpoint(), {
      device: "webgpu",
      signal: AbortSignal.abort(new DOMException("stop", "AbortError")),
    }),
  );
  const model = await load();
  const before = await model.generate(ids, long);
  const controller = new AbortController();
  let tokens = 0;
  const generating = await failureOf(async () => {
    for await (const step of model.stream(ids, { ...long, signal: controller.signal })) {
      if (step) tokens++;
      if (tokens === 3) controller.abort();
    }
  });
  const again = await model.generate(ids, long);
  await model.dispose();
  return { loading, generating, tokens, same: JSON.stringify(before.sequences) === JSON.stringify(again.sequences) };
}

export async function disposed(): Promise<{ during: Failure; after: Failure; forward: Failure }> {
  const model = await load();
  const running = failureOf(() => model.generate(ids, long));
  await model.dispose();
  await model.dispose();
  return {
    during: await running,
    after: await failureOf(() => model.generate(ids)),
    forward: await failureOf(() => model.forward({ input_ids: ids, decoder_input_ids: [1] })),
  };
}

export async function adapterIsSaid(): Promise<{ adapter: Seq2Seq["adapter"]; supported: boolean; support: Support }> {
  const model = await load();
  const { adapter } = model;
  await model.dispose();
  const support = await checkSupport();
  const supported = support.webgpu && support.adapter?.description === adapter?.description;
  return { adapter, supported, support };
}

/** Several calls at once give what they give one after the other. */
export async function concurrent(): Promise<boolean> {
  const model = await load();
  const inputs = [[4], [5, 6, 7, 8], [9, 10], [4, 5, 6, 7, 8, 9, 10, 11]];
  const all = await Promise.all(inputs.map((row) => model.generate(row, long)));
  const one: GenerateOutput[] = [];
  for (const row of inputs) one.push(await model.generate(row, long));
  await model.dispose();
  return JSON.stringify(all.map((o) => o.sequences)) === JSON.stringify(one.map((o) => o.sequences));
}
