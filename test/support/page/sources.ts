/** Loads models in a page from the sources that only a page has. */

import { ModelError, Seq2Seq, type LoadProgress, type Source } from "../../../src/index";

export interface Loaded {
  device: string;
  sequences: number[][];
  /** The last progress of each file. */
  progress: Record<string, LoadProgress>;
}

async function run(source: Source, ids: number[][], device: Seq2Seq["device"]): Promise<Loaded> {
  const progress: Record<string, LoadProgress> = {};
  const onProgress = (event: LoadProgress) => void (progress[event.file] = event);
  const model = await Seq2Seq.load(source, { device, onProgress });
  const { sequences } = await model.generate(ids);
  const result = { device: model.device, sequences, progress };
  await model.dispose();
  return result;
}

/** From anything that is plain data: URLs, { repo, revision, endpoint }. */
export const fromPlain = (source: Source, ids: number[][], device: Seq2Seq["device"] = "cpu") =>
  run(source, ids, device);

export interface Failure {
  code: string;
  message: string;
  hint?: string;
}

export async function failureOf(source: Source): Promise<Failure> {
  try {
    await run(source, [[4]], "cpu");
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { code: error.code, message: error.message, hint: error.hint };
  }
  return { code: "", message: "it loaded" };
}

async function fetchAll(address: string, names: string[]): Promise<File[]> {
  return Promise.all(names.map(async (name) => new File([await (await fetch(address + name)).blob()], name)));
}

/** As from `<input type="file" multiple>`. */
export async function fromFiles(address: string, names: string[], ids: number[][]): Promise<Loaded> {
  return run(await fetchAll(address, names), ids, "cpu");
}

/** A folder of the origin's private file system, which is what `showDirectoryPicker` gives, too. */
export async function fromDirectory(address: string, names: string[], ids: number[][]): Promise<Loaded> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle("model", { create: true });
  for (const file of await fetchAll(address, names)) {
    const handle = await folder.getFileHandle(file.name, { create: true });
    const writable = await handle.createWritable();
    await writable.write(file);
    await writable.close();
  }
  const loaded = await run(folder, ids, "cpu");
  await root.removeEntry("model", { recursive: true });
  return loaded;
}

/** `read` that answers with a stream, a Blob or bytes, by the file. */
export async function fromReader(address: string, names: string[], ids: number[][]): Promise<Loaded> {
  const files = new Map((await fetchAll(address, names)).map((file) => [file.name, file]));
  const read = async (path: string): Promise<unknown> => {
    const file = files.get(path);
    if (path.endsWith(".json")) return file?.text();
    return file?.stream();
  };
  return run({ read }, ids, "cpu");
}
