/** The calls of the engine behind the Translate view: text in, sequences with scores out, and what else could have come. */

import type { Alternative, GenerationConfig, Seq2Seq, Stats } from "../../../src/index";

/** The languages that a model of several is asked for. */
export interface Languages {
  sourceLanguage?: string;
  targetLanguage?: string;
}

/** One output: all that the view shows of it. */
export interface Candidate {
  /** Start token first. */
  sequence: number[];
  /** Of the tokens after the start token. */
  logprobs: (number | undefined)[];
  /** The decoded text of the first token after the start token, of the first two, and so on. */
  prefixes: string[];
  /** Of a beam search. */
  score?: number;
}

export const textOf = ({ prefixes }: Candidate): string => prefixes.at(-1) ?? "";

/** Output that is there already: a new one goes on from it. */
export type Beginning = Pick<Candidate, "sequence" | "logprobs" | "prefixes">;

const start = ({ config }: Seq2Seq): number => {
  const { decoder_start_token_id: token } = config;
  if (token === undefined) throw new Error("The files of this model do not say what its output begins with.");
  return token;
};

export function tokenizerOf(model: Seq2Seq) {
  if (!model.tokenizer) throw new Error(model.tokenizerProblem ?? "The folder of this model has no tokenizer.");
  return model.tokenizer;
}

/** A text as the tokens of the encoder, and the options that the languages ask for. */
export async function prepare(model: Seq2Seq, text: string, languages: Languages) {
  const tokenizer = tokenizerOf(model);
  const ids = await tokenizer.encode(text, tokenizer.languages ? languages : {});
  const { targetLanguage } = languages;
  const forced = tokenizer.languages && targetLanguage ? await tokenizer.forcedBosTokenId(targetLanguage) : undefined;
  const options: GenerationConfig = forced === undefined ? {} : { forced_bos_token_id: forced };
  return { ids, options };
}

/** What a search found. */
export interface Found {
  /** Best first; one unless beams were asked for more. */
  candidates: Candidate[];
  stats: Stats;
}

/**
 * Yields the output as it grows: one object, after each of its tokens. Beams tell a token once all of them agree on it, so nothing
 * is taken back.
 */
export async function* search(
  model: Seq2Seq,
  ids: number[],
  options: GenerationConfig,
  beginning?: Beginning,
): AsyncGenerator<Candidate, Found, undefined> {
  const tokenizer = tokenizerOf(model);
  const growing: Candidate = {
    sequence: [...(beginning?.sequence ?? [start(model)])],
    logprobs: [...(beginning?.logprobs ?? [])],
    prefixes: [...(beginning?.prefixes ?? [])],
  };
  const prompt = beginning ? { decoder_input_ids: [beginning.sequence] } : {};
  const stream = model.stream(ids, { ...options, ...prompt, output_scores: true });
  let next = await stream.next();
  for (; !next.done; next = await stream.next()) {
    const { token, logprob } = next.value;
    growing.sequence.push(token);
    growing.logprobs.push(logprob);
    growing.prefixes.push(await decoded(tokenizer, growing.sequence));
    yield growing;
  }
  const { sequences, sequences_scores, token_logprobs = [], stats } = next.value!;
  if (!sequences_scores) return { candidates: [growing], stats };
  const candidates = sequences.map(async (sequence, i) => ({
    sequence,
    logprobs: token_logprobs[i],
    prefixes: await Promise.all(sequence.slice(1).map((_, t) => decoded(tokenizer, sequence.slice(0, t + 2)))),
    score: sequences_scores[i],
  }));
  return { candidates: await Promise.all(candidates), stats };
}

const decoded = async (tokenizer: ReturnType<typeof tokenizerOf>, sequence: readonly number[]): Promise<string> =>
  tokenizer.decode(sequence.slice(1));

/** A token that could have come at a place of the output, with the text that it adds. */
export interface Choice extends Alternative {
  label: string;
}

/** The most probable tokens after the first `length` tokens of a sequence, best first. */
export async function choicesAt(
  model: Seq2Seq,
  ids: number[],
  sequence: readonly number[],
  length: number,
  signal: AbortSignal,
): Promise<Choice[]> {
  const tokenizer = tokenizerOf(model);
  const { alternatives } = await model.generate(ids, {
    decoder_input_ids: [sequence.slice(0, length)],
    max_new_tokens: 1,
    num_beams: 1,
    num_return_sequences: 1,
    do_sample: false,
    output_alternatives: 8,
    signal,
  });
  const found = alternatives?.[0]?.[0] ?? [];
  return Promise.all(found.map(async (one) => ({ ...one, label: await tokenizer.token(one.token) })));
}

/** The beginning that a chosen token makes: what came before it, and it. */
export async function chosen(model: Seq2Seq, { sequence, logprobs, prefixes }: Candidate, at: number, choice: Choice) {
  const kept = [...sequence.slice(0, at + 1), choice.token];
  return {
    sequence: kept,
    logprobs: [...logprobs.slice(0, at), Math.log(choice.probability)],
    prefixes: [...prefixes.slice(0, at), await decoded(tokenizerOf(model), kept)],
  };
}
