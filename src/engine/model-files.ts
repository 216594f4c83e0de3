/** The files of one load, as its options ask for them: from the store, with retries, compared with hashes, with progress. */

import type { DownloadOptions } from "../loading/sources/download";
import type { ListedFile, ModelFiles } from "../loading/sources/files";
import { withManifest } from "../loading/sources/manifest";
import { checked } from "../loading/sources/source";
import { loadPart } from "../util/part";
import { ModelError } from "../errors";
import type { Ops } from "../ops/ops";
import { WEIGHT_FORMATS, type WeightFormat } from "../tensor/weight-format";
import type { LoadOptions } from "./load-options";
import type { ProgressMeter } from "./progress";

const isFormat = (name: string): name is WeightFormat => (WEIGHT_FORMATS as readonly string[]).includes(name);

/**
 * How the matrices of a folder are stored on a device: as `dtype` of the load says, or as the folder is packed. "exact" is for
 * the device to say, see `exactFormat`.
 * @param asked `dtype` of the load
 * @throws ModelError `invalid_option` where the folder is packed in another format, `invalid_config` for one that is not known
 */
export async function formatOf(
  files: ModelFiles,
  asked: NonNullable<LoadOptions["dtype"]>,
  signal?: AbortSignal,
): Promise<WeightFormat | "exact"> {
  const { dtype } = (await files.manifest?.(signal)) ?? {};
  if (dtype === undefined) return asked === "auto" ? "exact" : asked;
  if (!isFormat(dtype))
    throw new ModelError(
      "invalid_config",
      `attendant.json: there is no dtype "${dtype}".`,
      `Known: ${WEIGHT_FORMATS.join(", ")}.`,
    );
  if (asked === "auto" || asked === dtype) return dtype;
  throw new ModelError(
    "invalid_option",
    `load: ${files.name} is packed as ${dtype}, so dtype cannot be "${asked}".`,
    `Leave dtype out, or load the folder that was packed, or pack it again with --dtype ${asked}.`,
  );
}

/**
 * What stores every matrix exactly on a device. In WebAssembly the halves of a file stay halves, since a token takes the time of
 * the bytes that it reads; a GPU and plain TypeScript have floats, as they had (docs/decisions/0020-halves-in-webassembly.md).
 */
export const exactFormat = (device: Ops["device"]): WeightFormat | "exact" => (device === "wasm" ? "exact" : "f32");

/** Loads once more at most this often where the files have changed on the server in the middle. */
const MORE_LOADS = 2;

export interface OpenedModel {
  files: ModelFiles;
  /** To be called with the bytes of each file. */
  onProgress?: DownloadOptions["onProgress"];
  meter?: ProgressMeter;
}

/**
 * Calls `load` with the files, and once more where a file has changed on its server or was damaged in the store.
 * @throws what `load` throws
 */
export async function withModelFiles<T>(
  folder: ModelFiles,
  options: LoadOptions & { onWarning: (message: string) => void },
  load: (opened: OpenedModel) => Promise<T>,
): Promise<T> {
  const { onProgress, signal } = options;
  const meter = onProgress && (await loadPart("tells progress", () => import("./progress"))).createMeter(onProgress);
  const files = await openStored(folder, options, meter);
  for (let loads = 0; ; loads++) {
    try {
      const loaded = await load({
        files: meter ? meter.watch(files, signal) : files,
        onProgress: meter && ((event) => meter.file(event)),
        meter,
      });
      await files.ended?.();
      return loaded;
    } catch (error) {
      const again = await files.ended?.(error);
      if (!again || signal?.aborted || loads >= MORE_LOADS) throw error;
    }
  }
}

/** The store and the hashes are a part that loads when it is needed: for files of a server, with `integrity` or a manifest. */
export async function openStored(
  folder: ModelFiles,
  { cache = true, retries = 3, stallTimeout = 30_000, integrity, onWarning }: Parameters<typeof withModelFiles>[1],
  meter?: ProgressMeter,
): Promise<ModelFiles> {
  const onVerify = (file: string): void => meter?.phase("verify", file);
  /** What the manifest lists, once it was read. */
  const listed = new Map<string, ListedFile>();
  const open = async (): Promise<ModelFiles> => {
    const store = await loadPart("keeps models", () => import("../loading/store/open"));
    const options = { cache, retries, stallTimeout, integrity, listed, onWarning, onVerify };
    return checked(await store.openStored(folder, options));
  };
  const isPlain = !folder.remote && !integrity;
  return withManifest(isPlain ? folder : await open(), async ({ files }) => {
    listed.clear();
    for (const [name, file] of files) listed.set(name, file);
    return isPlain ? open() : undefined;
  });
}
