"""Several pairs in one row of fixed width, so that a GPU sees one shape and no place is wasted on padding.

A row is a sequence of sentences that each end in the end token; what is left of it is padding. The source row and the row of
labels hold the same pairs in the same order, so a sentence's number in its row says which source belongs to which target.
"""

import numpy as np
import torch

OPEN = 24  # rows that are filled at the same time: the more, the fuller they get


class Packer:
    """Takes pairs of ids, gives rows (source ids, labels) of `width` places."""

    def __init__(self, width: int, pad: int = 0):
        self.width, self.pad = width, pad
        self.open = []  # [source ids, labels] of rows with space left
        self.rows = []

    def add(self, source: list[int], labels: list[int]) -> bool:
        """False if the pair is wider than a row."""
        if max(len(source), len(labels)) > self.width:
            return False
        for row in self.open:
            if len(row[0]) + len(source) <= self.width and len(row[1]) + len(labels) <= self.width:
                row[0] += source
                row[1] += labels
                return True
        if len(self.open) == OPEN:
            fullest = max(self.open, key=lambda row: max(len(row[0]), len(row[1])))
            self.open.remove(fullest)
            self.rows.append(fullest)
        self.open.append([list(source), list(labels)])
        return True

    def take(self, all_of_them=False) -> np.ndarray:
        """The rows that are full, (R, 2, width) of int16; with `all_of_them` those with space left too."""
        if all_of_them:
            self.rows += self.open
            self.open = []
        out = np.full((len(self.rows), 2, self.width), self.pad, np.int16)
        for i, row in enumerate(self.rows):
            for side, ids in enumerate(row):
                out[i, side, : len(ids)] = ids
        self.rows = []
        return out


def segments(ids: torch.Tensor, end: int, pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, W) -> the number of each token's sentence in its row, -1 for padding, and its position in the sentence; both (B, W)."""
    ended = (ids == end).long()
    segment = (ended.cumsum(1) - ended).masked_fill(ids == pad, -1)
    places = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
    first = torch.cat([torch.ones_like(ended[:, :1]), ended[:, :-1]], 1)
    start = (places * first).cummax(1).values
    return segment, places - start


def inputs(labels: torch.Tensor, positions: torch.Tensor, start: int) -> torch.Tensor:
    """What the decoder reads where it should write `labels`: each sentence one place later, after a start token. (B, W)"""
    return labels.roll(1, 1).masked_fill(positions == 0, start)


HIDDEN = -1e4  # added to a score; not -inf, so that a row of padding alone has a softmax


def biases(source_segment, target_segment) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What attention adds to its scores in the encoder, the decoder and across, so that a sentence sees only its own: three
    (B, 1, W, W) of bf16."""
    across = lambda queries, keys: queries[:, None, :, None] == keys[:, None, None, :]  # noqa: E731
    width = target_segment.shape[1]
    causal = torch.ones(width, width, dtype=torch.bool, device=target_segment.device).tril()
    seen = (
        across(source_segment, source_segment),
        across(target_segment, target_segment) & causal,
        across(target_segment, source_segment),
    )
    return tuple(torch.zeros(mask.shape, dtype=torch.bfloat16, device=mask.device).masked_fill_(~mask, HIDDEN) for mask in seen)
