"""The table of fixtures under test/goldens/speech/: tiny models that read sound. See speech.py."""

import math
import re
from dataclasses import dataclass, field

import torch
from torch import nn


@dataclass(frozen=True)
class Case:
    model_type: str
    config: dict
    seed: int = 0
    generation: dict = field(default_factory=dict)  # fields of generation_config.json
    dtype: torch.dtype = torch.float32
    rows: tuple = (0, 0, 0)  # a row each; of a model that reads samples, how many samples
    target_length: int = 9
    max_new_tokens: int = 14
    calls: dict = field(default_factory=dict)  # name -> options of generate()
    loudness: float = 2.0  # of queries and keys, which makes attention sharp
    old_file: bool = False  # config.json as transformers 4 wrote it


def whisper(**changes) -> dict:
    return {
        "vocab_size": 124, "num_mel_bins": 80, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2,
        "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
        "max_source_positions": 50, "max_target_positions": 64, "bos_token_id": 60, "eos_token_id": 60,
        "pad_token_id": 60, "decoder_start_token_id": 61, "begin_suppress_tokens": [5, 60],
        "suppress_tokens": [1, 2, 7, 61, 69, 70, 71], **changes,
    }  # fmt: skip


# 60 text tokens, then end, start, five languages, translate, transcribe, startoflm, startofprev, nospeech, notimestamps,
# and 51 stamps: 0.00 s to 1.00 s.
MULTILINGUAL = {
    "is_multilingual": True, "lang_to_id": {"<|en|>": 62, "<|zh|>": 63, "<|de|>": 64, "<|fr|>": 65, "<|yue|>": 66},
    "task_to_id": {"translate": 67, "transcribe": 68}, "no_timestamps_token_id": 72, "prev_sot_token_id": 70,
    "max_initial_timestamp_index": 25, "max_length": 64, "return_timestamps": False,
    "alignment_heads": [[0, 1], [1, 0]], "suppress_tokens": [1, 2, 7, 61, 69, 70, 71], "begin_suppress_tokens": [5, 60],
    "decoder_start_token_id": 61, "eos_token_id": 60, "pad_token_id": 60, "bos_token_id": 60,
}  # fmt: skip
# 60 text tokens, then end, start, nospeech's neighbours and stamps.
ENGLISH = {
    "is_multilingual": False, "no_timestamps_token_id": 67, "prev_sot_token_id": 65, "max_length": 64,
    "forced_decoder_ids": [[1, 67]], "suppress_tokens": [3, 61, 62, 63, 64, 65, 66], "begin_suppress_tokens": [5, 60],
    "decoder_start_token_id": 61, "eos_token_id": 60, "pad_token_id": 60, "bos_token_id": 60,
    "alignment_heads": [[0, 0]], "return_timestamps": False,
}  # fmt: skip
OLD = {"forced_decoder_ids": [[1, None], [2, 68]], "max_initial_timestamp_index": 1, "alignment_heads": [[0, 1]]}

FRENCH = {"language": "French", "task": "transcribe"}
# "stamps" and the like are checked in both searches; a window alone, as `generate` here has it.
CALLS = {
    "french": FRENCH,
    "stamps": {**FRENCH, "return_timestamps": True},
    "detected": {},
    "translated, detected, stamps": {"task": "translate", "return_timestamps": True},
    "languages": {"language": ["en", "<|DE|>", "cantonese"]},
    "prompt": {"language": "zh", "prompt_ids": [70, 11, 12, 13, 14, 15]},
    "prompt, stamps": {"language": "zh", "prompt_ids": [70, 11, 12], "return_timestamps": True},
    "beams": {**FRENCH, "num_beams": 4},
    "beams, stamps": {**FRENCH, "num_beams": 4, "return_timestamps": True},
    "beams, prompt, stamps": {"language": "en", "num_beams": 3, "return_timestamps": True, "prompt_ids": [70, 21, 22, 23]},
    "length": {**FRENCH, "max_new_tokens": 3, "return_timestamps": True},
    "repetition": {**FRENCH, "repetition_penalty": 1.3, "no_repeat_ngram_size": 2, "return_timestamps": True},
}
ENGLISH_CALLS = {
    "plain": {},
    "stamps": {"return_timestamps": True},
    "prompt, stamps": {"prompt_ids": [65, 11, 12, 13], "return_timestamps": True},
    "beams": {"num_beams": 4},
    "beams, stamps": {"num_beams": 4, "return_timestamps": True},
}

def moonshine(**changes) -> dict:
    return {
        "vocab_size": 61, "hidden_size": 18, "intermediate_size": 25, "encoder_num_hidden_layers": 2,
        "decoder_num_hidden_layers": 2, "encoder_num_attention_heads": 2, "decoder_num_attention_heads": 2,
        "max_position_embeddings": 48, **changes,
    }  # fmt: skip


def streaming(encoder: dict, **changes) -> dict:
    return {
        "encoder_config": {
            "hidden_size": 20, "intermediate_size": 27, "num_hidden_layers": 3, "num_attention_heads": 2,
            "num_key_value_heads": 2, "sliding_windows": [[5, 2], [3, 0], [4, 3]], **encoder,
        },
        "vocab_size": 59, "hidden_size": 20, "intermediate_size": 23, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "max_position_embeddings": 40, **changes,
    }  # fmt: skip


# What a model without prompts is asked. The rows have different lengths.
MOONSHINE_CALLS = {
    "greedy": {},
    "length": {"max_new_tokens": 3},
    "repetition": {"repetition_penalty": 1.3, "no_repeat_ngram_size": 2, "suppress_tokens": [3, 4, 5]},
    "beams, penalty": {"num_beams": 3, "length_penalty": 0.4, "num_return_sequences": 1},
    "beams": {"num_beams": 4},
}
FEW_CALLS = {name: MOONSHINE_CALLS[name] for name in ("greedy", "beams")}

CASES = {
    "whisper": Case("whisper", whisper(), generation=MULTILINGUAL, calls=CALLS),
    "whisper-old-file": Case(
        "whisper", whisper(encoder_layers=1, decoder_layers=1),
        generation={**MULTILINGUAL, **OLD}, calls={name: CALLS[name] for name in ("detected", "french", "stamps", "beams, stamps")},
    ),
    "whisper-english-heads-3x6": Case(
        "whisper",
        whisper(vocab_size=119, d_model=18, encoder_attention_heads=3, decoder_attention_heads=3, encoder_ffn_dim=37,
                num_mel_bins=78, suppress_tokens=ENGLISH["suppress_tokens"]),
        generation=ENGLISH, calls=ENGLISH_CALLS,
    ),
    "whisper-turbo-f16": Case(
        "whisper",
        whisper(num_mel_bins=128, encoder_layers=3, decoder_layers=1, d_model=24, encoder_attention_heads=4,
                decoder_attention_heads=6, decoder_ffn_dim=33, max_source_positions=37),
        generation={**MULTILINGUAL, "alignment_heads": [[0, 5], [0, 2]]}, dtype=torch.float16, calls={name: CALLS[name] for name in ("detected", "stamps", "beams, stamps")},
    ),
    # Heads of 9 elements, of which 8 are turned; 895 samples are the fewest.
    "moonshine": Case("moonshine", moonshine(), rows=(5600, 3333, 895), calls=MOONSHINE_CALLS, loudness=1.2),
    # The sizes of the base model's heads, untied, in halves.
    "moonshine-base-untied-f16": Case(
        "moonshine",
        moonshine(hidden_size=26, encoder_num_hidden_layers=1, decoder_num_hidden_layers=3, tie_word_embeddings=False,
                  rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.62},
                  encoder_hidden_act="relu", decoder_hidden_act="gelu"),
        dtype=torch.float16, rows=(4001, 2500), calls=FEW_CALLS,
    ),
    # Heads as wide as the tiny model's, biases, and fields at the place where older files have them.
    "moonshine-heads-36-bias-old-file": Case(
        "moonshine",
        moonshine(hidden_size=24, head_dim=36, intermediate_size=40, decoder_num_hidden_layers=1, attention_bias=True,
                  pad_head_dim_to_multiple_of=8,
                  rope_parameters={"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.9}),
        rows=(6200, 2047), calls=FEW_CALLS, loudness=1.0, old_file=True,
    ),
    # 6440 and 1000 samples are no whole frames of 80; layers see windows of different widths.
    "moonshine-streaming": Case("moonshine_streaming", streaming({}), rows=(6440, 3200, 1000), calls=MOONSHINE_CALLS),
    # The decoder is wider than the encoder and reads its states through a projection; frames of 40 samples; tied. Of 10 elements of
    # a head 5 are to be turned: it turns 6.
    "moonshine-streaming-projection-bias-f16": Case(
        "moonshine_streaming",
        streaming({"hidden_size": 12, "num_attention_heads": 3, "num_key_value_heads": 3, "num_hidden_layers": 2,
                   "sliding_windows": [[16, 4], [1, 6]], "frame_ms": 2.5, "attention_bias": True},
                  hidden_size=22, num_attention_heads=2, attention_bias=True, tie_word_embeddings=True, head_dim=10,
                  rope_parameters={"rope_type": "default", "rope_theta": 1000.0, "partial_rotary_factor": 0.5}),
        dtype=torch.float16, rows=(4000, 2970), calls=FEW_CALLS,
    ),
}  # fmt: skip
# What --find-seed printed.
SEEDS = {
    "whisper-turbo-f16": 6,
    "moonshine": 1,
    "moonshine-base-untied-f16": 10,
    "moonshine-heads-36-bias-old-file": 92,
    "moonshine-streaming": 7,
    "moonshine-streaming-projection-bias-f16": 4,
}


def fill(model: nn.Module, seed: int, loudness: float = 2.0) -> None:
    """Overwrites every parameter, loud enough that attention and the search have something to decide."""
    generator = torch.Generator().manual_seed(seed)

    def normal(shape, std=1.0, mean=0.0):
        return torch.randn(tuple(shape), generator=generator) * std + mean

    for name, parameter in model.named_parameters():
        value = value_of(name, parameter.shape, normal)
        sharp = re.search(r"\.[qk]_proj\.weight$", name)
        parameter.data = value * (loudness / 2.0) if sharp else value


def value_of(name, shape, normal):
    if re.search(r"decoder\.(layer_norm|norm)\.weight$", name):  # the norm that the head reads
        return 2.5 * normal(shape).sign() * normal(shape, std=0.1, mean=1.0)
    if re.search(r"(norm|layernorm)\.(weight|gamma)$", name):
        return normal(shape, std=0.2, mean=0.0 if name.endswith("gamma") else 1.0)
    if name.endswith("bias") or name.endswith("log_k"):
        return normal(shape, std=0.1)
    if "embed_positions" in name or "pos_emb" in name:
        return normal(shape, std=0.5)
    if "embed_tokens" in name:
        return nn.functional.normalize(normal(shape)) * math.sqrt(shape[1]) * 0.6
    if "proj_out" in name:
        return normal(shape, std=shape[1] ** -0.5)
    fan = math.prod(shape[1:])
    return normal(shape, std=gain_of(name) / math.sqrt(fan))


def gain_of(name: str) -> float:
    """Standard deviation of a matrix's output for unit inputs."""
    if re.search(r"\.(q|k|v)_proj\.weight$", name):
        return 2.0
    if re.search(r"\.(out|o)_proj\.weight$", name):
        return 1.8 if "encoder_attn" in name else 0.6
    if re.search(r"fc2\.weight$", name):
        return 1.5
    return 1.2
