/** How a model would be loaded here, found out without reading any weights. */

import { adapterInfo } from "../backends/webgpu/adapter";
import { ModelError, type ErrorCode } from "../errors";
import type { ModelFiles } from "../loading/sources/files";
import { openSource, type Source } from "../loading/sources/source";
import type { TensorInfo } from "../loading/formats/tensors";
import { survey } from "../loading/survey";
import { findWeights } from "../loading/weights";
import { ConfigFields, refuseQuantization } from "../models/config-fields";
import type { ModelInfo } from "../models/model";
import { Parameters } from "../models/parameters";
import type { WeightFormat } from "../tensor/weight-format";
import { findFamily } from "./family";
import type { findGpu } from "./gpu";
import { readConfig } from "./json-files";
import type { LoadOptions } from "./load-options";
import { checkPacked } from "./place-weights";
import { exactFormat, formatOf, openStored } from "./model-files";
import { bytesOnDevice, plannedOps, typicalCacheBytes } from "./planned-ops";

/** How a model would be loaded. */
export interface Forecast {
  /** Whether it can run. */
  runs: boolean;
  /** Why it cannot, in a sentence. Absent where it can. */
  reason?: string;
  /** The code of the error that `load` would throw. Absent where it can run. */
  code?: ErrorCode;
  /** Where it would run. */
  device?: "webgpu" | "wasm" | "cpu";
  /** Why there, in a sentence. */
  deviceReason?: string;
  /** How its matrices would be stored on the device. */
  dtype?: "f32" | "f16" | "q8" | "q4";
  /** Why so, in a sentence. */
  dtypeReason?: string;
  /** Bytes of weights and tokenizer.json that would come over the network; 0 where they are stored. Absent if a server does not say. */
  bytesToFetch?: number;
  /** Whether the browser grants the room to keep what would be fetched. Absent where that is not known. */
  fitsStorage?: boolean;
  /** Bytes on the device: the weights, and the caches of one text of up to 256 tokens on both sides. Activations come on top. */
  memory?: {
    /** Of the weights, as `memory()` of the loaded model says. */
    weights: number;
    /** Of the keys and values of the decoder. */
    cache: number;
  };
}

/** A WebAssembly memory has at most 65,536 pages of 64 KiB. */
const WASM_BYTES = 2 ** 32;

type FoundGpu = Awaited<ReturnType<typeof findGpu>>;

/** As `openBackend` decides, in words. @throws ModelError `unsupported_device` */
function chooseDevice(
  device: NonNullable<LoadOptions["device"]>,
  found: FoundGpu,
  wasmReason: string | undefined,
): Required<Pick<Forecast, "device" | "deviceReason">> {
  const asked = `It is asked for by device: "${device}".`;
  if (device === "cpu") return { device, deviceReason: asked };
  if (device === "wasm") {
    if (wasmReason !== undefined) throw new ModelError("unsupported_device", wasmReason);
    return { device, deviceReason: asked };
  }
  if (device === "webgpu") {
    if ("reason" in found) throw new ModelError("unsupported_device", found.reason);
    return { device, deviceReason: asked };
  }
  const info = "gpu" in found ? adapterInfo(found.gpu) : undefined;
  if (info && !info.fallback) {
    const name = info.description || `${info.vendor} ${info.architecture}`.trim();
    return { device: "webgpu", deviceReason: `There is a hardware GPU${name ? ` (${name})` : ""}.` };
  }
  const none = info
    ? "The GPU is a software one, which is slower than WebAssembly."
    : `There is no GPU: ${"reason" in found ? found.reason : ""}`;
  if (wasmReason === undefined) return { device: "wasm", deviceReason: none };
  return { device: "cpu", deviceReason: `${none} ${wasmReason}` };
}

/**
 * @param options checked
 * @param wasmReason why there is no WebAssembly
 * @throws ModelError `invalid_source`; `signal.reason` once aborted
 */
export async function forecast(
  source: Source,
  options: Pick<LoadOptions, "device" | "dtype" | "signal" | "cache">,
  found: FoundGpu,
  wasmReason: string | undefined,
  { quota, usage }: { quota?: number; usage?: number },
): Promise<Forecast> {
  const folder = openSource(source);
  const { signal, dtype: asked = "auto" } = options;
  const result: Forecast = { runs: false };
  try {
    Object.assign(result, chooseDevice(options.device ?? "auto", found, wasmReason));
    const files = await openStored(folder, { ...options, retries: 1, onWarning: () => undefined });
    const asFiled = await formatOf(files, asked, signal);
    const format = asFiled === "exact" ? exactFormat(result.device ?? "cpu") : asFiled;
    const onFormat = (dtype: WeightFormat): void =>
      void Object.assign(result, { dtype, dtypeReason: dtypeReason(asked, dtype, asFiled) });
    if (format !== "exact") onFormat(format);
    const config = await readConfig(files, { signal });
    const padded = result.device === "webgpu";
    result.memory = await memoryOf(files, config, format, padded, onFormat, signal);
    const surveyed = await survey(files, { signal });
    const missing = surveyed?.map(({ size, stored }) => (size === undefined ? undefined : size - stored));
    if (missing?.every((bytes) => bytes !== undefined)) {
      result.bytesToFetch = missing.reduce((sum, bytes) => sum + bytes, 0);
      if (quota !== undefined && usage !== undefined) result.fitsStorage = result.bytesToFetch <= quota - usage;
    }
    const { weights, cache } = result.memory;
    if (result.device === "wasm" && weights + cache > WASM_BYTES) {
      const message = `The model needs ${weights + cache} bytes, and WebAssembly has at most ${WASM_BYTES}.`;
      throw new ModelError("out_of_memory", message);
    }
    return { ...result, runs: true };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ModelError)) throw error;
    return { ...result, reason: error.message, code: error.code };
  }
}

function dtypeReason(
  asked: NonNullable<LoadOptions["dtype"]>,
  dtype: WeightFormat,
  asFiled: WeightFormat | "exact",
): string {
  if (asked !== "auto") return `It is asked for by dtype: "${asked}".`;
  if (asFiled !== "exact") return "The files are packed so.";
  return dtype === "f32" ? "f32 is exact." : "The files have halves, so f16 is exact.";
}

/** Ends the reading of weights once their names and shapes are known. */
class Enough extends Error {}

/**
 * Builds the model on a device that only counts.
 * @param padded whether rows of f32 take whole groups of four elements, as on a GPU
 * @param onFormat called with what "exact" is for this model: f16 where any matrix is
 * @throws ModelError as a load would, for whatever the shapes show
 */
async function memoryOf(
  files: ModelFiles,
  config: Record<string, unknown>,
  format: WeightFormat | "exact",
  padded: boolean,
  onFormat: (format: WeightFormat) => void,
  signal?: AbortSignal,
): Promise<{ weights: number; cache: number }> {
  const { family } = await findFamily(config);
  refuseQuantization(config);
  const { fields } = new ConfigFields(config);
  family.info(fields);
  const weights = await findWeights(files, { signal });
  let bytes = 0;
  let info: ModelInfo | undefined;
  let halves = false;
  const ops = plannedOps((tensor) => {
    bytes += bytesOnDevice(tensor, padded);
    halves ||= tensor.dtype === "f16";
  });
  try {
    const onHeader = (tensors: TensorInfo[]): never => {
      checkPacked(weights.name, tensors, format);
      const parameters = new Parameters(ops, tensors, format);
      ({ info } = family.build(ops, fields, parameters));
      parameters.check(weights.name);
      if (format === "exact") onFormat(halves ? "f16" : "f32");
      throw new Enough();
    };
    for await (const piece of weights.read({ signal, onHeader }))
      throw new Error(`${piece.name} came with the header.`);
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  } finally {
    await weights.close();
  }
  return { weights: bytes, cache: info ? typicalCacheBytes(info) : 0 };
}
