/** The commands of a shell block, as far as the documentation writes them. */

/** The words of one command: without a comment, redirections and variables before it. */
export function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/^(["'])(.*)\1$/, "$2"),
  );
  const comment = words.indexOf("#");
  const redirected = words.findIndex((word) => /^[<>]/.test(word));
  const ends = [comment, redirected].filter((at) => at >= 0);
  const own = words.slice(0, ends.length > 0 ? Math.min(...ends) : undefined);
  const first = own.findIndex((word) => !/^[A-Z_]+=/.test(word));
  return first < 0 ? [] : own.slice(first);
}

/** The commands of a block; those of a line that are joined by && or | are several. */
export const commandLines = (code: string): string[][] =>
  code
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, ""))
    // What stands in brackets may go to another folder, and comes back.
    .flatMap((line) => line.replace(/\(cd \S+ && (.*)\)/, "$1").split(/ && | \| /))
    .map(wordsOf)
    .filter((words) => words.length > 0);
