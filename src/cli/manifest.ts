/** `attendant manifest`: writes the manifest of a folder as it is. */

import { join } from "node:path";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { ModelError } from "../errors";
import { MANIFEST, parseManifest, writeManifest } from "../loading/sources/manifest";
import type { ListedFile } from "../loading/sources/files";
import type { Command } from "./command";
import { listedFile } from "./disk";

export const manifest: Command = {
  summary: "writes attendant.json: which files a folder has, with sizes and hashes",
  usage: "FOLDER",
  least: 1,
  most: 1,
  options: { check: { help: "only compare the folder with the manifest that it has" } },
  async run([folder], values, output) {
    const names = await filesIn(folder);
    if (!names.includes("config.json"))
      throw new ModelError("file_not_found", `${folder}: there is no config.json.`, "Name the folder of a model.");
    const files = new Map<string, ListedFile>();
    for (const name of names.filter((name) => name !== MANIFEST)) files.set(name, await listedFile(join(folder, name)));
    const before = names.includes(MANIFEST) ? await readManifestFile(folder) : undefined;
    const text = writeManifest({ dtype: before?.dtype, files });
    if (values.check === undefined) {
      await writeFile(join(folder, MANIFEST), text);
      output.say(`${join(folder, MANIFEST)}: ${files.size} files.\n`);
      return 0;
    }
    if (before && writeManifest(before) === text) return 0;
    output.say(`${folder}: ${MANIFEST} ${before ? "differs from the files" : "is not there"}.\n`);
    return 1;
  },
};

/** In the order of their names, with those in folders; hidden ones are left out. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new ModelError("file_not_found", `${folder}: cannot be read.`, undefined, { cause });
  });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const plain = names.map((name) => name.slice(join(folder, "/").length).replaceAll("\\", "/"));
  return plain.filter((name) => !/(^|\/)\./.test(name)).sort();
}

async function readManifestFile(folder: string) {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(join(folder, MANIFEST), "utf8"));
  } catch (cause) {
    throw new ModelError("invalid_config", `${MANIFEST}: is not valid JSON.`, "Delete it to write a new one.", {
      cause,
    });
  }
  return parseManifest(value);
}
