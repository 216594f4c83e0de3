/** Where the model of the page comes from: the page's own folder, the Hub, an address, or a folder of the visitor. */

import type { Source } from "../../src/index";

export interface ModelChoice {
  source: Source;
  /** As the page shows it. */
  name: string;
  origin: "page" | "hub" | "address" | "folder";
  /** What the address of the page has of it, so that a link leads to the same model; a folder of the visitor has none. */
  link?: string;
}

/** A model that comes with the page. */
export interface OwnModel extends ModelChoice {
  origin: "page";
  /** To download, in bytes; a test compares it with the folder. */
  bytes: number;
  licence: string;
  /** What it does, and how well. */
  about: string;
}

/** Translates, and is looked into. */
export const OWN_MODEL: OwnModel = {
  source: new URL("./models/en-fr/", document.baseURI),
  name: "en-fr",
  origin: "page",
  bytes: 20_134_000,
  licence: "CC-BY 2.0 FR (see credits)",
  about: "English to French. Everyday sentences; rare words often go wrong.",
};

/** Writes down what is said. It is fetched when it is first used. */
export const OWN_SPEECH: OwnModel = {
  source: new URL("./models/tiny-en/", document.baseURI),
  name: "Whisper tiny.en",
  origin: "page",
  bytes: 44_954_000,
  licence: "MIT (OpenAI)",
  about:
    "English speech, with the times of words. The smallest Whisper: clear speech goes well, names and noise often wrong.",
};

/** The Hub, or the mirror of it that index.html names. */
const HUB = new URL(
  document.querySelector<HTMLMetaElement>('meta[name="hub"]')!.content,
  document.baseURI,
).href.replace(/\/$/, "");

const HUB_NAME = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;
const HUB_PAGE = /^https:\/\/huggingface\.co\/([\w.-]+\/[\w.-]+)\/?$/;

/**
 * What the visitor typed: "owner/name" is of the Hub, anything with "://" or that begins with a dot or a slash is the address of a
 * folder.
 */
export function readModelName(typed: string): ModelChoice | undefined {
  const text = typed.trim();
  const repo = HUB_PAGE.exec(text)?.[1] ?? (HUB_NAME.test(text) ? text : undefined);
  if (repo) return { source: { repo, endpoint: HUB }, name: repo, origin: "hub", link: repo };
  if (!/^(https?:\/\/|\.{0,2}\/)/.test(text) || !URL.canParse(text, document.baseURI)) return undefined;
  const url = new URL(text, document.baseURI);
  const name = url.pathname.split("/").filter(Boolean).at(-1) ?? url.host;
  return { source: url, name, origin: "address", link: text };
}

/** A folder as an `<input webkitdirectory>` gives it. */
export function folderChoice(files: readonly File[], name = ""): ModelChoice | undefined {
  if (files.length === 0) return undefined;
  const called = name || files[0].webkitRelativePath.split("/")[0] || "your folder";
  return { source: [...files], name: called, origin: "folder" };
}

/** What was dropped: files, or a folder. */
export async function droppedChoice(transfer: DataTransfer): Promise<ModelChoice | undefined> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const files: File[] = [];
  for (const entry of entries) await collect(entry, files);
  return folderChoice(files, entries.find((entry) => entry.isDirectory)?.name);
}

async function collect(entry: FileSystemEntry, into: File[]): Promise<void> {
  if (entry.isFile) {
    into.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader hands out a hundred entries at a time.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return;
    for (const child of part) if (child.isFile) await collect(child, into);
  }
}

/** The licence that the Hub says a repository has, or a model card among the files of a folder; undefined where none does. */
export async function licenceOf(choice: ModelChoice, signal: AbortSignal): Promise<string | undefined> {
  if (choice.origin === "page") return (choice as OwnModel).licence;
  if (choice.origin === "folder") return licenceOfCard(choice.source as File[]);
  if (choice.origin !== "hub") return undefined;
  try {
    const answer = await fetch(`${HUB}/api/models/${choice.name}/revision/main`, { signal });
    const { cardData, tags } = (await answer.json()) as { cardData?: { license?: unknown }; tags?: string[] };
    const tagged = tags?.find((tag) => tag.startsWith("license:"))?.slice("license:".length);
    return typeof cardData?.license === "string" ? cardData.license : tagged;
  } catch {
    return undefined;
  }
}

/** The field `license` between the first two lines of dashes of README.md, where model cards have it. */
async function licenceOfCard(files: readonly File[]): Promise<string | undefined> {
  const card = await files.find(({ name }) => name === "README.md")?.text();
  const fields = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card ?? "")?.[1];
  return /^license:[ \t]*["']?([^"'\r\n]+)/m.exec(fields ?? "")?.[1].trim();
}
