"""Batched search with a cache, greedy or by beams, in bf16: for distillation and for scores during a run."""

import math

import torch
from torch.nn.functional import linear

import fast
from fast import half, norm, output
from model import Translator


class Step:
    """The decoder one token at a time, for B sentences of K beams; keys and values of the steps before are kept."""

    def __init__(self, model: Translator, source: torch.Tensor, beams: int):
        self.model, self.beams, self.batch = model, beams, source.shape[0]
        states = fast.encode(model, source)
        self.bias = fast.padding(source, model.config.pad_token_id)
        width = model.config.d_model
        self.cross = [
            fast.project(states, layer.multihead_attn, slice(width, 3 * width)).split(width, -1)
            for layer in model.transformer.decoder.layers
        ]
        empty = torch.empty(self.batch * beams, 0, width, dtype=torch.bfloat16, device=source.device)
        self.past = [(empty, empty) for _ in self.cross]
        self.none = torch.zeros(1, 1, 1, 1, dtype=torch.bfloat16, device=source.device)
        self.position = 0

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:  # (B * K) -> log-probabilities (B * K, V)
        model, width = self.model, self.model.config.d_model
        heads = model.config.nhead
        x = model.embed.weight[tokens] * math.sqrt(width) + model.positions[self.position]
        x = half(x)[:, None]  # (B * K, 1, D)
        for i, layer in enumerate(model.transformer.decoder.layers):
            q, k, v = fast.project(norm(x, layer.norm1), layer.self_attn).split(width, -1)
            k, v = self.past[i] = tuple(torch.cat(both, 1) for both in zip(self.past[i], (k, v)))
            x = x + output(fast.attend(q, k, v, heads, self.none), layer.self_attn.out_proj)
            cross = layer.multihead_attn
            # The beams of a sentence look at the same states, so they stand in the place of the target's positions.
            q = fast.project(norm(x, layer.norm2), cross, slice(width)).view(self.batch, self.beams, width)
            seen = fast.attend(q, *self.cross[i], heads, self.bias).view(-1, 1, width)
            x = x + output(seen, cross.out_proj)
            x = x + fast.feed_forward(norm(x, layer.norm3), layer)
        self.position += 1
        hidden = norm(x, model.transformer.decoder.norm)[:, 0]
        return linear(hidden, half(model.embed.weight)).float().log_softmax(-1)

    def keep(self, rows: torch.Tensor):
        self.past = [(k[rows], v[rows]) for k, v in self.past]


@torch.no_grad()
def beams_of(model: Translator, source: torch.Tensor, beams: int, most: int) -> list[list[tuple[float, list[int]]]]:
    """(B, S) -> for each sentence the first `beams` finished translations as (mean log-probability of a token, ids), best
    first: the search of Hugging Face with `early_stopping=True`. Where none is finished after `most` tokens, the best
    unfinished one. One beam is greedy search."""
    c, batch, device = model.config, source.shape[0], source.device
    step = Step(model, source, beams)
    scores = torch.full((batch, beams), -1e9, device=device)
    scores[:, 0] = 0  # at first all beams are alike
    tokens = torch.full((batch * beams,), c.decoder_start_token_id, device=device)
    written = torch.empty(batch * beams, 0, dtype=torch.long, device=device)
    first = torch.arange(batch, device=device)[:, None] * beams
    count = torch.zeros(batch, dtype=torch.long, device=device)  # finished translations
    done_scores = torch.full((batch, beams), -1e9, device=device)
    done = torch.full((batch, beams, most), c.pad_token_id, device=device)
    for length in range(1, most + 1):
        best, token = step(tokens).topk(2 * beams, -1)  # (B * K, 2 K)
        total = (scores.view(-1, 1) + best).view(batch, -1)
        total, place = total.topk(2 * beams, -1)  # (B, 2 K)
        row, token = first + place // (2 * beams), token.view(batch, -1).gather(1, place)
        ended = token == c.eos_token_id
        among = ended[:, :beams]
        slot = count[:, None] + among.cumsum(1) - 1
        b, j = (among & (slot < beams)).nonzero(as_tuple=True)
        done_scores[b, slot[b, j]] = total[b, j] / length
        done[b, slot[b, j], : length - 1] = written[row[b, j]]
        count += among.sum(1)
        if bool((count >= beams).all()):
            break
        scores, at = total.masked_fill(ended, -1e9).topk(beams, -1)
        row, tokens = row.gather(1, at).view(-1), token.gather(1, at).view(-1)
        step.keep(row)
        written = torch.cat([written[row], tokens[:, None]], 1)
    none = count == 0
    done_scores[none, 0] = scores[none, 0] / most
    done[none, 0, : written.shape[1]] = written.view(batch, beams, -1)[none, 0]
    count = count.clamp(1, beams).tolist()
    order = done_scores.argsort(1, descending=True)
    done_scores = done_scores.gather(1, order).tolist()
    done = done.gather(1, order[:, :, None].expand_as(done)).tolist()
    return [[(done_scores[i][k], without_padding(done[i][k], c.pad_token_id)) for k in range(n)] for i, n in enumerate(count)]


def without_padding(ids: list[int], pad: int) -> list[int]:
    return ids[: ids.index(pad)] if pad in ids else ids
