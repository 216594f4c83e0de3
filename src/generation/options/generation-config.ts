/** The options of `generate` and `stream`, under their Hugging Face names. docs/generation.md says what each costs. */

/**
 * The options of `generate` and `stream`. Names and meanings are those of `GenerationConfig` in Hugging Face
 * transformers, unless an option says otherwise. An option that the call leaves out, or gives as `null`, has the value of
 * the model's generation_config.json. The default below holds where that file says nothing either.
 *
 * "Sequence" means the tokens of one output with the start token. "Device" options cost nothing extra; those that need
 * the logits in JavaScript read V floats per row and step from the device.
 */
export interface GenerationConfig {
  // --- length ---
  /** The most tokens to add to the prompt: an integer from 1. Default: as many as `max_length` allows. */
  max_new_tokens?: number;
  /**
   * The longest sequence, in tokens: an integer from 2. Ignored if `max_new_tokens` is given. Default: as many as
   * fit the positions of the model's decoder (transformers: 20 new tokens).
   */
  max_length?: number;
  /** No end token before the sequence has this many tokens: an integer from 0. Default 0. */
  min_length?: number;
  /** No end token before this many new tokens: an integer from 0. Replaces `min_length`. Default: `min_length` decides. */
  min_new_tokens?: number;
  /** Seconds after which every row ends with its next token. Needs the logits in JavaScript with beams. Default: none. */
  max_time?: number;
  /**
   * A sequence ends as soon as its decoded text contains one of these; the text keeps it. Needs a tokenizer, and the logits
   * in JavaScript with beams. Default: none.
   */
  stop_strings?: string | string[];

  // --- search ---
  /** The width of a beam search: an integer from 1 to 65,536. 1 is greedy search, or sampling with `do_sample`. Default 1. */
  num_beams?: number;
  /**
   * Diverse beam search (Vijayakumar et al. 2018), as in transformers 4.56: splits the beams into this many groups of equal
   * size, which choose one after the other. `num_beams` must be a multiple of it. Needs `diversity_penalty`, and the logits in
   * JavaScript. Default 1.
   */
  num_beam_groups?: number;
  /** Subtracted from a token's score for each beam of an earlier group that has just taken it: at least 0. Default 0. */
  diversity_penalty?: number;
  /** Sequences to return per row: an integer from 1 to 65,536, in a beam search at most `num_beams`. Default 1. */
  num_return_sequences?: number;
  /**
   * When the beam search of a row ends. `true`: as soon as `num_beams` hypotheses have ended. `false`: when, in addition, the
   * best running beam would be worse than all of them at its present length. "never": when, in addition, no running beam can
   * become better than them at any length. Default false.
   */
  early_stopping?: boolean | "never";
  /**
   * Finished beams are compared by the sum of their log-probabilities divided by their length to this power (Wu et al.
   * 2016). Above 0 favours long sequences. Default 1.
   */
  length_penalty?: number;
  /**
   * Draw tokens instead of taking the best. Needs the logits in JavaScript with beams, and where `top_k` is above 248 or nothing
   * limits the choice. Default false.
   */
  do_sample?: boolean;
  /**
   * Makes draws reproducible: an integer from 0 to 2^32 - 1. Each sequence has its own stream of random numbers, so a
   * row gets the same draws in any batch. Not an option of transformers. Default: a random seed per call.
   */
  seed?: number;
  /** Divides the logits before a draw: above 0. Sampling only. Default 1. */
  temperature?: number;
  /** Draws from this many most probable tokens: an integer from 0, where 0 means all. Sampling only. Default 50. */
  top_k?: number;
  /**
   * Draws from the fewest most probable tokens whose probabilities add up to this (Holtzman et al. 2020): 0 to 1. Sampling
   * only. Default 1: all.
   */
  top_p?: number;
  /**
   * Draws from tokens that are at least this many times as probable as the most probable one (Nguyen et al. 2024): 0 to 1.
   * Sampling only. Default: off.
   */
  min_p?: number;
  /**
   * Draws from the best tokens, of 100, that together hold at most this share of the entropy: above 0, at most 1. Sampling
   * only. Default: off.
   */
  top_h?: number;
  /**
   * Draws from the tokens whose information is nearest to the entropy, until their probabilities add up to this (Meister et
   * al. 2022): above 0, at most 1. Sampling only. Default 1: all.
   */
  typical_p?: number;
  /** Draws from tokens of at least this probability (Hewitt et al. 2022): 0 to below 1. Sampling only. Default 0. */
  epsilon_cutoff?: number;
  /**
   * The same with the bound min(eta, sqrt(eta) exp(-entropy)) (Hewitt et al. 2022): 0 to below 1. Sampling only. Default 0.
   */
  eta_cutoff?: number;

  // --- logits processors ---
  /**
   * Divides positive scores of tokens that are in the sequence, start token included, and multiplies negative ones (Keskar
   * et al. 2019): above 0, where more than 1 means fewer repetitions. Default 1.
   */
  repetition_penalty?: number;
  /** Raises the scores of tokens of the input if above 1, and lowers them if below 1; above 0. Default 1. */
  encoder_repetition_penalty?: number;
  /** No n-gram of this length twice in a sequence: an integer from 0, where 0 is off. Default 0. */
  no_repeat_ngram_size?: number;
  /** No n-gram of this length of the source in the sequence: an integer from 0, where 0 is off. Default 0. */
  encoder_no_repeat_ngram_size?: number;
  /** Sequences of token ids that must not appear. An end token alone cannot be banned. Default: none. */
  bad_words_ids?: number[][];
  /** Pairs of token ids and a number that is added to the score of the last id where the others stand before it. Default: none. */
  sequence_bias?: [number[], number][];
  /** The first token after the start token, as a token id or a list of those it may be; many models of several languages need it. Default: none. */
  forced_bos_token_id?: number | number[];
  /** The token id, or one of those, that a sequence of `max_length` tokens ends with. Default: none. */
  forced_eos_token_id?: number | number[];
  /** Pairs of a position in the sequence, from 1, and the token id that must stand there; as in transformers 4. Default: none. */
  forced_decoder_ids?: [number, number][];
  /** Token ids that never come; -1 stands for none. Default: none. */
  suppress_tokens?: number[];
  /** Token ids that do not come first; -1 stands for none. Default: none. */
  begin_suppress_tokens?: number[];
  /**
   * `[start, factor]`: after `start` + n new tokens, n above 0, the score s of the end token becomes s + |s| (factor ** n - 1).
   * Default: off.
   */
  exponential_decay_length_penalty?: [number, number];
  /** Makes the probabilities add up to one again after all logits processors. Default false. */
  renormalize_logits?: boolean;
  /** NaN becomes 0 and infinities the largest float32. Needs the logits in JavaScript. Default false. */
  remove_invalid_values?: boolean;
  /**
   * Returns the token ids that may come next, or a promise of them. Called per step with the number of the row and the
   * sequence so far, once for beams of the same sequence. Needs the logits in JavaScript. `prefix_allowed_tokens_fn` of
   * transformers. Default: all.
   */
  prefix_allowed_tokens?: (row: number, sequence: number[]) => number[] | Promise<number[]>;
  /**
   * Token ids that every sequence begins with, after the start token and a forced first one: one list, or one per row.
   * Needs the logits in JavaScript with beams, or where rows differ in length. Not an option of transformers. Default: none.
   */
  constraint?: number[] | number[][];

  // --- tokens ---
  /** The token id or ids, at most 8, that end a sequence; -1 or []: none. Default: those of the model's files. */
  eos_token_id?: number | number[];
  /** The token id that a sequence starts with, or one per row. Default: that of the model's files. */
  decoder_start_token_id?: number | number[];
  /** The id of padding in the input, for the warning where there is no `attention_mask`. Default: that of the files. */
  pad_token_id?: number;
  /**
   * The token id that a sequence starts with where neither the call nor the model's files have `decoder_start_token_id`; else
   * it has no effect, with a warning. Default: that of the files.
   */
  bos_token_id?: number;

  // --- what comes back ---
  /** Adds `token_logprobs` to the result. Default false. */
  output_scores?: boolean;
  /**
   * Adds `alternatives` to the result: this many most probable tokens per step. Needs the logits in JavaScript. Not an
   * option of transformers. Default 0.
   */
  output_alternatives?: number;
  /** Adds attention weights to the result, at the cost of one more pass over the finished sequences. Default false. */
  output_attentions?: boolean;
  /** Adds hidden states to the result, at the cost of one more pass over the finished sequences. Default false. */
  output_hidden_states?: boolean;

  // --- input and control ---
  /**
   * 1 or true for each source token to read, 0 or false for padding; one list, or one per row, of the lengths of the input.
   * Default: every token is read, with a warning where `pad_token_id` is among them.
   */
  attention_mask?: (number | boolean)[] | (number | boolean)[][];
  /**
   * What each sequence begins with: token ids, as many rows as the input has, all of one length. The start token is put
   * before them if no row begins with it. Default: the start token.
   */
  decoder_input_ids?: number[] | number[][];
  /** Stops within one step; the call rejects with `signal.reason`. Default: none. */
  signal?: AbortSignal;
}
