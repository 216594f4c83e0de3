/**
 * The searches that JavaScript decides: it reads the logits of each step and applies the logits processors itself. This module
 * is the entry of a part of the package, which is loaded by the first call that needs it.
 */

import type { Model } from "../models/model";
import type { Request } from "./request";
import { askAhead } from "./search/ask-ahead";
import { createBeamSearch } from "./search/beam";
import { createGreedySampling } from "./search/greedy-sampling";
import { createGroupBeamSearch } from "./search/group-beam";
import { createProcessors } from "./search/processors/list";
import { anySeed, createRandom } from "./search/random";
import type { Search } from "./search/search";
import { stopCriterion } from "./stop-strings";

export { runHostSearch } from "./device/host-search";
export { decideRows } from "./device/undecided";

/** One search per sentence of the request, in their order. */
export function createHostSearches(request: Request, model: Model): Search[] {
  const { batch, prompts, constraints, alternatives } = request;
  const { prefixAllowedTokens } = request.config;
  const asked = prefixAllowedTokens && askAhead(prefixAllowedTokens);
  const config = { ...request.config, prefixAllowedTokens: asked?.answer };
  const create =
    config.numBeams === 1
      ? createGreedySampling
      : config.numBeamGroups === 1
        ? createBeamSearch
        : createGroupBeamSearch;
  const seed = config.seed ?? anySeed();
  const n = config.numReturnSequences;
  const stopsAt = stopCriterion(request);
  const vocabSize = model.info.targetVocabSize;
  return batch.ids.map((inputIds, index) => {
    const taken: number[] = [];
    const sentence = { index, inputIds, constraint: constraints?.[index], vocabSize, taken };
    const search: Search = create({
      config,
      prompt: prompts[index],
      processors: createProcessors(config, sentence),
      taken,
      alternatives,
      stopsAt,
      randoms: Array.from({ length: n }, (_, i) => createRandom(seed, index * n + i)),
    });
    // Not a copy: `ended` is a getter.
    return asked ? Object.assign(search, { prepare: () => asked.ask(index, search.open()) }) : search;
  });
}
