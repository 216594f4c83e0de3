"""Makes a model folder of the two files of weights that gpu.py writes.

    python training/join.py --run runs/gpu --like demo/public/models/en-fr --out runs/exported [--name last]

Configuration and tokenizer are those of `--like`, whose tensors must be the same in name and shape.
"""

import argparse
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

WEIGHTS = "model.safetensors"


def joined(run: Path, name: str, like: dict) -> dict:
    """The tensors of both parts, in the order of `like`."""
    tensors = {key: tensor for part in (1, 2) for key, tensor in load_file(run / f"{name}-{part}.safetensors").items()}
    shapes = lambda named: {key: (tensor.dtype, tuple(tensor.shape)) for key, tensor in named.items()}  # noqa: E731
    if shapes(tensors) != shapes(like):
        raise ValueError(f"the tensors of {run} are not those of the model they should replace")
    return {key: tensors[key] for key in like}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--like", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default="model", help="model: the best of the dev sentences; last: the last weights")
    args = parser.parse_args()
    tensors = joined(args.run, args.name, load_file(args.like / WEIGHTS))
    args.out.mkdir(parents=True, exist_ok=True)
    for file in args.like.glob("*.json"):
        shutil.copy(file, args.out)
    save_file(tensors, args.out / WEIGHTS)
    print(f"{args.out / WEIGHTS}: {(args.out / WEIGHTS).stat().st_size} bytes, {len(tensors)} tensors")


if __name__ == "__main__":
    main()
