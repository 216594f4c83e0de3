"""The cases of wild.py, by kind. `"absent"` takes a field away."""

import torch

SOURCE = [[5, 6, 7, 8, 9, 10, 2], [11, 12, 13, 2]]
BART_LIKE = {
    "vocab_size": 40, "d_model": 8, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 12, "decoder_ffn_dim": 12, "max_position_embeddings": 32,
    "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2,
}  # fmt: skip
T5_LIKE = {
    "vocab_size": 40, "d_model": 8, "d_kv": 4, "num_heads": 2, "d_ff": 12, "num_layers": 2, "pad_token_id": 0,
    "eos_token_id": 1, "decoder_start_token_id": 0, "relative_attention_num_buckets": 8,
    "relative_attention_max_distance": 16,
}  # fmt: skip
SMALL = {
    "marian": BART_LIKE | {"activation_function": "swish", "scale_embedding": True, "decoder_start_token_id": 1},
    "bart": BART_LIKE | {"forced_eos_token_id": 2},
    "mbart": BART_LIKE | {"scale_embedding": True},
    "m2m_100": BART_LIKE,
    "pegasus": BART_LIKE | {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0},
    "t5": T5_LIKE | {"feed_forward_proj": "relu"},
    "mt5": T5_LIKE | {"feed_forward_proj": "gated-gelu"},
    "umt5": T5_LIKE | {"feed_forward_proj": "gated-gelu"},
}
FAIRSEQ = ("marian", "bart", "mbart", "m2m_100", "pegasus")

ACTIVATIONS = (
    "gelu", "gelu_10", "gelu_fast", "gelu_new", "gelu_python", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_accurate",
    "hardswish", "laplace", "leaky_relu", "linear", "mish", "quick_gelu", "relu", "relu2", "relu6", "sigmoid", "silu",
    "sqrtsoftplus", "swish", "tanh",
)  # fmt: skip

CONFIGS = {
    **{f"activation {name}": ("bart", {"activation_function": name}, {}) for name in ACTIVATIONS},
    **{f"T5 with {name}": ("t5", {"feed_forward_proj": name}, {}) for name in ("mish", "relu2", "gelu_10")},
    **{
        f"{family} without model_type": (family, {"model_type": "absent", "architectures": [architecture]}, {})
        for family, architecture in {
            "umt5": "UMT5ForConditionalGeneration", "t5": "T5ForConditionalGeneration", "mt5": "MT5ForConditionalGeneration",
            "bart": "BartForSequenceClassification", "marian": "MarianMTModel", "m2m_100": "M2M100ForConditionalGeneration",
        }.items()
    },
    **{f"{family}: num_hidden_layers 1": (family, {"num_hidden_layers": 1}, {}) for family in FAIRSEQ},
    "T5: num_hidden_layers 1": ("t5", {"num_hidden_layers": 1}, {"use_cache": False}),
    "T5: num_hidden_layers 1 and num_decoder_layers 1": ("t5", {"num_hidden_layers": 1, "num_decoder_layers": 1}, {}),
    "T5 with max_position_embeddings": ("t5", {"max_position_embeddings": 4, "n_positions": 4}, {}),
    "UMT5 with tie_word_embeddings false": ("umt5", {"tie_word_embeddings": False}, {}),
    "T5 with tie_word_embeddings false": ("t5", {"tie_word_embeddings": False}, {}),
    "mT5 with tie_word_embeddings false": ("mt5", {"tie_word_embeddings": False}, {}),
    "T5 with scale_decoder_outputs false": ("t5", {"scale_decoder_outputs": False}, {}),
    "NaN in a field for training": ("bart", {"init_std": float("nan"), "classifier_dropout": float("inf")}, {}),
    "a tagged NaN": ("t5", {"initializer_factor": {"__float__": "NaN"}}, {}),
    "unknown fields": ("marian", {"my_note": {"a": [1]}, "rope_theta": 10000.0, "text": None}, {}),
    "pad_token_id -1": ("bart", {"pad_token_id": -1}, {}),
    **{f"{family}: pad_token_id null": (family, {"pad_token_id": None}, {}) for family in FAIRSEQ if family != "m2m_100"},
    "fields of transformers 3": ("bart", {"normalize_before": False, "extra_pos_embeddings": 2, "add_bias_logits": False}, {}),
    "T5 whose pad token is outside": ("t5", {"pad_token_id": 99}, {}),
}

GENERATION = {
    "unknown keys": ("t5", {"task": "abs", "text": "x", "langid_map": {"en": [1, "x"]}}),
    "stale defaults": ("bart", {"num_assistant_tokens": 5, "num_assistant_tokens_schedule": "heuristic", "assistant_confidence_threshold": 0.4}),
    "cache": ("marian", {"use_cache": False, "cache_implementation": "static", "max_cache_len": 9}),
    "use_cache false": ("t5", {"use_cache": False}),
    "outputs": ("bart", {"output_scores": True, "output_hidden_states": False}),
    "prompt lookup in beams": ("m2m_100", {"prompt_lookup_num_tokens": 3, "max_matching_ngram_size": 2}),
    "temperature 0": ("marian", {"temperature": 0.0}),
    "temperature 0 without beams": ("t5", {"temperature": 0.0, "num_beams": 1}),
    "top_k -1": ("t5", {"top_k": -1}),
    "top_p 2": ("bart", {"top_p": 2.0, "typical_p": 3.0}),
    "cutoffs outside": ("bart", {"epsilon_cutoff": -1.0, "eta_cutoff": 7.0}),
    "no_repeat_ngram_size -1": ("t5", {"no_repeat_ngram_size": -1, "encoder_no_repeat_ngram_size": -3}),
    "min_length -1": ("bart", {"min_length": -1}),
    "min_new_tokens -1 beside min_length": ("bart", {"min_length": 7, "min_new_tokens": -1}),
    "early_stopping 1": ("marian", {"early_stopping": 1}),
    "early_stopping 0": ("marian", {"early_stopping": 0}),
    "early_stopping true": ("marian", {"early_stopping": True}),
    "eos -1": ("marian", {"eos_token_id": -1}),
    "eos of a list with -1": ("bart", {"eos_token_id": [2, -1]}),
    "eos past the vocabulary": ("bart", {"eos_token_id": [2, 99]}),
    "no eos": ("marian", {"eos_token_id": "absent"}),
    "no eos, null": ("m2m_100", {"eos_token_id": None}),
    "no start": ("bart", {"decoder_start_token_id": "absent"}),
    "no start, null": ("m2m_100", {"decoder_start_token_id": None}),
    "suppressed ids out of range": ("bart", {"suppress_tokens": [7, 99, -1]}),
    "suppressed at the beginning out of range": ("t5", {"begin_suppress_tokens": [7, 220, 50256]}),
    "pad -1": ("bart", {"pad_token_id": -1}),
    "renormalize_logits 1": ("bart", {"renormalize_logits": 1}),
    "remove_invalid_values 1": ("bart", {"remove_invalid_values": 1}),
    "penalty_alpha in beams": ("bart", {"penalty_alpha": 0.6, "top_k": 4}),
    "forced_decoder_ids": ("bart", {"forced_decoder_ids": [[1, 7]]}),
    "forced_bos as a list": ("m2m_100", {"forced_bos_token_id": [7, 9]}),
    "fractional decay start": ("t5", {"exponential_decay_length_penalty": [1.5, 1.4]}),
    "length_penalty without beams": ("bart", {"num_beams": 1, "length_penalty": 2.0, "early_stopping": True}),
    "diversity_penalty without groups": ("bart", {"diversity_penalty": 0.5}),
    "nulls": ("marian", {"max_new_tokens": None, "bad_words_ids": None, "temperature": None, "num_beam_groups": None}),
}


def more(**tensors):
    return lambda given: given | tensors


def norm_biases(given):
    names = [n for n in given if n.endswith("layer_norm.weight")]
    return given | {n.replace(".weight", ".bias"): torch.full_like(given[n], 3.0) for n in names}


def doubled_layers(given):
    return given | {n.replace("layers.1.", "layers.2."): t.clone() for n, t in given.items() if ".layers.1." in n}


def banned(given):
    bias = given["final_logits_bias"].float()
    bias[:, 7] = bias[:, 11] = -torch.inf
    return given | {"final_logits_bias": bias}


F64 = torch.float64
HEADS = {f"classification_head.{n}": torch.ones(3, 8) for n in ("dense.weight", "out_proj.weight")}
WEIGHTS = {
    **{f"{f}: position ids": (f, more(**{"model.encoder.embed_positions.position_ids": torch.arange(32)})) for f in FAIRSEQ},
    **{f"{f}: a classification head": (f, more(**HEADS)) for f in ("bart", "mbart", "t5")},
    **{f"{f}: a value head": (f, more(**{"v_head.summary.weight": torch.ones(1, 8)})) for f in ("t5", "bart", "marian")},
    **{f"{f}: more layers": (f, doubled_layers) for f in FAIRSEQ},
    **{f"{f}: float64": (f, lambda g: {n: t.to(F64) for n, t in g.items()}) for f in ("bart", "t5", "marian")},
    **{f"{f}: biases of norms": (f, norm_biases) for f in ("t5", "mt5", "umt5")},
    **{f"{f}: a bias of the head": (f, more(**{"lm_head.bias": torch.full((40,), 2.0)})) for f in ("t5", "bart", "m2m_100")},
    **{f"{f}: banned tokens": (f, banned) for f in ("bart", "mbart", "marian")},
    "m2m_100: a bias on the logits": ("m2m_100", more(final_logits_bias=torch.full((1, 40), 9.0))),
    "m2m_100: its sinusoids": ("m2m_100", more(**{"model.encoder.embed_positions.weights": torch.ones(34, 8)})),
    "t5: the bias of cross-attention": (
        "t5", more(**{"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight": torch.ones(8, 2)}),
    ),
    "bart: format numbers": ("bart", more(**{"model.encoder.version": torch.ones(1), "model.decoder.version": torch.ones(1)})),
}  # fmt: skip

CALLS = {
    "start per row": ("m2m_100", {"decoder_start_token_id": [5, 6]}),
    "start per row in beams": ("m2m_100", {"decoder_start_token_id": [5, 6], "num_beams": 3}),
    "eos -1": ("t5", {"eos_token_id": -1}),
    "eos -1 in beams": ("bart", {"eos_token_id": -1, "num_beams": 3}),
    **{f"decay from {s}, {n} beams": ("t5", {"exponential_decay_length_penalty": (s, 1.3), "num_beams": n})
       for s in (0.5, 1.5, 2.25, -1.5) for n in (1, 3)},
    **{f"one of several first tokens, {n} beams": ("bart", {"forced_bos_token_id": [7, 9, 12], "num_beams": n}) for n in (1, 2, 4)},
    "temperature 0": ("t5", {"temperature": 0.0}),
    "top_k -1": ("t5", {"top_k": -1}),
    **{f"{name} -1, {n} beams": (f, {name: -1, "num_beams": n}) for n in (1, 3) for f in ("bart", "t5")
       for name in ("no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "min_length", "min_new_tokens")},
    "one of several last tokens": ("t5", {"forced_eos_token_id": [1, 9]}),  # in beams it is a tie
    **{f"several end tokens and -1, {n} beams": ("m2m_100", {"eos_token_id": [2, -1, 9], "num_beams": n}) for n in (1, 3)},
    "early_stopping in greedy search": ("bart", {"early_stopping": True}),
    "nulls": ("m2m_100", {"temperature": None, "top_k": None, "bad_words_ids": None, "forced_bos_token_id": None}),
}  # fmt: skip

# Rows with padding and no attention mask.
UNMASKED = {
    **{f"{f}: padded on the {side}, {n} beams": (f, side, {"num_beams": n}, {}) for f in SMALL for side in ("right", "left")
       for n in (1, 3)},
    **{f"{f}: the pad token ends a row": (f, "right", {}, {"eos_token_id": SMALL[f]["pad_token_id"]}) for f in ("bart", "t5")},
    **{f"{f}: padded on both sides, no repeated pairs": (f, "both", {"no_repeat_ngram_size": 2}, {}) for f in SMALL},
}  # fmt: skip

# generation_config.json without a token that config.json names. "absent" takes the field away, "other" makes config.json name another.
TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")
UNNAMED = {
    **{f"{f}: no {name}": (f, {}, {name: "absent"}) for f in SMALL for name in TOKENS},
    **{f"{f}: no start token, and config.json names 7": (f, {"decoder_start_token_id": 7}, {"decoder_start_token_id": "absent"})
       for f in ("bart", "t5", "marian", "m2m_100")},
    **{f"{f}: no end token, and config.json names two": (f, {"eos_token_id": [2, 9]}, {"eos_token_id": "absent"})
       for f in ("bart", "t5", "marian", "m2m_100")},
    **{f"{f}: none of them": (f, {}, dict.fromkeys(TOKENS, "absent")) for f in SMALL},
}  # fmt: skip

OPUS = {
    "_num_labels": 3, "activation_dropout": 0.0, "activation_function": "swish", "add_bias_logits": False,
    "add_final_layer_norm": False, "architectures": ["MarianMTModel"], "attention_dropout": 0.0, "bad_words_ids": [[1]],
    "bos_token_id": 0, "classif_dropout": 0.0, "d_model": 8, "decoder_attention_heads": 2, "decoder_ffn_dim": 12,
    "decoder_layerdrop": 0.0, "decoder_layers": 2, "decoder_start_token_id": 1, "dropout": 0.1, "encoder_attention_heads": 2,
    "encoder_ffn_dim": 12, "encoder_layerdrop": 0.0, "encoder_layers": 2, "eos_token_id": 2, "extra_pos_embeddings": 41,
    "id2label": {"0": "LABEL_0"}, "init_std": 0.02, "is_encoder_decoder": True, "label2id": {"LABEL_0": 0}, "max_length": 9,
    "max_position_embeddings": 32, "model_type": "marian", "normalize_before": False, "normalize_embedding": False,
    "num_beams": 6, "num_hidden_layers": 2, "pad_token_id": 1, "scale_embedding": True, "static_position_embeddings": True,
    "vocab_size": 40,
}  # fmt: skip
CNN = {
    "_num_labels": 3, "activation_dropout": 0.0, "activation_function": "gelu", "add_bias_logits": False,
    "add_final_layer_norm": False, "architectures": ["BartForConditionalGeneration"], "attention_dropout": 0.0,
    "bos_token_id": 0, "classif_dropout": 0.0, "classifier_dropout": 0.0, "d_model": 8, "decoder_attention_heads": 2,
    "decoder_ffn_dim": 12, "decoder_layerdrop": 0.0, "decoder_layers": 2, "decoder_start_token_id": 2, "dropout": 0.1,
    "early_stopping": True, "encoder_attention_heads": 2, "encoder_ffn_dim": 12, "encoder_layerdrop": 0.0, "encoder_layers": 2,
    "eos_token_id": 2, "force_bos_token_to_be_generated": True, "forced_bos_token_id": 0, "forced_eos_token_id": 2,
    "gradient_checkpointing": False, "init_std": 0.02, "is_encoder_decoder": True, "length_penalty": 2.0, "max_length": 12,
    "max_position_embeddings": 32, "min_length": 5, "model_type": "bart", "no_repeat_ngram_size": 3, "normalize_before": False,
    "normalize_embedding": True, "num_beams": 4, "num_hidden_layers": 2, "output_past": True, "pad_token_id": 1, "prefix": " ",
    "scale_embedding": False, "static_position_embeddings": False,
    "task_specific_params": {"summarization": {"early_stopping": True, "num_beams": 4}}, "vocab_size": 40,
}  # fmt: skip
T5_SMALL = {
    "architectures": ["T5ForConditionalGeneration"], "d_ff": 12, "d_kv": 4, "d_model": 8, "decoder_start_token_id": 0,
    "dropout_rate": 0.1, "eos_token_id": 1, "initializer_factor": 1.0, "is_encoder_decoder": True, "layer_norm_epsilon": 1e-06,
    "model_type": "t5", "n_positions": 512, "num_heads": 2, "num_layers": 2, "output_past": True, "pad_token_id": 0,
    "relative_attention_num_buckets": 8, "relative_attention_max_distance": 16, "vocab_size": 40,
    "task_specific_params": {"translation_en_to_fr": {"early_stopping": True, "max_length": 300, "num_beams": 4}},
}  # fmt: skip
V11 = {k: v for k, v in T5_SMALL.items() if k not in ("n_positions", "task_specific_params")} | {
    "tie_word_embeddings": False, "tokenizer_class": "T5Tokenizer", "use_cache": True, "transformers_version": "4.23.1",
}
M2M = {k: v for k, v in CNN.items() if k not in (
    "_num_labels", "force_bos_token_to_be_generated", "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "min_length",
    "no_repeat_ngram_size", "prefix", "task_specific_params", "normalize_before", "normalize_embedding", "add_final_layer_norm",
    "static_position_embeddings", "output_past", "classif_dropout")} | {
    "activation_function": "relu", "architectures": ["M2M100ForConditionalGeneration"], "model_type": "m2m_100",
    "scale_embedding": True, "num_beams": 5,
}  # fmt: skip
MBART = CNN | {
    "architectures": ["MBartForConditionalGeneration"], "model_type": "mbart", "add_final_layer_norm": True,
    "normalize_before": True, "scale_embedding": True, "decoder_start_token_id": 7, "forced_bos_token_id": None, "prefix": None,
    "min_length": None, "no_repeat_ngram_size": None, "task_specific_params": {"translation_en_to_ro": {"decoder_start_token_id": 7}},
}  # fmt: skip
PEGASUS = CNN | {
    "architectures": ["PegasusForConditionalGeneration"], "model_type": "pegasus", "add_final_layer_norm": True,
    "normalize_before": True, "normalize_embedding": False, "static_position_embeddings": True, "scale_embedding": True,
    "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0, "forced_bos_token_id": None, "forced_eos_token_id": 1,
    "activation_function": "relu", "extra_pos_embeddings": 1, "num_beams": 8, "length_penalty": 0.6, "min_length": None,
    "force_bos_token_to_be_generated": False,
}  # fmt: skip
OPUS_GENERATION = {
    "bad_words_ids": [[1]], "bos_token_id": 0, "decoder_start_token_id": 1, "eos_token_id": 2, "forced_eos_token_id": 2,
    "max_length": 9, "num_beams": 4, "pad_token_id": 1, "renormalize_logits": True, "transformers_version": "4.32.0.dev0",
}  # fmt: skip
T5_GENERATION = {"_from_model_config": True, "decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0, "transformers_version": "4.27.0.dev0"}
NLLB_GENERATION = {
    "_from_model_config": True, "bos_token_id": 0, "decoder_start_token_id": 2, "eos_token_id": 2, "max_length": 11,
    "pad_token_id": 1, "transformers_version": "4.27.0.dev0",
}  # fmt: skip
GATED = {"feed_forward_proj": "gated-gelu"}
# Texts as the repositories have them, from memory; only sizes and token ids are shrunk to the tiny checkpoints.
REPOSITORIES = {
    "Helsinki-NLP/opus-mt-en-de (config.json alone)": ("marian", OPUS, None),
    "Helsinki-NLP/opus-mt-en-fr": ("marian", OPUS, OPUS_GENERATION),
    "Helsinki-NLP/opus-mt-mul-en": ("marian", OPUS | {"share_encoder_decoder_embeddings": True}, OPUS_GENERATION | {"num_beams": 6}),
    "Helsinki-NLP/opus-mt-tc-big-en-fr": ("marian", OPUS | {"forced_eos_token_id": 2, "tokenizer_class": None, "torch_dtype": "float16"}, OPUS_GENERATION),
    "a fine-tuned OPUS-MT of transformers 4.40": ("marian", OPUS | {"max_length": None, "num_beams": None, "bad_words_ids": None}, OPUS_GENERATION),
    "facebook/bart-large-cnn (config.json alone)": ("bart", CNN, None),
    "facebook/bart-large-cnn": ("bart", CNN, {
        "_from_model_config": True, "bos_token_id": 0, "decoder_start_token_id": 2, "early_stopping": True, "eos_token_id": 2,
        "forced_bos_token_id": 0, "forced_eos_token_id": 2, "length_penalty": 2.0, "max_length": 14, "min_length": 6,
        "no_repeat_ngram_size": 3, "num_beams": 4, "pad_token_id": 1, "transformers_version": "4.27.0.dev0"}),
    "facebook/bart-large-xsum": ("bart", CNN | {"length_penalty": None, "num_beams": 6, "max_length": 10, "min_length": 4}, None),
    "facebook/bart-base": ("bart", CNN | {"num_beams": 4, "length_penalty": None, "min_length": None, "forced_bos_token_id": None,
                                          "force_bos_token_to_be_generated": False, "max_length": 9}, None),
    "sshleifer/distilbart-cnn-12-6": ("bart", CNN | {"min_length": 4, "use_cache": True, "torch_dtype": "float32"}, None),
    "philschmid/bart-large-cnn-samsum": ("bart", CNN | {"torch_dtype": "float32", "transformers_version": "4.11.0.dev0"}, None),
    "t5-small (config.json alone)": ("t5", T5_SMALL | {"max_length": 9}, None),
    "t5-small": ("t5", T5_SMALL, T5_GENERATION | {"max_length": 9}),
    "google/flan-t5-base": ("mt5", V11 | GATED | {"model_type": "mt5"}, T5_GENERATION | {"max_length": 9}),
    "google/t5-v1_1-small": ("mt5", V11 | GATED | {"model_type": "mt5", "output_past": True}, T5_GENERATION | {"max_length": 9}),
    "google/mt5-small": ("mt5", V11 | GATED | {"architectures": ["MT5ForConditionalGeneration"], "model_type": "mt5"}, T5_GENERATION | {"max_length": 9}),
    "google/umt5-small (without model_type)": ("umt5", {k: v for k, v in (V11 | GATED).items() if k != "model_type"} | {
        "architectures": ["UMT5ForConditionalGeneration"], "dense_act_fn": "gelu_new", "is_gated_act": True,
        "scalable_attention": True}, T5_GENERATION | {"max_length": 9}),
    "csebuetnlp/mT5_m2o_english_crossSum": ("mt5", V11 | GATED | {"model_type": "mt5", "decoder_start_token_id": 7, "length_penalty": 0.6,
        "num_beams": 4, "no_repeat_ngram_size": 2, "max_length": 10}, None),
    "facebook/m2m100_418M (config.json alone)": ("m2m_100", M2M, None),
    "facebook/m2m100_418M": ("m2m_100", M2M, NLLB_GENERATION | {"early_stopping": True, "num_beams": 5}),
    "facebook/nllb-200-distilled-600M": ("m2m_100", M2M | {"tokenizer_class": "NllbTokenizer", "num_beams": None, "early_stopping": None}, NLLB_GENERATION),
    "facebook/mbart-large-en-ro": ("mbart", MBART, None),
    "facebook/mbart-large-50-many-to-many-mmt": ("mbart", MBART | {"tokenizer_class": "MBart50Tokenizer", "decoder_start_token_id": 2}, NLLB_GENERATION | {
        "early_stopping": True, "forced_eos_token_id": 2, "num_beams": 5}),
    "google/pegasus-xsum": ("pegasus", PEGASUS, None),
    "google/pegasus-cnn_dailymail": ("pegasus", PEGASUS, {
        "bos_token_id": 0, "decoder_start_token_id": 0, "eos_token_id": 1, "forced_eos_token_id": 1, "length_penalty": 0.8,
        "max_length": 12, "min_length": 4, "num_beams": 8, "pad_token_id": 0, "transformers_version": "4.27.0.dev0"}),
    "tuner007/pegasus_paraphrase": ("pegasus", PEGASUS | {"length_penalty": 0.8, "num_beams": 8, "gradient_checkpointing": False}, None),
}  # fmt: skip
