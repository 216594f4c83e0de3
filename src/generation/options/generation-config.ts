/** The options of `generate` and `stream`, by their Hugging Face names. docs/generation.md has what they do. */

export interface GenerationConfig {
  // --- length ---
  /** How many tokens to add at most. Default: what `max_length` leaves, else the model's limit. */
  max_new_tokens?: number;
  /** The longest sequence, decoder start token included. `max_new_tokens` goes first where both are given. */
  max_length?: number;
  /** No end token before the sequence, start token included, is this long. `min_new_tokens` goes first. */
  min_length?: number;
  min_new_tokens?: number;
  /** Seconds after which a row stops at its next token. */
  max_time?: number;
  /** Texts that end a row as soon as they appear in its text; the row keeps them. Needs a tokenizer. */
  stop_strings?: string | string[];

  // --- search ---
  /** 1 (greedy, or sampling) or the width of a beam search. */
  num_beams?: number;
  /**
   * Splits the beams into so many groups of one size that choose one after the other: diverse beam search. Needs
   * `diversity_penalty`.
   */
  num_beam_groups?: number;
  /** What a token loses for each beam of an earlier group that has just taken it. */
  diversity_penalty?: number;
  /** How many sequences to return a row; at most `num_beams` in a beam search. */
  num_return_sequences?: number;
  /** When a beam search of a row ends: true, false (the default) or "never", as Hugging Face defines them. */
  early_stopping?: boolean | "never";
  /** Finished beams are compared by their score divided by their length to this power. Default 1. */
  length_penalty?: number;
  /** Draw tokens instead of taking the best. */
  do_sample?: boolean;
  /** Makes draws reproducible: an integer from 0 to 2^32 - 1. Row i draws from a stream of its own. */
  seed?: number;
  temperature?: number;
  /** 0: no limit. Default 50, as Hugging Face has it. */
  top_k?: number;
  top_p?: number;
  min_p?: number;
  top_h?: number;
  typical_p?: number;
  epsilon_cutoff?: number;
  eta_cutoff?: number;

  // --- rules on the scores ---
  repetition_penalty?: number;
  encoder_repetition_penalty?: number;
  no_repeat_ngram_size?: number;
  encoder_no_repeat_ngram_size?: number;
  bad_words_ids?: number[][];
  /** Pairs of token ids and what is added to the score of their last one after the others. */
  sequence_bias?: [number[], number][];
  forced_bos_token_id?: number;
  forced_eos_token_id?: number | number[];
  /** Pairs of a position in the sequence and the token that must stand there. */
  forced_decoder_ids?: [number, number][];
  suppress_tokens?: number[];
  begin_suppress_tokens?: number[];
  /** [start, factor]: from `start` new tokens on the end token's score grows with `factor` to the power of the rest. */
  exponential_decay_length_penalty?: [number, number];
  renormalize_logits?: boolean;
  remove_invalid_values?: boolean;
  /**
   * Which tokens may come next: called with the number of the row and the sequence so far at every step. Needs the
   * logits in JavaScript.
   */
  prefix_allowed_tokens?: (row: number, sequence: number[]) => number[];
  /** Token ids that every generated sequence must start with, after the start token; one list, or one a row. */
  constraint?: number[] | number[][];

  // --- tokens ---
  /** The token or tokens that end a row. Default: the model's. */
  eos_token_id?: number | number[];
  /** Default: the model's. */
  decoder_start_token_id?: number;
  /** What padding in the input looks like, where there is no attention_mask. Default: the model's. */
  pad_token_id?: number;
  /** Stands in for `decoder_start_token_id` where neither the options nor the model have one. */
  bos_token_id?: number;

  // --- what comes back ---
  /** Adds `token_logprobs` to the result: natural logarithms. */
  output_scores?: boolean;
  /** Adds the most probable tokens at each position to the result, this many. */
  output_alternatives?: number;
  /** Adds the attention weights to the result, at the cost of one more pass over the finished sequences. */
  output_attentions?: boolean;
  /** Adds hidden states by layer to the result, at the cost of one more pass over the finished sequences. */
  output_hidden_states?: boolean;

  // --- input and control ---
  /** 1 for the source tokens to read, 0 for padding. Default: rows are padded inside, pad tokens are not read. */
  attention_mask?: number[] | number[][];
  /** What each sequence starts with: rows of one length. The start token is put before them where it is missing. */
  decoder_input_ids?: number[] | number[][];
  /** Stops within one step; the call rejects with `signal.reason`. */
  signal?: AbortSignal;
}
