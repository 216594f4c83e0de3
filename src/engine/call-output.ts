/** What `generate` returns, and `stream` at its end. */

import { resultsOf } from "../generation/generate";
import type { Request } from "../generation/request";
import type { startStats } from "../generation/stats";
import type { GenerationConfig } from "../generation/options/generation-config";
import type { Engine } from "../generation/engine";
import type { Engines } from "./engines";
import { wholePasses } from "./parts";
import type { GenerateOutput } from "./results";
import { generatedOf } from "./speech-calls";

/** Once all sentences of a call have ended. */
export function outputOf(
  request: Request,
  sentences: Parameters<typeof resultsOf>[0],
  stats: ReturnType<typeof startStats>,
  hasPrompts: boolean,
): GenerateOutput {
  const { config, logprobs, alternatives } = request;
  const found = resultsOf(sentences);
  const output: GenerateOutput = {
    sequences: found.map(({ tokens }) => tokens),
    stats: stats.end(found.reduce((sum, { choices }) => sum + choices.length, 0)),
  };
  if (hasPrompts) output.generated = generatedOf(output.sequences, request);
  if (config.numBeams > 1) output.sequences_scores = found.map(({ score = 0 }) => score);
  if (logprobs) output.token_logprobs = found.map(({ choices }) => choices.map(({ logprob }) => logprob));
  if (alternatives > 0)
    output.alternatives = found.map(({ choices }) => choices.map(({ alternatives = [] }) => alternatives));
  return output;
}

/** Adds the attentions and hidden states that the options ask for, from one more pass over what was generated. */
export async function addStates(
  output: GenerateOutput,
  { batch, config, signal }: Request,
  options: GenerationConfig,
  engines: Engines,
): Promise<void> {
  const wanted = {
    attentions: options.output_attentions === true,
    hiddenStates: options.output_hidden_states === true,
  };
  if (!wanted.attentions && !wanted.hiddenStates) return;
  const { stateOutputs } = await wholePasses();
  const states = (engine: Engine) =>
    stateOutputs(engine, batch, output.sequences, config.numReturnSequences, wanted, signal);
  Object.assign(output, await engines.run(states, signal));
}
