/** The models in the store: their list, their size, and how to delete one. */

import { messageOf, ModelError, quote } from "../../errors";
import type { RemoteFolder } from "../sources/files";
import type { HubSource } from "../sources/remote";
import { openSource } from "../sources/source";
import { allShelves } from "./choose-shelf";
import { nameOf } from "./sha256";
import type { Shelf } from "./shelf";
import { StoredFile } from "./stored-file";

/** A file of a stored model. */
export interface StoredModelFile {
  /** Its name in the model's folder. */
  file: string;
  /** Bytes in the store. */
  bytes: number;
  /** Bytes of the whole file, if known. */
  size?: number;
  /** Whether all of it is in the store. */
  complete: boolean;
}

/** A model in the store. */
export interface StoredModel {
  /** "owner/name" of the Hub, or the address of the folder, without a query. `models.delete` takes it. */
  name: string;
  /** The branch, tag or commit that was asked for; models of the Hub only. */
  revision?: string;
  /** The commit that the files are of; models of the Hub only, where the Hub has said it. */
  commit?: string;
  /** Bytes in the store. */
  bytes: number;
  /** Whether every file that was begun is in the store as a whole. */
  complete: boolean;
  /** When it was last loaded. */
  lastUsed: Date;
  /** "opfs", "cache" (the Cache API), or "memory", which ends with the page. */
  place: "opfs" | "cache" | "memory";
  /** Its files. */
  files: StoredModelFile[];
}

interface About {
  name: string;
  hub?: RemoteFolder["hub"];
  commit?: string;
  usedAt: number;
}

const ABOUT = "about.json";

/** Writes down that a model is used. @param root its folder on the shelf */
export function touchModel(shelf: Shelf, root: string, about: Omit<About, "usedAt">): Promise<void> {
  const text = JSON.stringify({ ...about, usedAt: Date.now() } satisfies About);
  return shelf.write(`${root}/${ABOUT}`, new TextEncoder().encode(text));
}

async function readAbout(shelf: Shelf, root: string): Promise<About | undefined> {
  try {
    const about = JSON.parse((await (await shelf.read(`${root}/${ABOUT}`))?.text()) ?? "") as About;
    return typeof about.name === "string" && typeof about.usedAt === "number" ? about : undefined;
  } catch {
    return undefined;
  }
}

async function describe(shelf: Shelf, root: string): Promise<StoredModel> {
  const about = await readAbout(shelf, root);
  const files: StoredModelFile[] = [];
  for (const name of await shelf.list(`${root}/files`)) {
    const file = decodeURIComponent(name);
    const { journal, length, isComplete } = await StoredFile.find(shelf, `${root}/files/${name}`, file);
    if (journal && !journal.missing) files.push({ file, bytes: length, size: journal.size, complete: isComplete });
  }
  return {
    name: about?.hub?.repo ?? about?.name ?? root,
    revision: about?.hub?.revision,
    commit: about?.commit,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    complete: files.length > 0 && files.every(({ complete }) => complete),
    lastUsed: new Date(about?.usedAt ?? 0),
    place: shelf.place,
    files,
  };
}

async function all(): Promise<{ shelf: Shelf; root: string; model: StoredModel }[]> {
  const found = [];
  for (const shelf of await allShelves()) {
    for (const root of await shelf.list("")) found.push({ shelf, root, model: await describe(shelf, root) });
  }
  return found;
}

/** The models that are stored, the one used last first. */
export async function listModels(): Promise<StoredModel[]> {
  const models = (await all()).map(({ model }) => model).filter(({ files }) => files.length > 0);
  return models.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/**
 * @param name as `StoredModel.name`: all models of that name; or the source of one
 * @returns whether there was such a model
 * @throws ModelError `storage` where a file of it is being written; `invalid_source`
 */
export async function deleteModel(name: string | URL | HubSource): Promise<boolean> {
  if (typeof name !== "string" && !(name instanceof URL) && !(typeof name === "object" && name && "repo" in name)) {
    throw new ModelError("invalid_source", `models.delete: ${quote(name)} is not the name or the address of a model.`);
  }
  const url = addressOf(name);
  const address = url && nameOf(url.href);
  let deleted = false;
  for (const { shelf, root, model } of await all()) {
    if (model.name !== name && root !== address) continue;
    try {
      await shelf.remove(root);
    } catch (cause) {
      const why = messageOf(cause);
      const hint = "It may be loading in this tab or another one. Delete it when that has ended.";
      throw new ModelError("storage", `models.delete: ${model.name} cannot be deleted now: ${why}`, hint, { cause });
    }
    deleted = true;
  }
  return deleted;
}

/** The address that the store knows the model by; none of a name that is not the source of a model. */
function addressOf(name: string | URL | HubSource): URL | undefined {
  try {
    return openSource(name).remote?.url;
  } catch (error) {
    if (typeof name === "string" && error instanceof ModelError) return undefined;
    throw error;
  }
}
