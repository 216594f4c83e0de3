"""PyTorch's greedy ids for 200 sentences of the default model's test split.

    pip install -r test/goldens/requirements.txt tokenizers sacrebleu
    python test/goldens/en_fr.py --data eng-fra.tsv.gz

To be run again whenever the weights under demo/public/models/en-fr change. The sentences are from Tatoeba
(tatoeba.org), CC-BY 2.0 FR, by way of manythings.org/anki.
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

MAX_NEW_TOKENS = 48


@torch.no_grad()
def greedy(model, ids: list[int]) -> tuple[list[int], float]:
    """Token ids as Attendant returns them, and the smallest gap between the two best logits of a step."""
    c = model.config
    source = torch.tensor([ids])
    states = model.encode(source)
    sequence = [c.decoder_start_token_id]
    gap = float("inf")
    for _ in range(MAX_NEW_TOKENS):
        logits = model.project(model.decode(torch.tensor([sequence]), states, source)[0, -1])
        best = logits.topk(2).values
        gap = min(gap, (best[0] - best[1]).item())
        sequence.append(int(logits.argmax()))
        if sequence[-1] == c.eos_token_id:
            break
    return sequence, gap


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    torch.backends.mha.set_fastpath_enabled(False)
    model, tokenizer = load(ROOT / "demo/public/models/en-fr")
    _, _, test = data.read(args.data)
    cases, gaps = [], []
    for english, _ in test[:: len(test) // 200][:200]:
        ids = tokenizer.encode(english).ids
        sequence, gap = greedy(model, ids)
        cases.append({"text": english, "input_ids": ids, "sequence": sequence, "translation": tokenizer.decode(sequence)})
        gaps.append(gap)
    out = {"max_new_tokens": MAX_NEW_TOKENS, "smallest_gap": min(gaps), "cases": cases}
    text = json.dumps(out, ensure_ascii=False).replace('{"text"', '\n{"text"')
    (Path(__file__).parent / "en_fr.json").write_text(text + "\n")
    print(f"{len(cases)} sentences, smallest gap between the two best logits of a step {min(gaps):.2e}")


if __name__ == "__main__":
    main()
