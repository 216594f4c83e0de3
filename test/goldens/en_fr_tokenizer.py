"""Makes tokenizers/en-fr.json: what Python's `tokenizers` makes of the 20,000 lines of corpus.py for the default model.

    pip install tokenizers==0.23.3
    python test/goldens/en_fr_tokenizer.py

The format is that of tokenizer_families.py. To be run again whenever the model's tokenizer.json changes.
"""

import hashlib
import json
from pathlib import Path

from tokenizers import Tokenizer

from corpus import Random, corpus

HERE = Path(__file__).parent
BLOCK = 50
LINES = corpus()


def digest(rows):
    return hashlib.sha256("\n".join(rows).encode("utf-8")).hexdigest()[:8]


def main():
    tokenizer = Tokenizer.from_file(str(HERE / "../../demo/public/models/en-fr/tokenizer.json"))
    size = tokenizer.get_vocab_size()
    encoded = [one.ids for one in tokenizer.encode_batch(LINES)]
    random = Random(42)
    random_ids = [[random.below(size) for _ in range(1 + random.below(12))] for _ in LINES]
    rows = {
        "encode": ["\t".join(map(str, ids)) for ids in encoded],
        "decode": [tokenizer.decode(ids) for ids in encoded],
        "random": [tokenizer.decode(ids) for ids in random_ids],
    }
    out = {"size": size}
    for name, lines in rows.items():
        out[name] = "".join(digest(lines[i : i + BLOCK]) for i in range(0, len(lines), BLOCK))
    out["long"] = digest(["\t".join(map(str, tokenizer.encode(" ".join(LINES + LINES)).ids))])
    out["cases"] = [[LINES[i], encoded[i], tokenizer.decode(encoded[i])] for i in range(0, len(LINES), 400)]
    text = json.dumps(out).replace('[["', '[\n["').replace('], ["', '],\n["')
    (HERE / "tokenizers" / "en-fr.json").write_text(text + "\n")
    print(f"{len(LINES)} lines, {size} pieces")


if __name__ == "__main__":
    main()
