/** The weights of a folder on their way to a device: checked against config.json, then written as they arrive. */

import { ModelError } from "../errors";
import { toFloat32 } from "../loading/formats/dtypes";
import { tensorError, type TensorInfo, type TensorPiece, type Wanted } from "../loading/formats/tensors";
import type { DownloadOptions } from "../loading/sources/download";
import type { ModelFiles } from "../loading/sources/files";
import type { Unread } from "../loading/unread";
import { findWeights, type Weights } from "../loading/weights";
import type { Model } from "../models/model";
import { nameList, Parameters } from "../models/parameters";
import type { Ops } from "../ops/ops";
import type { PackedFormat } from "../tensor/packed-rows";
import type { WeightFormat } from "../tensor/weight-format";
import type { SpeechOperations } from "./device";
import type { FoundFamily } from "./family";
import { exactFormat } from "./model-files";

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

/** What the other files say of the model. */
export interface Description extends Pick<FoundFamily, "family" | "more"> {
  /** Of config.json. */
  fields: Record<string, unknown>;
  unread: Unread;
}

export async function placeModel(
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
  throw new ModelError("unexpected_tensor", `${file}: tensors that config.json does not know: ${nameList(names)}.`);
}
