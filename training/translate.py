"""A model's translations of many sentences on a GPU: for scores during a run, and for distillation.

Sentences are searched in batches of like length. Reading the ids and choosing among a sentence's translations is done by helper
processes beside the search.
"""

import gzip
import multiprocessing
import random
from pathlib import Path

import sacrebleu
import torch
from tokenizers import Tokenizer

from distill import MOST_SOURCE, similarity
from search import beams_of
from train import padded

NEAR = 0.5  # the least similarity to a reference of what is kept
WORST = 0.1  # of the translations of sentences without a reference: those with the lowest probability a token are left out
BATCH_TOKENS = 400_000  # places of a batch's source, times beams


def most_tokens(width: int) -> int:
    return min(200, 2 * width + 10)


def searched(model, tokenizer, texts: list[str], beams: int, rows: int, most=None, shuffle=None):
    """Yields (places of the sentences in `texts`, what `beams_of` found for each), batch by batch: short sentences first, or
    in an order that `shuffle`, a random.Random, gives."""
    ids = [text.ids for text in tokenizer.encode_batch(texts)]
    order, groups = sorted(range(len(texts)), key=lambda i: len(ids[i])), []
    while order:
        count = min(rows, max(8, BATCH_TOKENS // (beams * len(ids[order[min(rows, len(order)) - 1]]))))
        groups.append(order[:count])
        order = order[count:]
    if shuffle:
        shuffle.shuffle(groups)
    device = next(model.parameters()).device
    for group in groups:
        source = padded([ids[i] for i in group], model.config.pad_token_id).to(device)
        yield group, beams_of(model, source, beams, most or most_tokens(source.shape[1]))


def greedy(model, tokenizer, texts: list[str], rows: int = 1024) -> list[str]:
    out = [""] * len(texts)
    for group, found in searched(model, tokenizer, texts, 1, rows):
        for i, text in zip(group, tokenizer.decode_batch([best[0][1] for best in found])):
            out[i] = text
    return out


def bleu(outputs: list[str], pairs) -> float:
    """Against all references of (english, [french, ...])."""
    most = max(len(references) for _, references in pairs)
    columns = [[refs[k] if k < len(refs) else None for _, refs in pairs] for k in range(most)]
    return round(sacrebleu.corpus_bleu(outputs, columns).score, 2)


_tokenizer = None


def begin(file: Path):
    global _tokenizer
    _tokenizer = Tokenizer.from_file(str(file))


def helpers(count: int, tokenizer: Path):
    """Processes for `nearest`, to be made before CUDA begins."""
    return multiprocessing.get_context("fork").Pool(count, begin, (tokenizer,))


def compress(file: Path, out: Path):
    temporary = out.with_suffix(".tmp")
    temporary.write_bytes(gzip.compress(file.read_bytes()))
    temporary.rename(out)


def nearest(tasks):
    """[(english, references, [(score, ids), ...]), ...] -> [(english, french, score), ...]: of the translations the one that is
    nearest to a reference, where it is near enough; the most probable one where there is no reference."""
    out = []
    for english, references, found in tasks:
        texts = [_tokenizer.decode(ids) for _, ids in found]
        at = 0
        if references:
            near = [max(similarity(text, reference) for reference in references) for text in texts]
            at = near.index(max(near))
            if near[at] < NEAR:
                continue
        if texts[at]:
            out.append((english, texts[at], found[at][0]))
    return out


def distilled(model, tokenizer, prepared, beams, rows, pool, clock, end) -> list[tuple[str, str]]:
    """Translations of the training sentences and of those without a French side, as many as there is time for."""
    references: dict[str, list[str]] = {}
    for english, french in prepared.everyday:
        references.setdefault(english, []).append(french)
    texts = [*references, *prepared.english]
    short = [text for text, ids in zip(texts, tokenizer.encode_batch(texts)) if len(ids.ids) <= MOST_SOURCE]
    jobs = []
    for group, found in searched(model, tokenizer, short, beams, rows, shuffle=random.Random(1)):
        tasks = [(short[i], references.get(short[i]), one) for i, one in zip(group, found)]
        jobs.append(pool.apply_async(nearest, (tasks,)))
        if clock() > end:
            clock.print(f"{len(jobs)} batches translated: no time for more")
            break
    near, new = [], []
    for job in jobs:
        for english, french, score in job.get(timeout=60):
            (near if english in references else new).append((score, english, french))
    new = sorted(new, reverse=True)[: round(len(new) * (1 - WORST))]
    clock.print(f"{len(near)} of {len(references)} training sentences and {len(new)} of {len(prepared.english)} English ones translated")
    return [(english, french) for _, english, french in near + new]
