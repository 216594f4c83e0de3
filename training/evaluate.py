"""Scores an exported model folder on the test split: sacreBLEU and chrF with all references, greedy and beam search.

    python training/evaluate.py --data eng-fra.tsv.gz --model demo/public/models/en-fr [--split dev] [--beams 4]

It reads the shipped f16 weights and computes in f32, as Attendant does.
"""

import argparse
import json
import sys
from pathlib import Path

import sacrebleu
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

import data
from model import Config, Translator


def load(folder: Path) -> tuple[Translator, Tokenizer]:
    fields = json.loads((folder / "config.json").read_text())
    model = Translator(Config(**{k: v for k, v in fields.items() if k != "model_type"})).eval()
    tensors = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    model.embed.weight.data.copy_(tensors.pop("src_embed.weight"))
    model.transformer.load_state_dict(tensors)
    return model, Tokenizer.from_file(str(folder / "tokenizer.json"))


@torch.no_grad()
def beam_search(model: Translator, source: torch.Tensor, beams: int, max_new_tokens: int, penalty: float) -> list[list[int]]:
    """Beam search over a batch, sum of log-probabilities over length ** penalty; no cache. beams 1 is greedy."""
    c = model.config
    batch = source.shape[0]
    states = model.encode(source).repeat_interleave(beams, 0)
    source = source.repeat_interleave(beams, 0)
    rows = torch.full((batch * beams, 1), c.decoder_start_token_id)
    scores = torch.full((batch, beams), -1e9)
    scores[:, 0] = 0
    finished: list[list[tuple[float, list[int]]]] = [[] for _ in range(batch)]
    for step in range(1, max_new_tokens + 1):
        logprobs = model.project(model.decode(rows, states, source)[:, -1]).log_softmax(-1)
        total = (scores.view(-1, 1) + logprobs).view(batch, -1)
        best, index = total.topk(2 * beams)
        parents, tokens = index // logprobs.shape[1], index % logprobs.shape[1]
        next_rows, next_scores = [], []
        for b in range(batch):
            kept = 0
            for rank in range(2 * beams):
                row = rows[b * beams + parents[b, rank]].tolist()
                score, token = best[b, rank].item(), tokens[b, rank].item()
                if token == c.eos_token_id:
                    if rank < beams:
                        finished[b].append((score / step**penalty, row[1:]))
                elif kept < beams:
                    next_rows.append(row + [token])
                    next_scores.append(score)
                    kept += 1
        rows = torch.tensor(next_rows)
        scores = torch.tensor(next_scores).view(batch, beams)
        open_best = scores.max(1).values / step**penalty
        if all(len(f) >= beams and max(f)[0] >= open_best[b] for b, f in enumerate(finished)):
            break
    return [max(f)[1] if f else rows[b * beams, 1:].tolist() for b, f in enumerate(finished)]


def translate(model, tokenizer, sentences: list[str], beams: int, penalty: float = 1.0) -> list[str]:
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
    out = [""] * len(sentences)
    for start in range(0, len(order), 50):
        chunk = order[start : start + 50]
        ids = [tokenizer.encode(sentences[i]).ids for i in chunk]
        width = max(map(len, ids))
        source = torch.tensor([row + [model.config.pad_token_id] * (width - len(row)) for row in ids])
        for i, row in zip(chunk, beam_search(model, source, beams, min(200, 2 * width + 10), penalty)):
            out[i] = tokenizer.decode(row)
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.backends.mha.set_fastpath_enabled(False)
    model, tokenizer = load(args.model)
    _, dev, test = data.read(args.data)
    pairs = (dev if args.split == "dev" else test)[: args.limit]
    most = max(len(refs) for _, refs in pairs)
    references = [[refs[k] if k < len(refs) else None for _, refs in pairs] for k in range(most)]
    for beams in args.beams:
        hypotheses = translate(model, tokenizer, [english for english, _ in pairs], beams)
        bleu = sacrebleu.corpus_bleu(hypotheses, references)
        chrf = sacrebleu.corpus_chrf(hypotheses, references)
        print(f"{args.split}, {len(pairs)} sentences, beams {beams}: {bleu} | chrF {chrf.score:.2f}", flush=True)
        for (english, refs), french in list(zip(pairs, hypotheses))[:: len(pairs) // 8]:
            print(f"  {english} -> {french}   [{refs[0]}]")


if __name__ == "__main__":
    main()
