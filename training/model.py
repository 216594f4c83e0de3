"""The model to train: PyTorch's own nn.Transformer plus embeddings, positions and a tied output projection.

The state dict without `positions` is what Attendant calls a vanilla checkpoint ("model_type": "transformer").
"""

import math
from dataclasses import asdict, dataclass

import torch
from torch import nn


@dataclass
class Config:
    """Field names are those of config.json."""

    d_model: int = 256
    nhead: int = 4
    num_encoder_layers: int = 6
    num_decoder_layers: int = 3
    dim_feedforward: int = 1024
    activation: str = "relu"
    norm_first: bool = True
    layer_norm_eps: float = 1e-5
    position: str = "sinusoidal"
    scale_embedding: bool = True
    src_vocab_size: int = 6000
    tgt_vocab_size: int = 6000
    tie_embeddings: bool = True
    pad_token_id: int = 0
    eos_token_id: int = 2
    decoder_start_token_id: int = 1
    max_position_embeddings: int = 256

    def to_json(self) -> dict:
        return {"model_type": "transformer", **asdict(self)}


def sinusoidal(length: int, d_model: int) -> torch.Tensor:
    """Section 3.5 of the paper: sin on even columns, cos on odd ones. (length, d_model)"""
    position = torch.arange(length, dtype=torch.float64)[:, None]
    frequency = torch.exp(torch.arange(0, d_model, 2, dtype=torch.float64) * (-math.log(10000.0) / d_model))
    table = torch.zeros(length, d_model, dtype=torch.float64)
    table[:, 0::2] = torch.sin(position * frequency)
    table[:, 1::2] = torch.cos(position * frequency)
    return table.float()


class Translator(nn.Module):
    def __init__(self, config: Config, dropout: float = 0.0):
        super().__init__()
        self.config = config
        self.transformer = nn.Transformer(
            d_model=config.d_model,
            nhead=config.nhead,
            num_encoder_layers=config.num_encoder_layers,
            num_decoder_layers=config.num_decoder_layers,
            dim_feedforward=config.dim_feedforward,
            dropout=dropout,
            activation=config.activation,
            layer_norm_eps=config.layer_norm_eps,
            batch_first=True,
            norm_first=config.norm_first,
        )
        self.embed = nn.Embedding(config.src_vocab_size, config.d_model)
        nn.init.normal_(self.embed.weight, std=config.d_model**-0.5)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("positions", sinusoidal(config.max_position_embeddings, config.d_model), persistent=False)

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:  # (B, T) -> (B, T, D)
        scaled = self.embed(ids) * math.sqrt(self.config.d_model)
        return self.dropout(scaled + self.positions[: ids.shape[1]])

    def encode(self, source: torch.Tensor) -> torch.Tensor:  # (B, S) -> (B, S, D)
        return self.transformer.encoder(self.embedded(source), src_key_padding_mask=source == self.config.pad_token_id)

    def decode(self, target: torch.Tensor, states: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """(B, T), (B, S, D), (B, S) -> hidden states (B, T, D), before the output projection."""
        length = target.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool, device=target.device).triu(1)
        return self.transformer.decoder(
            self.embedded(target), states, tgt_mask=causal, memory_key_padding_mask=source == self.config.pad_token_id
        )

    def project(self, hidden: torch.Tensor) -> torch.Tensor:  # (..., D) -> (..., V)
        return nn.functional.linear(hidden, self.embed.weight)

    def checkpoint(self) -> dict:
        """The state dict under the names that Attendant reads: torch's own, without the wrapper's prefix."""
        tensors = {name: tensor.detach().clone() for name, tensor in self.transformer.state_dict().items()}
        tensors["src_embed.weight"] = self.embed.weight.detach().clone()
        return tensors


@torch.no_grad()
def greedy(model: Translator, source: torch.Tensor, max_new_tokens: int) -> list[list[int]]:
    """Greedy search without a cache, as plain as can be. Returns ids after the start token, eos excluded."""
    config = model.config
    states = model.encode(source)
    target = torch.full((source.shape[0], 1), config.decoder_start_token_id)
    done = torch.zeros(source.shape[0], dtype=torch.bool)
    for _ in range(max_new_tokens):
        logits = model.project(model.decode(target, states, source)[:, -1])
        chosen = logits.argmax(-1).masked_fill(done, config.pad_token_id)
        target = torch.cat([target, chosen[:, None]], 1)
        done |= chosen == config.eos_token_id
        if done.all():
            break
    stop = (config.eos_token_id, config.pad_token_id)
    return [[i for i in row[1:] if i not in stop] for row in target.tolist()]
