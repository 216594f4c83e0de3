/** From a source to a model on a device: files, configuration, weights, tokenizer. */

import { ModelError } from "./errors";
import { checkGenerationFile } from "./generation/config";
import { readJson, type DownloadOptions } from "./loading/download";
import { toFloat32 } from "./loading/dtypes";
import { readSafetensors, type TensorInfo } from "./loading/safetensors";
import type { ModelFiles } from "./loading/source";
import type { Model } from "./models/model";
import { Parameters } from "./models/parameters";
import { familyOf } from "./models/registry";
import type { Ops } from "./ops";
import { createTokenizer, type Tokenizer } from "./text/tokenizer";

export interface LoadedModel {
  model: Model;
  generationConfig: Record<string, unknown>;
  tokenizer?: Tokenizer;
}

const WEIGHTS = "model.safetensors";

async function readFields(files: ModelFiles, file: string, options: DownloadOptions) {
  const fields = await readJson(files, file, options);
  if (fields === undefined) return undefined;
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new ModelError("invalid_config", `${file}: holds no JSON object.`);
  }
  return fields as Record<string, unknown>;
}

/**
 * Reads config.json first and the weights last, so that what is wrong with a model is said before its largest
 * file is read. A tensor goes to the device as soon as its bytes are here; the file is never held as a whole.
 */
export async function loadModel(
  files: ModelFiles,
  createOps: () => Promise<Ops>,
  options: DownloadOptions,
): Promise<LoadedModel & { ops: Ops }> {
  const { signal } = options;
  const config = await readFields(files, "config.json", options);
  if (!config) {
    throw new ModelError(
      "file_not_found",
      `${files.name}: there is no config.json.`,
      "A model is a folder with config.json and model.safetensors.",
    );
  }
  const family = familyOf(config);
  const info = family.info(config);
  const generationConfig = (await readFields(files, "generation_config.json", options)) ?? {};
  checkGenerationFile(generationConfig, info);
  const tokenizerJson = await readJson(files, "tokenizer.json", { ...options, errorCode: "invalid_tokenizer" });
  const tokenizerConfig = await readFields(files, "tokenizer_config.json", options);
  const tokenizer = tokenizerJson === undefined ? undefined : createTokenizer(tokenizerJson, tokenizerConfig);

  const weights = await files.open(WEIGHTS, signal);
  if (!weights) {
    throw new ModelError(
      "file_not_found",
      `${files.name}: there is no ${WEIGHTS}.`,
      "On the Hugging Face Hub a conversion is often waiting in a pull request: try revision refs/pr/1.",
    );
  }
  let ops: Ops | undefined;
  try {
    ops = await createOps();
    signal?.throwIfAborted();
    const model = await readWeights(weights, ops, options, (p, o) => family.build(o, config, p));
    return { model, generationConfig, tokenizer, ops };
  } catch (error) {
    ops?.dispose();
    await weights.stream.cancel().catch(() => undefined);
    throw error;
  }
}

async function readWeights(
  file: NonNullable<Awaited<ReturnType<ModelFiles["open"]>>>,
  ops: Ops,
  options: DownloadOptions,
  build: (parameters: Parameters, ops: Ops) => Model,
): Promise<Model> {
  let model: Model | undefined;
  let parameters: Parameters | undefined;
  const onHeader = (tensors: TensorInfo[]): void => {
    parameters = new Parameters(ops, new Map(tensors.map(({ name, shape }) => [name, shape])));
    model = build(parameters, ops);
    parameters.check(WEIGHTS);
  };
  for await (const { name, dtype, data } of readSafetensors(file, WEIGHTS, { ...options, onHeader })) {
    parameters?.fill(WEIGHTS, name, toFloat32(dtype, data));
  }
  if (!model) throw new ModelError("internal", "The weights were read without a header.");
  return model;
}
