"""Translates the everyday sentences of the training split by the model itself, for the last part of its training.

    python training/distill.py --data eng-fra.tsv.gz --run runs/en-fr --last 4 --tokenizer tokenizer.json --out distilled.json

Sequence-level interpolation (Kim and Rush, 2016): of the translations that a beam holds at its end, the one that is nearest
to the references is kept, where it is near enough. They are simpler to learn than the references, which say the same thing in
many ways: one step at a time then finds what the beam finds.
"""

import argparse
import json
import random
import time
from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer

import data
from export import averaged
from search import beams_of
from train import padded

NEAR = 0.6  # the least similarity to a reference; at 0.3 four of 25 looked at had a word wrong
MOST_SOURCE = 30  # tokens of a source
WRITTEN_EVERY = 40  # batches


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
            texts = [tokenizer.decode(ids) for _, ids in found]
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
