/**
 * Where transformers' tokenizers in Python cut a text at their added tokens (`Trie` in tokenization_python.py).
 *
 * It takes the leftmost, longest token, with one quirk that models have been used with: a partial match that just failed
 * may still be followed past the character where it failed. So this walks as that does, all started matches side by side.
 */

type Node = Map<string, Node> & { ends?: boolean };

export interface PythonTrie {
  split(text: string): string[];
}

export function createPythonTrie(tokens: Iterable<string>): PythonTrie {
  const root: Node = new Map();
  for (const token of tokens) {
    if (token === "") continue;
    let node = root;
    for (const character of token) {
      if (!node.has(character)) node.set(character, new Map());
      node = node.get(character)!;
    }
    node.ends = true;
  }
  return {
    split(text) {
      const characters = [...text];
      const cuts = findCuts(root, characters);
      const out: string[] = [];
      let from = 0;
      for (const cut of [...cuts, characters.length]) {
        // A cut before one that was made already is left out, as there.
        if (cut <= from) continue;
        out.push(characters.slice(from, cut).join(""));
        from = cut;
      }
      return out;
    },
  };
}

/** The begin and end of each token found, one after the other. */
function findCuts(root: Node, text: readonly string[]): number[] {
  const cuts: number[] = [];
  /** The matches under way: where each began, and the node it has come to. */
  let started = new Map<number, Node>();
  let resume = 0;
  for (let at = 0; at < text.length; at++) {
    if (at < resume) continue;
    const complete = advance(started, text, at);
    if (complete !== undefined) {
      const [start, end, skip] = longest(started, complete, text, at);
      cuts.push(start, end);
      resume = Math.max(resume, skip);
      started = new Map();
    }
    const first = root.get(text[at]);
    if (at >= resume && first) started.set(at, first);
  }
  for (const [start, node] of started) {
    if (!node.ends) continue;
    cuts.push(start, text.length);
    break;
  }
  return cuts;
}

/** Takes the matches under way one character further, up to the first that is complete; says where that began. */
function advance(started: Map<number, Node>, text: readonly string[], at: number): number | undefined {
  const failed: number[] = [];
  for (const [start, node] of started) {
    if (node.ends) return start;
    const next = node.get(text[at]);
    if (next) started.set(start, next);
    else failed.push(start);
  }
  for (const start of failed) started.delete(start);
  return undefined;
}

/** The token to cut at, among the matches that began no later than `complete`, looking ahead for longer ones. */
function longest(
  started: ReadonlyMap<number, Node>,
  complete: number,
  text: readonly string[],
  at: number,
): [start: number, end: number, resume: number] {
  let start = complete;
  let end = at;
  let resume = 0;
  for (const [candidate, from] of started) {
    if (candidate > start) break;
    let ahead = candidate < start ? at + 1 : at;
    end = ahead;
    let node = from;
    const take = (): void => {
      if (!node.ends) return;
      start = candidate;
      end = ahead;
      resume = ahead;
    };
    take();
    while (ahead < text.length && node.has(text[ahead])) {
      node = node.get(text[ahead])!;
      ahead++;
      take();
    }
  }
  return [start, end, resume];
}
