/** `add_bos_token` and `add_eos_token` of tokenizer_config.json (`update_post_processor` of transformers' TokenizersBackend). */

import { contentOf, type Fields, type Token } from "../folder";

/** The ids that they put around a text, in a folder without tokenizer.json. A token that the files do not name is left out. */
export function bosAndEos(
  config: Fields,
  named: ReadonlyMap<string, Token>,
  id: (token: string) => number | undefined,
): { before: number[]; after: number[] } {
  const one = (name: "bos_token" | "eos_token"): number[] => {
    const token = named.get(name);
    const own = config[`add_${name}`] === true && token !== undefined ? id(contentOf(token)) : undefined;
    return own === undefined ? [] : [own];
  };
  return { before: one("bos_token"), after: one("eos_token") };
}
