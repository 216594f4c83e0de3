"""Random weights for tiny models of Hugging Face transformers, loud enough that a golden made with them says something.

transformers' own initialisation (std 0.02) gives uniform attention, and greedy search that repeats one token for every
source. Here each matrix gets a gain by its role, set by trial; test/goldens/families.py checks the outcome.
"""

import math
import re

import torch
from torch import nn

# Role -> the end of the parameter's name, in BART-like models and in T5.
QUERY = r"\.(q_proj|q)\.weight$"
KEY = r"\.(k_proj|k)\.weight$"
VALUE = r"\.(v_proj|v)\.weight$"
OUTPUT = r"\.(out_proj|o)\.weight$"
FIRST = r"\.(fc1|wi|wi_0|wi_1)\.weight$"
SECOND = r"\.(fc2|wo)\.weight$"
CROSS = r"(encoder_attn|EncDecAttention)"
NORM = r"norm(_embedding)?\.weight$"


def fill(model: nn.Module, seed: int) -> None:
    """Overwrites every parameter (tied ones once) and final_logits_bias where there is one."""
    generator = torch.Generator().manual_seed(seed)
    config = model.config

    def normal(shape, std=1.0, mean=0.0):
        return torch.randn(*shape, generator=generator) * std + mean

    def rows(shape, std):  # rows of one length: else the few longest win every step
        return nn.functional.normalize(normal(shape)) * std * math.sqrt(shape[1])

    last = last_norm(model)
    tied = model.lm_head.weight is model.get_decoder().get_input_embeddings().weight
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad and "embed_positions" in name:
            continue  # sinusoids
        parameter.data = value_of(name, parameter.shape, config, normal, rows, tied, last)
    if hasattr(model, "final_logits_bias"):
        model.final_logits_bias.copy_(normal(model.final_logits_bias.shape, std=0.5))
        model.final_logits_bias[:, config.pad_token_id] -= 2
        model.final_logits_bias[:, config.eos_token_id] += 1


def value_of(name, shape, config, normal, rows, tied, last):
    t5 = config.model_type in ("t5", "mt5", "umt5")
    pre_norm = t5 or last.endswith("decoder.layer_norm.weight")
    scaled = getattr(config, "scale_embedding", False)
    if name == last:
        # Random signs: else a tied output projection mostly repeats the token it was just given.
        loud = 2.5 if t5 else 1.0
        return loud * normal(shape).sign() * normal(shape, std=0.1, mean=1.0)
    if re.search(NORM, name):
        return normal(shape, std=0.2, mean=1.0)
    if name.endswith("bias"):
        return normal(shape, std=0.1)
    if "relative_attention_bias" in name:
        return normal(shape)
    if "embed_positions" in name:
        return normal(shape, std=0.7 if config.model_type == "bart" else 0.5)
    if name.endswith("lm_head.weight") and not tied:
        return rows(shape, 2 * config.d_model**-0.5 if not t5 else config.d_model**-0.5)
    if "embed_tokens" in name or "shared" in name:
        if t5:
            # mT5 does not scale a tied output down
            return rows(shape, 0.4 if tied and config.model_type == "mt5" else 1.5)
        if pre_norm:
            return rows(shape, 2 * config.d_model**-0.5 if scaled else 0.4 if config.model_type == "mbart" else 2.0)
        return rows(shape, config.d_model**-0.5 if scaled or config.model_type == "marian" else 1.0)
    return normal(shape, std=gain_of(name, config, t5, pre_norm) / math.sqrt(shape[1]))


def gain_of(name: str, config, t5: bool, pre_norm: bool) -> float:
    """Standard deviation of a matrix's output for unit inputs."""
    if re.search(QUERY, name):
        return 2.0 * (config.d_kv**-0.5 if t5 else 1.0)  # T5 does not scale its scores
    if re.search(KEY, name):
        return 1.5 if t5 else 2.0
    if re.search(VALUE, name):
        return 1.5 if t5 else 2.0
    if re.search(OUTPUT, name):
        return (1.5 if re.search(CROSS, name) else 0.6) if pre_norm else 0.5
    if re.search(FIRST, name):
        return 1.0
    if re.search(SECOND, name):
        return 2.0 if pre_norm else 1.0
    raise ValueError(f"no gain for {name}")


def last_norm(model) -> str:
    """The weight of the norm that the output projection reads."""
    names = dict(model.named_parameters())
    for name in ("decoder.final_layer_norm.weight", "model.decoder.layer_norm.weight"):
        if name in names:
            return name
    return f"model.decoder.layers.{model.config.decoder_layers - 1}.final_layer_norm.weight"
