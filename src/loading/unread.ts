/**
 * Collects the parts of a model's files that nothing reads. Other software wrote the files, perhaps years ago. What Hugging
 * Face transformers ignores is ignored here, too, and reported in one warning per load.
 */

/** The most names per file in the message: a hostile file may hold a million. */
const MAX_NAMES = 1000;

export class Unread {
  private readonly names = new Map<string, string[]>();

  /** @param names of fields, tensors or other entries; each is listed once per file */
  add(file: string, names: readonly string[]): void {
    const known = this.names.get(file) ?? [];
    this.names.set(file, [...known, ...names.filter((name) => !known.includes(name))]);
  }

  /** One sentence that lists everything; undefined if there is nothing to list. */
  message(): string | undefined {
    const files = [...this.names].filter(([, names]) => names.length > 0);
    if (files.length === 0) return undefined;
    const list = files.map(([file, names]) => {
      const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
      return `${file}: ${names.slice(0, MAX_NAMES).join(", ")}${more}`;
    });
    return `Not read, because nothing here depends on it: ${list.join("; ")}.`;
  }
}
