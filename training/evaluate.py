"""Scores exported model folders side by side: sacreBLEU and chrF on unseen sentences with all references, greedy and beam
search, and what survives of a list of first sentences.

    python training/evaluate.py --data eng-fra.tsv.gz --model demo/public/models/en-fr [--model runs/other] \\
        [--split dev] [--beams 1 4] [--list training/first_sentences.json] [--save runs/scores.json]

It reads the f16 weights and computes in f32, as Attendant does. The test split decides nothing: choose on dev.
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
import first_sentences
from hugging_face import Searchable, generate
from model import Config, Translator


def load(folder: Path) -> tuple[Translator, Tokenizer]:
    fields = json.loads((folder / "config.json").read_text())
    known = Config.__dataclass_fields__
    model = Translator(Config(**{k: v for k, v in fields.items() if k in known})).eval()
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


def bleu_and_chrf(hypotheses, pairs) -> dict:
    most = max(len(refs) for _, refs in pairs)
    references = [[refs[k] if k < len(refs) else None for _, refs in pairs] for k in range(most)]
    return {
        "bleu": round(sacrebleu.corpus_bleu(hypotheses, references).score, 2),
        "chrf": round(sacrebleu.corpus_chrf(hypotheses, references).score, 2),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, help="the corpus whose split is scored; without it only the list is")
    parser.add_argument("--model", type=Path, required=True, action="append")
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--list", type=Path, default=first_sentences.FILE)
    parser.add_argument("--save", type=Path, help="a JSON file for scores and outputs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.backends.mha.set_fastpath_enabled(False)
    pairs = []
    if args.data:
        pairs = data.split(args.data)[args.split][: args.limit]
    items = first_sentences.read(args.list)
    report = {}
    for folder in args.model:
        model, tokenizer = load(folder)
        for beams in args.beams:
            result = report[f"{folder}, beams {beams}"] = {"list": [], "outputs": []}
            if pairs:
                result["outputs"] = translate(model, tokenizer, [english for english, _ in pairs], beams)
                result |= bleu_and_chrf(result["outputs"], pairs)
            result["list"] = translate(model, tokenizer, [item["text"] for item in items], beams)
            score = first_sentences.score(items, result["list"])
            result["first_sentences"] = score
            print(f"{folder}, beams {beams}, {len(pairs)} sentences: BLEU {result.get('bleu')} chrF {result.get('chrf')}")
            print(f"  list: {score['targets']}, all {score['all']}, whole {score['whole']}, {len(score['unrelated'])} unrelated")
            print(f"  {score['kept']}", flush=True)
    if args.save:
        args.save.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
