/** The fixtures of test/goldens/speech.py, and what a result must have in common with one. For Node. */

import { readdirSync } from "node:fs";
import { expect } from "vitest";
import type { SpeechInputs, SpeechResult } from "../shared/speech";
import { readGoldenFolder, worstOf, type Golden } from "./vanilla";

export const SPEECH = "test/goldens/speech";

export const speechNames: readonly string[] = readdirSync(SPEECH).sort();

interface Call {
  options: SpeechInputs["calls"][string];
  prompt_length: number;
  sequences: number[][];
  token_logprobs?: number[][];
  sequences_scores?: number[];
  /** Of Whisper. */
  avg_logprobs?: number[];
  no_speech_probs?: number[];
}

interface SpeechGolden extends Pick<Golden, "tensors"> {
  input: SpeechInputs["input"];
  decoder_input_ids: number[][];
  max_new_tokens: number;
  calls: Record<string, Call>;
  /** By language, the probability in each row. */
  languages?: Record<string, number[]>;
}

export interface SpeechFixture {
  golden: SpeechGolden;
  inputs: SpeechInputs;
}

export async function readSpeech(name: string): Promise<SpeechFixture> {
  const golden = await readGoldenFolder<SpeechGolden>(`${SPEECH}/${name}`);
  const { input, decoder_input_ids, max_new_tokens } = golden;
  const rows = decoder_input_ids.map((_, i) => golden.tensors.get(`input.${i}`) ?? expect.fail(`no input ${i}`));
  const calls = Object.fromEntries(Object.entries(golden.calls).map(([call, { options }]) => [call, options]));
  const judged = input === "input_features";
  return { golden, inputs: { input, rows, decoder_input_ids, max_new_tokens, calls, judged } };
}

/** Throws where a result differs from transformers'; returns the worst logit in units of the tolerance. */
export function expectSpeech(result: SpeechResult, { golden }: SpeechFixture): number {
  const tensor = (name: string) => golden.tensors.get(name)?.data ?? expect.fail(`golden.safetensors has no ${name}`);
  const logits = golden.decoder_input_ids.flatMap((_, i) => [...tensor(`logits.${i}`)]);
  let worst = worstOf(result.together, logits);
  expect(worst, "logits of all rows together").toBeLessThanOrEqual(1);
  golden.decoder_input_ids.forEach((_, i) => {
    worst = Math.max(worst, worstOf(result.logits[i], tensor(`logits.${i}`)));
    expect(worst, `logits of row ${i}`).toBeLessThanOrEqual(1);
    const states = worstOf(result.states[i], tensor(`encoder_last_hidden_state.${i}`));
    expect(states, `encoder states of row ${i}`).toBeLessThanOrEqual(1);
  });
  for (const [name, call] of Object.entries(golden.calls)) {
    const output = result.outputs[name];
    expect(output.sequences, name).toEqual(call.sequences);
    call.token_logprobs?.forEach((expected, row) => {
      expect(worstOf(output.token_logprobs?.[row] ?? [], expected), `${name}: log-probabilities`).toBeLessThanOrEqual(
        1,
      );
    });
    for (const judged of ["avg_logprobs", "no_speech_probs"] as const) {
      const expected = call[judged];
      if (expected) expect(worstOf(output[judged] ?? [], expected), `${name}: ${judged}`).toBeLessThanOrEqual(1);
    }
    if (call.sequences_scores) {
      expect(worstOf(output.sequences_scores ?? [], call.sequences_scores), `${name}: scores`).toBeLessThanOrEqual(1);
    }
  }
  result.languages?.forEach((found, row) => {
    const expected = Object.entries(golden.languages ?? {}).map(([name, rows]): [string, number] => [name, rows[row]]);
    expected.sort(([, a], [, b]) => b - a);
    expect(found.map(([name]) => name)).toEqual(expected.map(([name]) => name));
    const probabilities = found.map(([, probability]) => probability);
    expect(
      worstOf(
        probabilities,
        expected.map(([, probability]) => probability),
      ),
    ).toBeLessThanOrEqual(1);
  });
  if (result.alignments) {
    const rows = result.alignments.map((alignment, row) => worstOf(alignment, tensor(`alignment.${row}`)));
    expect(Math.max(...rows), "alignments").toBeLessThanOrEqual(1);
  }
  return worst;
}
