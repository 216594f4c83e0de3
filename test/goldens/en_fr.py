"""PyTorch's greedy ids for 200 sentences of the default model's test split, and Hugging Face's beam search for 500.

    pip install -r test/goldens/requirements.txt sacrebleu
    python test/goldens/en_fr.py --data eng-fra.tsv.gz

To be run again whenever the weights under demo/public/models/en-fr change. A sentence is left out where float64 gives
other ids than float32: a difference there would be chance. The sentences are from Tatoeba (tatoeba.org), CC-BY 2.0 FR,
by way of manythings.org/anki.
"""

import argparse
import json
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "training"))

import data  # noqa: E402
from evaluate import load  # noqa: E402
from hugging_face import Searchable, generate  # noqa: E402

MAX_NEW_TOKENS = 48
GREEDY, BEAM = 200, 500


def search(model, rows, beams):
    return generate(model, rows, num_beams=beams, do_sample=False, max_new_tokens=MAX_NEW_TOKENS)


def cases(model, exact, tokenizer, sentences, count, beams):
    """The first `count` sentences that float32 and float64 agree on. Batches change nothing: each row is its own search."""
    out, left_out = [], 0
    for start in range(0, len(sentences), 50):
        chunk = sentences[start : start + 50]
        rows = [tokenizer.encode(text).ids for text in chunk]
        sequences, scores = search(model, rows, beams)
        same, _ = search(exact, rows, beams)
        for i, text in enumerate(chunk):
            if sequences[i] != same[i]:
                left_out += 1
                continue
            case = {"text": text, "input_ids": rows[i], "sequence": sequences[i]}
            if beams > 1:
                case["score"] = round(scores[i], 6)
            case["translation"] = tokenizer.decode(sequences[i])
            out.append(case)
            if len(out) == count:
                print(f"beams {beams}: {count} sentences, {left_out} left out")
                return out
    raise SystemExit("too few sentences")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    torch.backends.mha.set_fastpath_enabled(False)
    folder = ROOT / "demo/public/models/en-fr"
    model, tokenizer = load(folder)
    exact, _ = load(folder)
    model, exact = Searchable(model).eval(), Searchable(exact.double()).eval()
    texts = [english for english, _ in data.split(args.data)["test"]]
    spread = texts[:: len(texts) // (GREEDY + 20)]
    here = Path(__file__).parent
    for name, list_, count, beams in (("en_fr.json", spread, GREEDY, 1), ("en_fr_beams.json", texts[::2], BEAM, 4)):
        out = {"max_new_tokens": MAX_NEW_TOKENS, "cases": cases(model, exact, tokenizer, list_, count, beams)}
        text = json.dumps(out, ensure_ascii=False).replace('{"text"', '\n{"text"')
        (here / name).write_text(text + "\n")


if __name__ == "__main__":
    main()
