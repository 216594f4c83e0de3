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
from hugging_face import Searchable, generate
from model import Config, Translator


def load(folder: Path) -> tuple[Translator, Tokenizer]:
    fields = json.loads((folder / "config.json").read_text())
    model = Translator(Config(**{k: v for k, v in fields.items() if k != "model_type"})).eval()
    tensors = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    model.embed.weight.data.copy_(tensors.pop("src_embed.weight"))
    model.transformer.load_state_dict(tensors)
    return model, Tokenizer.from_file(str(folder / "tokenizer.json"))


def translate(model, tokenizer, sentences: list[str], beams: int) -> list[str]:
    """By Hugging Face's search with its defaults: for beams, the sum of log-probabilities over the length."""
    searchable = Searchable(model).eval()
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
    out = [""] * len(sentences)
    for start in range(0, len(order), 50):
        chunk = order[start : start + 50]
        rows = [tokenizer.encode(sentences[i]).ids for i in chunk]
        most = min(200, 2 * max(map(len, rows)) + 10)
        for i, row in zip(chunk, generate(searchable, rows, num_beams=beams, do_sample=False, max_new_tokens=most)[0]):
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
