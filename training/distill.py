"""Translates the everyday sentences of the training split by the model itself, for the last part of its training.

    python training/distill.py --data eng-fra.tsv.gz --run runs/en-fr --last 4 --tokenizer tokenizer.json --out distilled.json

Sequence-level interpolation (Kim and Rush, 2016): of the translations that a beam holds at its end, the one that is nearest
to the references is kept, where it is near enough. They are simpler to learn than the references, which say the same thing in
many ways: one step at a time then finds what the beam finds.
"""

import argparse
import json
import math
import random
import time
from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn.functional import linear

import data
import fast
from export import averaged
from fast import half, norm, output
from model import Translator
from train import padded

NEAR = 0.6  # the least similarity to a reference; at 0.3 four of 25 looked at had a word wrong
MOST_SOURCE = 30  # tokens of a source
WRITTEN_EVERY = 40  # batches


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
        empty = torch.empty(self.batch * beams, 0, width, dtype=torch.bfloat16)
        self.past = [(empty, empty) for _ in self.cross]
        self.position = 0

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:  # (B * K) -> log-probabilities (B * K, V)
        model, width = self.model, self.model.config.d_model
        heads = model.config.nhead
        x = model.embed.weight[tokens] * math.sqrt(width) + model.positions[self.position]
        x = half(x)[:, None]  # (B * K, 1, D)
        none = torch.zeros(1, 1, 1, 1, dtype=torch.bfloat16)
        for i, layer in enumerate(model.transformer.decoder.layers):
            q, k, v = fast.project(norm(x, layer.norm1), layer.self_attn).split(width, -1)
            k, v = self.past[i] = tuple(torch.cat(both, 1) for both in zip(self.past[i], (k, v)))
            x = x + output(fast.attend(q, k, v, heads, none), layer.self_attn.out_proj)
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
def beams_of(model: Translator, source: torch.Tensor, beams: int, most: int) -> list[list[list[int]]]:
    """(B, S) -> for each sentence the first `beams` finished translations, best first by the mean
    log-probability of a token: the search of Hugging Face with `early_stopping=True`."""
    c, batch = model.config, source.shape[0]
    step = Step(model, source, beams)
    scores = torch.full((batch, beams), -1e9)
    scores[:, 0] = 0  # at first all beams are alike
    tokens = torch.full((batch * beams,), c.decoder_start_token_id)
    written = torch.empty(batch * beams, 0, dtype=torch.long)
    done = [[] for _ in range(batch)]
    first = torch.arange(batch)[:, None] * beams
    for length in range(1, most + 1):
        best, token = step(tokens).topk(2 * beams, -1)  # (B * K, 2 K)
        total = (scores.view(-1, 1) + best).view(batch, -1)
        total, place = total.topk(2 * beams, -1)  # (B, 2 K)
        row, token = first + place // (2 * beams), token.view(batch, -1).gather(1, place)
        ended = token == c.eos_token_id
        for b, j in ended[:, :beams].nonzero().tolist():
            if len(done[b]) < beams:
                done[b].append((total[b, j].item() / length, written[row[b, j]].tolist()))
        if all(len(found) >= beams for found in done):
            break
        scores, at = total.masked_fill(ended, -1e9).topk(beams, -1)
        row, tokens = row.gather(1, at).view(-1), token.gather(1, at).view(-1)
        step.keep(row)
        written = torch.cat([written[row], tokens[:, None]], 1)
    return [[ids for _, ids in sorted(found, reverse=True)] for found in done]


def grams(text: str) -> Counter:
    words = text.split()
    return Counter(tuple(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1))


def similarity(text: str, reference: str) -> float:
    """F1 of the n-grams of one to three words: 0 to 1."""
    a, b = grams(text), grams(reference)
    return 2 * (a & b).total() / max(1, a.total() + b.total())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--last", type=int, default=4, help="how many of the run's last checkpoints are averaged")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--beams", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=30, help="after which it ends")
    parser.add_argument("--rows", type=int, default=128)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model, _ = averaged(args.run, args.last)
    tokenizer = Tokenizer.from_file(str(args.tokenizer))
    references: dict[str, list[str]] = {}
    for english, french in data.read(args.data)[0]:
        references.setdefault(english, []).append(french)
    sources = [(english, ids.ids) for english, ids in zip(references, tokenizer.encode_batch(list(references)))]
    sources = sorted((s for s in sources if len(s[1]) <= MOST_SOURCE), key=lambda s: len(s[1]))
    groups = [sources[i : i + args.rows] for i in range(0, len(sources), args.rows)]
    random.Random(1).shuffle(groups)
    out, seen, end = [], 0, time.monotonic() + args.minutes * 60
    for i, group in enumerate(groups):
        source = padded([ids for _, ids in group], model.config.pad_token_id)
        for (english, _), found in zip(group, beams_of(model, source, args.beams, 2 * source.shape[1] + 6)):
            texts = [tokenizer.decode(one) for one in found]
            near = [max(similarity(text, reference) for reference in references[english]) for text in texts]
            seen += 1
            if texts and max(near) >= NEAR:
                out.append((english, texts[near.index(max(near))]))
        over = time.monotonic() > end or i == len(groups) - 1
        if over or i % WRITTEN_EVERY == 0:
            temporary = args.out.with_suffix(".tmp")
            temporary.write_text(json.dumps(out, ensure_ascii=False, indent=0))
            temporary.rename(args.out)
            print(f"{seen} of {len(sources)} sentences, {len(out)} kept", flush=True)
        if over:
            break


if __name__ == "__main__":
    main()
