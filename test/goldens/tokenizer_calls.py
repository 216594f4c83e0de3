"""Writes tokenizers/calls.json: the options of a call of a tokenizer, for every folder of folders.json and files.json.

    python test/goldens/tokenizer_calls.py

{NAME: [[text, without special tokens, cut to 6 ids, cut to 6 ids from the left], ...]}: `add_special_tokens=False`;
`truncation=True, max_length=6`, with `truncation_side` "right" and "left".
"""

import json

from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

from tokenizer_families import HERE, LINES, opened, replaced

LENGTH = 6
STEP = 3331


def calls(tokenizer, text):
    def cut(side):
        tokenizer.truncation_side = side
        return tokenizer(text, truncation=True, max_length=LENGTH).input_ids

    return [text, tokenizer(text, add_special_tokens=False).input_ids, cut("right"), cut("left")]


if __name__ == "__main__":
    folders = {}
    for file in ("folders.json", "files.json"):
        folders |= json.loads((HERE / file).read_text(encoding="utf-8"))
    out = {}
    for name, folder in folders.items():
        tokenizer = opened(tokenizer_class_from_name(folder["class"]), folder["files"])
        if "source" in folder:
            tokenizer.src_lang = folder["source"]
        lines = [replaced(LINES[i], folder.get("instead", {})) for i in range(0, len(LINES), STEP)]
        out[name] = [calls(tokenizer, line) for line in lines]
    rows = ",\n".join(f'"{name}": [\n' + ",\n".join(json.dumps(row, separators=(",", ":")) for row in found) + "\n]" for name, found in out.items())
    (HERE / "calls.json").write_text("{" + rows + "}\n", encoding="utf-8")
    print(f"calls.json: {len(out)} folders, {sum(map(len, out.values()))} texts")
