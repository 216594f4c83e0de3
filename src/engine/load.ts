/** From a source to a model on a device: files, configuration, weights, tokenizer. */

import { ModelError } from "../errors";
import { FILE } from "../generation/options/resolve";
import { checkGenerationFile, legacyFields, LEGACY_NAMES } from "../generation/options/config-file";
import { NO_START, openTokens, readFileFields } from "../generation/options/file-fields";
import { readBytes, readJson, readText, type DownloadOptions } from "../loading/sources/download";
import { toFloat32 } from "../loading/formats/dtypes";
import type { ModelFiles } from "../loading/sources/files";
import { tensorError, type TensorInfo, type TensorPiece, type Wanted } from "../loading/formats/tensors";
import { Unread } from "../loading/unread";
import { findWeights, type Weights } from "../loading/weights";
import { ConfigFields, refuseQuantization } from "../models/config-fields";
import type { Model, ModelInfo } from "../models/model";
import { Parameters } from "../models/parameters";
import type { Ops } from "../ops/ops";
import type { PackedFormat } from "../tensor/packed-rows";
import type { WeightFormat } from "../tensor/weight-format";
import type { Tokenizer } from "../text/tokenizer";
import type { SpeechOperations } from "./device";
import { findFamily, type FoundFamily } from "./family";
import { exactFormat } from "./model-files";
import { textPart, type TextPart } from "./parts";

/** What the folder of a model says of it, and the way of its weights to a device. */
export interface ModelFolder {
  /** What generation reads of the model: the tokens that its files name. */
  infoOf(model: Model): ModelInfo;
  generationConfig: Record<string, unknown>;
  /** Fields of the same file that only the family of the model has. */
  familyFields: Record<string, unknown>;
  /** config.json as it stands. */
  config: Record<string, unknown>;
  /** Name of the file that it was read from. */
  generationFile: string;
  tokenizer?: Tokenizer;
  /** What of the tokenizer files is not read, or is read in another way than by transformers, and why. */
  tokenizerProblem?: string;
  /** What turns text into calls. */
  text: TextPart;
  /**
   * Reads the weights into a new backend, tensor by tensor as their bytes arrive: no file is ever held as a whole. May be called
   * again, for another device.
   */
  place(createOps: CreateOps, options: PlaceOptions): Promise<PlacedModel>;
}

/** @param more operations that the model needs beside those of every backend */
export type CreateOps = (more?: SpeechOperations) => Promise<Ops>;

/** A model whose weights are on a device. */
export interface PlacedModel {
  model: Model;
  ops: Ops;
}

export interface PlaceOptions extends DownloadOptions {
  /** How matrices are stored. "exact": as the device does that, see `exactFormat`. Default "f32". */
  format?: WeightFormat | "exact";
  onWarning?: (message: string) => void;
  /** Stop before the data: names and shapes are checked, and the tensors of the model exist. */
  headerOnly?: boolean;
  /** Called with what the weight files hold, before the model is built. */
  onTensors?: (file: string, tensors: readonly TensorInfo[]) => void;
  /** Called when the tensors of the model exist on the device, before their data arrives. */
  onBuilt?: (model: Model, ops: Ops) => void;
}

async function readFields(files: ModelFiles, file: string, options: DownloadOptions) {
  const fields = await readJson(files, file, options);
  if (fields === undefined) return undefined;
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new ModelError("invalid_config", `${file}: is not a JSON object.`);
  }
  return fields as Record<string, unknown>;
}

/** Reads config.json first; the weights come last, so that most errors are found before the largest file is read. */
export async function readModel(
  files: ModelFiles,
  options: DownloadOptions & { onWarning?: (message: string) => void } = {},
): Promise<ModelFolder> {
  const config = await readFields(files, "config.json", options);
  if (!config) {
    throw new ModelError(
      "file_not_found",
      `${files.name}: there is no config.json.`,
      "A model is a folder with config.json and weights, such as model.safetensors.",
    );
  }
  const { family, more, ownFields } = await findFamily(config);
  refuseQuantization(config);
  const configFields = new ConfigFields(config);
  const own = family.info(configFields.fields);
  const ownFile = await readFields(files, FILE, options);
  const generationFile = ownFile ? FILE : "config.json";
  const { fields: generationConfig, unread: idle } = readFileFields(
    without(ownFile ?? legacyFields(config), ownFields),
    generationFile,
    own,
  );
  const familyFields = Object.fromEntries(
    // Old files have forced_decoder_ids in config.json alone.
    ownFields.map((name) => [
      name,
      ownFile && name !== "forced_decoder_ids" ? ownFile[name] : (ownFile?.[name] ?? config[name]),
    ]),
  );
  checkGenerationFile(generationConfig, own, generationFile);
  if (!family.strict) for (const text of openTokens(generationConfig, generationFile, own)) options.onWarning?.(text);
  const { tokenizer, tokenizerProblem, text } = await readTokenizer(files, config, options);

  const unread = new Unread();
  unread.add(generationFile, idle);
  return {
    config,
    generationConfig,
    familyFields,
    generationFile,
    tokenizer,
    tokenizerProblem,
    text,
    // A vanilla checkpoint is not transformers': its tokens are those of config.json.
    infoOf: ({ info }) => (family.strict ? info : { ...info, eosTokenIds: [], decoderStartTokenId: NO_START }),
    async place(createOps, options) {
      const description = { family, more, fields: configFields.fields, unread };
      const placed = await placeModel(files, createOps, options, description);
      unread.add("config.json", configFields.unread(own.modelType, LEGACY_NAMES));
      const message = unread.message();
      if (message !== undefined) options.onWarning?.(message);
      if (tokenizerProblem !== undefined) options.onWarning?.(tokenizerProblem);
      return placed;
    },
  };
}

interface Description extends Pick<FoundFamily, "family" | "more"> {
  /** Of config.json. */
  fields: Record<string, unknown>;
  unread: Unread;
}

async function placeModel(
  files: ModelFiles,
  createOps: CreateOps,
  options: PlaceOptions,
  description: Description,
): Promise<PlacedModel> {
  const weights = await findWeights(files, options);
  let ops: Ops | undefined;
  try {
    ops = await createOps(description.more);
    options.signal?.throwIfAborted();
    return { ops, model: await readWeights(weights, ops, options, description) };
  } catch (error) {
    ops?.dispose();
    await weights.close();
    throw error;
  }
}

const without = (fields: Record<string, unknown>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

async function readTokenizer(files: ModelFiles, modelConfig: Record<string, unknown>, given: DownloadOptions) {
  const text = await textPart();
  const options = { ...given, errorCode: "invalid_tokenizer" as const };
  let tokenizerProblem: string | undefined;
  const folder = {
    modelConfig,
    json: (file: string) => readJson(files, file, options),
    text: (file: string) => readText(files, file, options),
    bytes: (file: string) => readBytes(files, file, options),
  };
  const onProblem = (message: string): void => void (tokenizerProblem = `${files.name}: ${message}`);
  let tokenizer: Tokenizer | undefined;
  try {
    tokenizer = await text.loadTokenizer(folder, onProblem);
  } catch (error) {
    // The model works without text. What breaks the connection, or ends the load, is not the tokenizer's.
    const isOfFiles =
      error instanceof ModelError && (error.code === "invalid_tokenizer" || error.code === "file_not_found");
    if (!isOfFiles) throw error;
    onProblem(`The tokenizer cannot be read, so the model takes and gives token ids only. ${error.message}`);
  }
  return { tokenizer: tokenizer && text.checkedTokenizer(tokenizer), tokenizerProblem, text };
}

async function readWeights(
  weights: Weights,
  ops: Ops,
  options: PlaceOptions,
  { family, fields, unread }: Description,
): Promise<Model> {
  let loading: { model: Model; parameters: Parameters } | undefined;
  const format = options.format === "exact" ? exactFormat(ops.device) : (options.format ?? "f32");
  const onHeader = (tensors: TensorInfo[]): Wanted => {
    options.onTensors?.(weights.name, tensors);
    checkPacked(weights.name, tensors, format);
    const parameters = new Parameters(ops, tensors, format);
    loading = { model: family.build(ops, fields, parameters), parameters };
    const names = parameters.check(weights.name);
    if (family.strict) refuseUnread(weights.name, names);
    unread.add(weights.name, names);
    options.onBuilt?.(loading.model, ops);
    return (name) => parameters.wants(name);
  };
  const onUnread = (file: string, names: string[]) => unread.add(file, names);
  for await (const piece of weights.read({ ...options, onHeader, onUnread })) {
    if (loading) place(loading.parameters, piece);
  }
  if (!loading) throw new ModelError("internal", "The weights were read without a header.");
  return loading.model;
}

/** Whether rows of a file lie on the device as they are: packed ones, and halves that need no padding. */
function packingOf({ packed, dtype, shape, data }: TensorPiece): PackedFormat | "f16" | undefined {
  const areHalves = dtype === "F16" && shape.length === 2 && shape[1] % 4 === 0 && data.length > 0;
  return packed ?? (areHalves ? "f16" : undefined);
}

function place(parameters: Parameters, piece: TensorPiece): void {
  const { file, name, dtype, packed, data, start } = piece;
  const packing = packingOf(piece);
  if (packing && parameters.formatOf(name) === packing) {
    const words = new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
    return parameters.fillPacked(file, name, packing, words, start);
  }
  if (packed) throw tensorError(file, name, `is packed as ${packed}, but the model does not only multiply by it.`);
  parameters.fill(file, name, toFloat32(dtype, data), start);
}

/** @throws ModelError `invalid_option` for matrices that are packed in another format than the load asks for */
export function checkPacked(file: string, tensors: readonly TensorInfo[], wanted: WeightFormat | "exact"): void {
  const format = wanted === "exact" ? "f32" : wanted;
  const other = tensors.find(({ packed = format }) => packed !== format)?.packed;
  if (other === undefined) return;
  throw new ModelError(
    "invalid_option",
    `load: in ${file} the matrices are packed as ${other}, so dtype cannot be "${format}".`,
    `Load with dtype "${other}". With attendant.json beside the weights, "auto" is the dtype that they are packed in.`,
  );
}

/** @throws ModelError `unexpected_tensor` where there is one */
export function refuseUnread(file: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const list = names.slice(0, 8).join(", ") + (names.length > 8 ? `, … (${names.length})` : "");
  throw new ModelError("unexpected_tensor", `${file}: tensors that config.json does not know: ${list}.`);
}
