"""The table of fixtures under test/goldens/families/: what each is there for. See families.py."""

from dataclasses import dataclass, field, replace

import torch
from transformers import CONFIG_MAPPING, MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING



def classes_of(model_type: str):
    """The configuration class and the model class of a `model_type`."""
    config = CONFIG_MAPPING[model_type]
    return config, MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING[config]


@dataclass(frozen=True)
class Case:
    model_type: str
    config: dict
    seed: int = 0
    generation: dict = field(default_factory=dict)  # fields of generation_config.json beside what HF takes from the config
    legacy: dict = field(default_factory=dict)  # fields of config.json as older versions wrote them; None removes one
    storage: str = "safetensors"  # or "sharded", "bin", "all" (tied tensors present)
    dtype: torch.dtype = torch.float32
    lengths: tuple = (6, 9, 1, 7)  # real tokens of each source row
    holes: tuple = ()  # (row, column) of padding that is not at the end
    target_holes: tuple = ()  # the same for decoder_input_ids
    target_length: int = 8  # of decoder_input_ids
    max_new_tokens: int = 14
    distinct: float = 0.25  # least share of distinct tokens in a greedy sequence
    use_cache: bool = True  # transformers 5 cannot cache a T5 whose decoder is not as deep as its encoder


def marian(**changes) -> dict:
    vocab = changes.get("vocab_size", 50)
    pad = changes.pop("pad_token_id", vocab - 1)
    return {
        "vocab_size": vocab, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "max_position_embeddings": 64,
        "activation_function": "swish", "scale_embedding": True, "pad_token_id": pad, "eos_token_id": 0,
        "bos_token_id": 0, "decoder_start_token_id": pad, "forced_eos_token_id": 0, **changes,
    }  # fmt: skip


def bart(**changes) -> dict:
    return {
        "vocab_size": 50, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "max_position_embeddings": 32,
        "activation_function": "gelu", "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
        "decoder_start_token_id": 2, "forced_eos_token_id": 2, **changes,
    }  # fmt: skip


def m2m(**changes) -> dict:
    return {
        "vocab_size": 50, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "max_position_embeddings": 64,
        "activation_function": "relu", "scale_embedding": True, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
        "decoder_start_token_id": 2, **changes,
    }  # fmt: skip


def small(**changes) -> dict:
    """The fields that make a model of this kind small; the others are the defaults of its configuration class."""
    return {
        "vocab_size": 50, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "max_position_embeddings": 32, **changes,
    }  # fmt: skip


def t5(**changes) -> dict:
    return {
        "vocab_size": 50, "d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 48, "num_layers": 2,
        "feed_forward_proj": "relu", "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0, **changes,
    }  # fmt: skip


UNTIED = {"tie_word_embeddings": False}
# What config.json of T5 v1.1, FLAN-T5 and mT5 says on the Hub.
V1_1 = {"tie_word_embeddings": False, "scale_decoder_outputs": None, "dense_act_fn": None, "is_gated_act": None}
# What config.json of an OPUS-MT model says beside the fields that are still in use.
OPUS = {
    "_num_labels": 3, "add_bias_logits": False, "add_final_layer_norm": False, "architectures": ["MarianMTModel"],
    "bad_words_ids": [[49]], "classif_dropout": 0.0, "extra_pos_embeddings": 50, "id2label": {"0": "LABEL_0"},
    "label2id": {"LABEL_0": 0}, "max_length": 64, "normalize_before": False, "normalize_embedding": False,
    "num_beams": 4, "static_position_embeddings": True, "share_encoder_decoder_embeddings": True,
}  # fmt: skip

CASES = {
    # Marian: post-norm, sinusoids in two halves, final_logits_bias
    "marian-swish": Case("marian", marian()),
    "marian-opus-bin": Case(
        "marian", marian(encoder_layers=1, encoder_ffn_dim=32), storage="bin", legacy=OPUS,
        generation={"bad_words_ids": [[49]], "num_beams": 4, "max_length": 64, "renormalize_logits": True},
    ),
    "marian-relu-unscaled": Case("marian", marian(activation_function="relu", scale_embedding=False)),
    "marian-gelu-depth-1-3": Case("marian", marian(activation_function="gelu", encoder_layers=1, decoder_layers=3)),
    "marian-depth-3-1-heads-ffn": Case(
        "marian",
        marian(d_model=24, encoder_layers=3, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=6,
               encoder_ffn_dim=37, decoder_ffn_dim=29),
    ),
    "marian-two-vocabularies": Case(
        "marian",
        marian(vocab_size=61, decoder_vocab_size=47, share_encoder_decoder_embeddings=False, pad_token_id=46),
    ),
    "marian-two-vocabularies-untied": Case(
        "marian",
        marian(vocab_size=43, decoder_vocab_size=53, share_encoder_decoder_embeddings=False, pad_token_id=42,
               activation_function="relu", **UNTIED),
    ),
    "marian-heads-3x7": Case("marian", marian(d_model=21, encoder_attention_heads=3, decoder_attention_heads=3, encoder_layers=1)),
    "marian-tied-present-f16": Case("marian", marian(encoder_layers=1), storage="all", dtype=torch.float16),
    # BART: post-norm, learned positions with offset 2, a norm over the embedding
    "bart-gelu": Case("bart", bart()),
    "bart-relu-scaled": Case("bart", bart(activation_function="relu", scale_embedding=True, encoder_layers=1)),
    "bart-heads-3x8": Case("bart", bart(d_model=24, encoder_attention_heads=3, decoder_attention_heads=3, encoder_layers=1)),
    "bart-heads-5x10": Case(
        "bart", bart(d_model=50, encoder_attention_heads=5, decoder_attention_heads=5, encoder_layers=1, decoder_layers=1),
        lengths=(5, 3, 8),
    ),
    "bart-large-cnn": Case(
        "bart", bart(forced_bos_token_id=0),
        generation={"early_stopping": True, "length_penalty": 2.0, "max_length": 30, "min_length": 6,
                    "no_repeat_ngram_size": 3, "num_beams": 4},
    ),
    "bart-depth-1-3-no-forced-eos": Case(
        "bart", bart(encoder_layers=1, decoder_layers=3, encoder_ffn_dim=20, decoder_ffn_dim=28, forced_eos_token_id=None)
    ),
    "bart-gelu-new": Case("bart", bart(activation_function="gelu_new", encoder_layers=1, decoder_layers=1)),
    "bart-left-padding": Case("bart", bart(encoder_layers=1), lengths=(6, 9, 4, 7), holes=((0, 0), (0, 1), (2, 0))),
    "bart-tied-present-bf16": Case("bart", bart(decoder_layers=1), storage="all", dtype=torch.bfloat16),
    # mBART: pre-norm, final norms, decoding starts from or is forced to a language
    "mbart-en-ro": Case("mbart", bart(scale_embedding=True, decoder_start_token_id=40, forced_eos_token_id=2)),
    "mbart-50": Case(
        "mbart", bart(activation_function="relu", scale_embedding=True, encoder_layers=1), generation={"forced_bos_token_id": 44}
    ),
    "mbart-heads-5x10-unscaled": Case(
        "mbart", bart(d_model=50, encoder_attention_heads=5, decoder_attention_heads=5, encoder_layers=1, decoder_layers=1),
        lengths=(5, 3, 8), dtype=torch.bfloat16,
    ),
    "mbart-untied": Case("mbart", bart(decoder_start_token_id=41, encoder_layers=1, **UNTIED)),
    # M2M100 and NLLB: pre-norm, sinusoids whose positions skip padding
    "m2m100": Case("m2m_100", m2m(), generation={"forced_bos_token_id": 45}),
    "m2m100-padding-inside": Case(
        "m2m_100", m2m(encoder_layers=1), lengths=(7, 9, 4, 8), holes=((0, 0), (0, 3), (2, 0), (3, 2), (3, 3)),
        target_holes=((0, 6), (0, 7), (1, 3), (3, 7)),
    ),
    "m2m100-pad-5-swish": Case("m2m_100", m2m(pad_token_id=5, activation_function="swish", decoder_layers=1)),
    "m2m100-heads-3x7-unscaled": Case(
        "m2m_100",
        m2m(d_model=21, encoder_attention_heads=3, decoder_attention_heads=3, scale_embedding=False, decoder_layers=1),
    ),
    "nllb-sharded": Case(
        "m2m_100", m2m(vocab_size=67, max_position_embeddings=40, encoder_ffn_dim=40, decoder_ffn_dim=20),
        generation={"forced_bos_token_id": 60, "max_length": 40}, storage="sharded",
    ),
    "nllb-depth-1-3-f16": Case(
        "m2m_100", m2m(encoder_layers=1, decoder_layers=3, encoder_attention_heads=1, decoder_attention_heads=4),
        generation={"forced_bos_token_id": 48}, dtype=torch.float16,
    ),
    # Pegasus: pre-norm, final norms, Marian's sinusoids, final_logits_bias
    "pegasus": Case("pegasus", small(scale_embedding=True)),
    "pegasus-heads-3x7-unscaled": Case(
        "pegasus", small(d_model=21, encoder_attention_heads=3, decoder_attention_heads=3, activation_function="relu", encoder_layers=1),
    ),
    "pegasus-depth-3-1-untied": Case("pegasus", small(encoder_layers=3, decoder_layers=1, scale_embedding=True, **UNTIED)),
    "pegasus-xsum": Case(
        "pegasus", small(activation_function="relu", scale_embedding=True, encoder_layers=1, encoder_ffn_dim=20),
        generation={"length_penalty": 0.6, "max_length": 30, "num_beams": 8},
    ),
    "pegasus-tied-present-f16": Case("pegasus", small(encoder_layers=1, scale_embedding=True), storage="all", dtype=torch.float16),
    # Blenderbot: pre-norm, final norms, learned positions from row 0
    "blenderbot": Case("blenderbot", small(scale_embedding=True)),
    "blenderbot-depth-1-3": Case("blenderbot", small(encoder_layers=1, decoder_layers=3, scale_embedding=True, encoder_ffn_dim=37)),
    "blenderbot-heads-5x10-bf16": Case(
        "blenderbot", small(d_model=50, encoder_attention_heads=5, decoder_attention_heads=5, encoder_layers=1, decoder_layers=1),
        lengths=(5, 3, 8), dtype=torch.bfloat16,
    ),
    "blenderbot-left-padding": Case(
        "blenderbot", small(encoder_layers=1, scale_embedding=True), lengths=(6, 9, 4, 7), holes=((0, 0), (0, 1), (2, 0)),
    ),
    "blenderbot-untied": Case("blenderbot", small(encoder_layers=1, **UNTIED)),
    # Blenderbot-small: post-norm; the decoder's embedding has its norm before the positions, the encoder's after
    "blenderbot-small": Case("blenderbot-small", small()),
    "blenderbot-small-heads-3x7-scaled": Case(
        "blenderbot-small",
        small(d_model=21, encoder_attention_heads=3, decoder_attention_heads=3, encoder_layers=1, scale_embedding=True),
    ),
    "blenderbot-small-depth-1-3-relu": Case(
        "blenderbot-small", small(encoder_layers=1, decoder_layers=3, activation_function="relu")
    ),
    "blenderbot-small-bin": Case("blenderbot-small", small(decoder_layers=1, encoder_ffn_dim=29), storage="bin"),
    "blenderbot-small-left-padding": Case(
        "blenderbot-small", small(encoder_layers=1), lengths=(6, 9, 4, 7), holes=((0, 0), (0, 1), (2, 0)),
    ),
    "blenderbot-small-untied-bf16": Case("blenderbot-small", small(encoder_layers=1, **UNTIED), dtype=torch.bfloat16),
    # PLBart: BART, its embedding scaled; decoding starts from or is forced to a language
    "plbart": Case("plbart", small(decoder_start_token_id=40)),
    "plbart-heads-5x10": Case(
        "plbart", small(d_model=50, encoder_attention_heads=5, decoder_attention_heads=5, encoder_layers=1, decoder_layers=1,
                        decoder_start_token_id=2),
        lengths=(5, 3, 8),
    ),
    "plbart-depth-1-3": Case(
        "plbart", small(encoder_layers=1, decoder_layers=3, decoder_ffn_dim=28, decoder_start_token_id=2),
        generation={"forced_bos_token_id": 44},
    ),
    "plbart-untied-f16": Case("plbart", small(encoder_layers=1, decoder_start_token_id=41, **UNTIED), dtype=torch.float16),
    # MVP: BART, with prompts that are off
    "mvp": Case("mvp", small()),
    "mvp-heads-3x7-scaled": Case(
        "mvp", small(d_model=21, encoder_attention_heads=3, decoder_attention_heads=3, encoder_layers=1, scale_embedding=True),
    ),
    "mvp-depth-3-1-forced-eos": Case("mvp", small(encoder_layers=3, decoder_layers=1, forced_eos_token_id=2)),
    "mvp-untied-bf16": Case("mvp", small(encoder_layers=1, **UNTIED), dtype=torch.bfloat16),
    # T5: relative positions, RMS norm, scores without a scale, no bias anywhere
    "t5-relu": Case("t5", t5()),
    "t5-v1.1-gated-gelu": Case("t5", t5(feed_forward_proj="gated-gelu", **UNTIED), legacy=V1_1),
    "t5-v1.1-as-saved": Case("t5", t5(feed_forward_proj="gated-gelu", num_layers=1, **UNTIED)),
    "t5-gated-silu": Case("t5", t5(feed_forward_proj="gated-silu", num_layers=1)),
    "t5-gelu-heads-3x5": Case("t5", t5(feed_forward_proj="gelu", d_kv=5, num_heads=3, d_ff=37, num_layers=1, **UNTIED)),
    "t5-heads-5x10": Case("t5", t5(d_model=24, d_kv=10, num_heads=5, num_layers=1), lengths=(5, 3, 8)),
    "t5-buckets-8-distance-20": Case(
        "t5", t5(relative_attention_num_buckets=8, relative_attention_max_distance=20, num_layers=1),
        lengths=(45, 31, 40), target_length=40, max_new_tokens=40, distinct=0.15,
    ),
    "t5-longer-than-128": Case(
        "t5", t5(num_layers=1), lengths=(170, 150), target_length=12, max_new_tokens=20, distinct=0.15
    ),
    "t5-depth-1-3": Case("t5", t5(num_layers=1, num_decoder_layers=3), use_cache=False),
    "t5-depth-3-1": Case("t5", t5(num_layers=3, num_decoder_layers=1, feed_forward_proj="gated-gelu"), use_cache=False),
    "t5-eps-0.05": Case("t5", t5(layer_norm_epsilon=0.05, num_layers=1)),
    "t5-tied-present-bf16": Case("t5", t5(num_layers=1), storage="all", dtype=torch.bfloat16),
    "flan-t5-bin-f16": Case(
        "t5", t5(feed_forward_proj="gated-gelu", num_layers=1, **UNTIED), legacy=V1_1, storage="bin", dtype=torch.float16
    ),
    "mt5": Case("mt5", t5(feed_forward_proj="gated-gelu", vocab_size=71, **UNTIED), legacy=V1_1),
    "mt5-tied": Case("mt5", t5(feed_forward_proj="gated-gelu", num_layers=1)),
    # UMT5: a bias by distance in each layer
    "umt5": Case("umt5", t5(feed_forward_proj="gated-gelu", vocab_size=53, **UNTIED), legacy=V1_1),
    "byt5": Case(
        "t5", t5(vocab_size=384, feed_forward_proj="gated-gelu", num_layers=3, num_decoder_layers=1, **UNTIED),
        legacy=V1_1, use_cache=False, lengths=(17, 30, 5),
    ),
}  # fmt: skip
# What --find-seed printed.
SEEDS = {
    "marian-swish": 12,
    "marian-opus-bin": 12,
    "marian-relu-unscaled": 12,
    "marian-gelu-depth-1-3": 5,
    "marian-depth-3-1-heads-ffn": 4,
    "marian-two-vocabularies": 19,
    "marian-two-vocabularies-untied": 13,
    "marian-heads-3x7": 20,
    "marian-tied-present-f16": 1,
    "bart-gelu": 15,
    "bart-relu-scaled": 18,
    "bart-heads-3x8": 12,
    "bart-heads-5x10": 7,
    "bart-large-cnn": 8,
    "bart-depth-1-3-no-forced-eos": 386,
    "bart-gelu-new": 1,
    "bart-left-padding": 2,
    "bart-tied-present-bf16": 0,
    "mbart-en-ro": 14,
    "mbart-50": 16,
    "mbart-heads-5x10-unscaled": 2,
    "mbart-untied": 7,
    "m2m100": 13,
    "m2m100-padding-inside": 1,
    "m2m100-pad-5-swish": 164,
    "m2m100-heads-3x7-unscaled": 117,
    "nllb-sharded": 57,
    "nllb-depth-1-3-f16": 91,
    "pegasus": 46,
    "pegasus-heads-3x7-unscaled": 25,
    "pegasus-depth-3-1-untied": 5,
    "pegasus-xsum": 1,
    "pegasus-tied-present-f16": 26,
    "blenderbot": 16,
    "blenderbot-depth-1-3": 15,
    "blenderbot-heads-5x10-bf16": 114,
    "blenderbot-left-padding": 2,
    "blenderbot-untied": 2,
    "blenderbot-small": 12,
    "blenderbot-small-heads-3x7-scaled": 5,
    "blenderbot-small-depth-1-3-relu": 84,
    "blenderbot-small-bin": 4,
    "blenderbot-small-left-padding": 0,
    "blenderbot-small-untied-bf16": 10,
    "plbart": 5,
    "plbart-heads-5x10": 22,
    "plbart-depth-1-3": 12,
    "plbart-untied-f16": 3,
    "mvp": 16,
    "mvp-heads-3x7-scaled": 22,
    "mvp-depth-3-1-forced-eos": 31,
    "mvp-untied-bf16": 42,
    "t5-relu": 2,
    "t5-v1.1-gated-gelu": 4,
    "t5-v1.1-as-saved": 2,
    "t5-gated-silu": 1,
    "t5-gelu-heads-3x5": 6,
    "t5-heads-5x10": 11,
    "t5-buckets-8-distance-20": 40,
    "t5-longer-than-128": 2,
    "t5-depth-1-3": 141,
    "t5-depth-3-1": 19,
    "t5-eps-0.05": 204,
    "t5-tied-present-bf16": 204,
    "flan-t5-bin-f16": 2,
    "mt5": 31,
    "mt5-tied": 19,
    "umt5": 2,
    "byt5": 24,
}
CASES = {name: replace(case, seed=SEEDS.get(name, 0)) for name, case in CASES.items()}
