/** The model behind the page: loads it on a device, translates with timing, and computes the attention. */

import { ModelError, Seq2Seq, type AdapterInfo, type HostTensor, type LoadProgress, type Memory } from "../src/index";

export type Device = "webgpu" | "wasm" | "cpu";

const MODEL = new URL("./models/en-fr/", document.baseURI);

/** Measurements of one translation so far. */
export interface Timing {
  tokens: number;
  firstTokenMs: number;
  /** Counts the tokens after the first one; undefined below two tokens. */
  tokensPerSecond?: number;
}

export interface Translation extends Timing {
  /** All of the French so far. */
  text: string;
  sourceIds: number[];
  /** Generated tokens, without the start token. */
  targetIds: number[];
}

/** Cross-attention per layer, (1, heads, target, source), and the token names of both axes. */
export interface Attention {
  layers: HostTensor[];
  source: string[];
  target: string[];
}

export class Engine {
  private model?: Seq2Seq;

  get loaded(): boolean {
    return this.model !== undefined;
  }

  get device(): Device | undefined {
    return this.model?.device;
  }

  get adapter(): AdapterInfo | undefined {
    return this.model?.adapter;
  }

  /** Loads the model on `device`, or where the engine itself would. The previous model works until then; afterwards it is freed. */
  async load(
    device: Device | "auto",
    signal: AbortSignal,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<void> {
    const next = await Seq2Seq.load(MODEL, { device, signal, onProgress });
    try {
      if (!next.tokenizer) throw new ModelError("file_not_found", "The model has no tokenizer.json.");
      if (next.config.decoder_start_token_id === undefined) {
        throw new ModelError("invalid_config", "config.json: there is no decoder_start_token_id.");
      }
    } catch (error) {
      await next.dispose();
      throw error;
    }
    const previous = this.model;
    this.model = next;
    await previous?.dispose();
  }

  /** Frees a model that no longer works, such as one whose GPU was lost. */
  async drop(): Promise<void> {
    const { model } = this;
    this.model = undefined;
    await model?.dispose();
  }

  /** Bytes on the device. */
  memory(): number {
    const memory: Memory | undefined = this.model?.memory();
    return memory ? memory.weights + memory.cache + memory.activations + memory.staging : 0;
  }

  /** Yields after every token. The last value is the finished translation. */
  async *translate(text: string, signal: AbortSignal): AsyncGenerator<Translation, void, undefined> {
    const { model, tokenizer } = this.parts();
    const sourceIds = await tokenizer.encode(text);
    const targetIds: number[] = [];
    let french = "";
    let first = 0;
    const start = performance.now();
    for await (const { token } of model.stream(sourceIds, { signal })) {
      const now = performance.now();
      if (targetIds.length === 0) first = now;
      targetIds.push(token);
      const decoded = await tokenizer.decode(targetIds);
      // An unfinished character decodes to U+FFFD; it is shown when its other bytes have come.
      if (!decoded.endsWith("\ufffd")) french = decoded;
      const seconds = (now - first) / 1000;
      yield {
        text: french,
        sourceIds,
        targetIds,
        tokens: targetIds.length,
        firstTokenMs: first - start,
        tokensPerSecond: seconds > 0 ? (targetIds.length - 1) / seconds : undefined,
      };
    }
  }

  /** One pass over the finished sentence. */
  async attention({ sourceIds, targetIds }: Translation): Promise<Attention> {
    const { model, tokenizer } = this.parts();
    const decoderIds = [model.config.decoder_start_token_id!, ...targetIds.slice(0, -1)];
    const { cross_attentions: layers = [] } = await model.forward(
      { input_ids: [sourceIds], decoder_input_ids: [decoderIds] },
      { output_attentions: true },
    );
    const names = (ids: number[]) => Promise.all(ids.map((id) => tokenizer.token(id)));
    return { layers, source: await names(sourceIds), target: await names(targetIds) };
  }

  private parts() {
    const tokenizer = this.model?.tokenizer;
    if (!this.model || !tokenizer) throw new Error("No model is loaded.");
    return { model: this.model, tokenizer };
  }
}
