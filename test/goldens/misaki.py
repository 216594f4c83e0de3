"""Makes misaki.json: what Hugging Face's greedy search says for 500 words with a real pretrained BART (spelling to IPA).

    python test/goldens/misaki.py ../shared/models/misaki-us    # a folder of config.json, model.safetensors, gold.json

The rights in the model's training data are not documented, so neither it nor its words nor its answers are here: only the
places of the words in gold.json, and of each answer the first 16 hexadecimal digits of the SHA-256 of its ids joined by
commas. Spelling becomes ids as the misaki package does it: bos, one id a character (its place in grapheme_chars, 3 where
it has none), eos; of the answer the ids above 3 are characters of phoneme_chars.
"""

import hashlib
import json
import sys
from pathlib import Path

import torch
import transformers

torch.set_num_threads(1)
WORDS, BATCH, MAX_NEW_TOKENS = 500, 25, 40


def main(folder: Path) -> None:
    model = transformers.BartForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    config = model.config
    gold = list(json.loads((folder / "gold.json").read_text()).items())
    step = len(gold) // WORDS
    indices = list(range(0, step * WORDS, step))
    rows = [encode(config, gold[index][0]) for index in indices]

    digests, right, gap = [], 0, float("inf")
    for start in range(0, WORDS, BATCH):
        batch = rows[start : start + BATCH]
        length = max(map(len, batch))
        ids = torch.tensor([row + [config.pad_token_id] * (length - len(row)) for row in batch])
        output = model.generate(
            ids, attention_mask=(ids != config.pad_token_id).long(), max_new_tokens=MAX_NEW_TOKENS, num_beams=1, do_sample=False,
            return_dict_in_generate=True, output_scores=True,
        )  # fmt: skip
        for i, sequence in enumerate(output.sequences.tolist()):
            sequence = sequence[: sequence.index(config.eos_token_id, 1) + 1]
            for position in range(len(sequence) - 1):
                top = output.scores[position][i].topk(2).values
                gap = min(gap, (top[0] - top[1]).item())
            if i == 0:  # padding changes nothing
                alone = model.generate(torch.tensor([batch[i]]), max_new_tokens=MAX_NEW_TOKENS, num_beams=1, do_sample=False)
                assert alone[0].tolist() == sequence
            digests.append(hashlib.sha256(",".join(map(str, sequence)).encode()).hexdigest()[:16])
            said = "".join(config.phoneme_chars[token] for token in sequence if token > 3)
            right += said == gold[indices[start + i]][1]
    assert gap > 1e-4, f"a step is decided by {gap}"
    path = Path(__file__).parent / "misaki.json"
    lines = ",\n    ".join(json.dumps(pair) for pair in zip(indices, digests))
    path.write_text(
        f'{{\n  "transformers": "{transformers.__version__}",\n  "max_new_tokens": {MAX_NEW_TOKENS},\n  "correct": {right},\n'
        f'  "words": [\n    {lines}\n  ]\n}}\n'
    )
    print(f"{WORDS} words, {right} as in gold.json, smallest gap {gap:.5f}, {len(set(digests))} different answers")


def encode(config, word: str) -> list[int]:
    places = {character: place for place, character in enumerate(config.grapheme_chars)}
    return [config.bos_token_id, *(places.get(character, 3) for character in word), config.eos_token_id]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
