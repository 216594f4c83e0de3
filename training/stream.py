"""Packed rows of training pairs, drawn and encoded by processes of their own while a GPU trains.

The processes are forked before CUDA begins, because a forked process cannot use it. A ring of rows on the GPU takes what they
make; where training is faster than they are, rows are seen again.
"""

import json
import multiprocessing
import os
import queue
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer

from packing import Packer
from train import encoded

PAIRS = 1000  # drawn at a time
FORK = multiprocessing.get_context("fork")


class Stream:
    """`phase` counts the changes of what is drawn; rows of an earlier phase are thrown away."""

    def __init__(self, prepared, tokenizer: Path, workers: int, width: int, bpe_dropout: float, distilled: Path):
        self.prepared, self.tokenizer, self.width = prepared, tokenizer, width
        self.distilled, self.bpe_dropout = distilled, bpe_dropout
        self.phase, self.progress = FORK.Value("i", 0), FORK.Value("d", 0.0)
        self.share = FORK.Value("d", 0.0)  # of the everyday pairs are distilled ones
        self.queue = FORK.Queue(4 * workers)
        self.parent = os.getpid()
        self.processes = [FORK.Process(target=self.work, args=(i,), daemon=True) for i in range(workers)]
        for process in self.processes:
            process.start()

    def work(self, seed: int):
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        os.nice(5)
        tokenizer = Tokenizer.from_file(str(self.tokenizer))
        mix, phase = self.prepared.mix(seed), -1
        while os.getppid() == self.parent:
            if phase != self.phase.value:
                phase, packer = self.phase.value, Packer(self.width)
                mix.distilled_share = self.share.value
                if mix.distilled_share > 0:
                    mix.distilled = [tuple(pair) for pair in json.loads(self.distilled.read_text())]
            progress = self.progress.value
            pairs = mix.round(PAIRS, progress)
            # BPE-dropout of the source alone, as in train.py.
            english = encoded([e for e, _ in pairs], tokenizer, self.bpe_dropout if progress < 0.7 else 0.0)
            for source, labels in zip(english, encoded([f for _, f in pairs], tokenizer)):
                packer.add(source, labels)
            self.put(phase, packer.take())

    def put(self, phase, rows):
        while os.getppid() == self.parent:
            try:
                return self.queue.put((phase, rows), timeout=1)
            except queue.Full:
                continue

    def next_phase(self, distilled_share=0.0):
        self.share.value, self.progress.value = distilled_share, 0.0
        self.phase.value += 1

    def stop(self):
        for process in self.processes:
            process.terminate()


class Ring:
    """The last `capacity` rows of a stream, on the device."""

    def __init__(self, stream: Stream, capacity: int, device):
        self.stream, self.phase = stream, stream.phase.value
        self.rows = torch.zeros(capacity, 2, stream.width, dtype=torch.int16, device=device)
        self.filled = self.at = 0

    def add(self, rows: torch.Tensor):
        while len(rows):
            self.at %= len(self.rows)
            n = min(len(rows), len(self.rows) - self.at)
            self.rows[self.at : self.at + n] = rows[:n].to(self.rows.device, non_blocking=True)
            self.at += n
            self.filled = max(self.filled, self.at)
            rows = rows[n:]

    def feed(self, chunks: int = 4):
        """Takes what is ready, at most so many chunks."""
        if self.phase != self.stream.phase.value:
            self.phase, self.filled, self.at = self.stream.phase.value, 0, 0
        for _ in range(chunks):
            try:
                phase, rows = self.stream.queue.get_nowait()
            except queue.Empty:
                return
            if phase == self.phase and len(rows):
                self.add(torch.from_numpy(rows))

    def wait(self, rows: int, seconds: float = 60):
        """Until so many rows are there."""
        end = time.monotonic() + seconds
        self.feed(0)  # rows of an earlier phase do not count
        while self.filled < min(rows, len(self.rows)):
            if time.monotonic() > end or not any(process.is_alive() for process in self.stream.processes):
                raise TimeoutError(f"{self.filled} of {rows} rows after {seconds} s")
            self.feed(64)
            time.sleep(0.01)

    def draw(self, count: int) -> torch.Tensor:  # (count, 2, W)
        return self.rows[torch.randint(self.filled, (count,), device=self.rows.device)]
