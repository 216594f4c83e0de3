"""Gives a trained model another vocabulary: the layers stay, each new piece begins as what the old vocabulary made of it.

    python training/adopt.py --model demo/public/models/en-fr --tokenizer runs/tokenizer.json --out runs/begun

A piece that the old vocabulary has keeps its row of the embedding; any other begins with the mean of the rows of the old
pieces that spell it, or at random where nothing does. `runs/begun` is an exported folder for `train.py --init`.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer


def spelled(piece: str, old: Tokenizer, vocab: dict[str, int]) -> list[int]:
    """Old ids whose pieces are `piece`, joined; none where the old vocabulary lacks a character."""
    if piece in vocab:
        return [vocab[piece]]
    ids = [token.id for token in old.model.tokenize(piece)] if piece else []
    return ids if "".join(old.id_to_token(i) for i in ids) == piece else []


def adopted(rows: torch.Tensor, old: Tokenizer, new: Tokenizer, special: dict[int, int]) -> tuple[torch.Tensor, int]:
    """(V, D) of the old vocabulary to that of the new one, and how many rows are at random."""
    vocab = old.get_vocab()
    torch.manual_seed(1)
    out = torch.randn(new.get_vocab_size(), rows.shape[1]) * rows.std()
    unknown = 0
    for piece, i in new.get_vocab().items():
        ids = [special[i]] if i in special else spelled(piece, old, vocab)
        if ids:
            out[i] = rows[ids].mean(0)
        else:
            unknown += 1
    return out, unknown


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    old, new = Tokenizer.from_file(str(args.model / "tokenizer.json")), Tokenizer.from_file(str(args.tokenizer))
    fields = json.loads((args.model / "config.json").read_text())
    tensors = {name: tensor.float() for name, tensor in load_file(args.model / "model.safetensors").items()}
    # Padding, start and end are 0, 1, 2 in both.
    special = {i: i for i in (fields["pad_token_id"], fields["decoder_start_token_id"], fields["eos_token_id"])}
    tensors["src_embed.weight"], unknown = adopted(tensors["src_embed.weight"], old, new, special)
    fields["src_vocab_size"] = fields["tgt_vocab_size"] = new.get_vocab_size()
    args.out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, args.out / "model.safetensors")
    (args.out / "config.json").write_text(json.dumps(fields, indent=2) + "\n")
    shutil.copy(args.tokenizer, args.out / "tokenizer.json")
    print(f"{new.get_vocab_size()} pieces, {unknown} of them at random, {len(set(old.get_vocab()) & set(new.get_vocab()))} as they were")


if __name__ == "__main__":
    main()
