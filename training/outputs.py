"""Scores translations that something else made, one per line, such as scripts/translate-lines.js.

    python training/outputs.py --data eng-fra.tsv.gz --write runs/english.txt
    python training/outputs.py --data eng-fra.tsv.gz --score runs/q8.txt runs/int8.txt
"""

import argparse
from pathlib import Path

import data
from evaluate import bleu_and_chrf


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--write", type=Path, help="a file for the English sentences")
    parser.add_argument("--score", type=Path, nargs="+", default=[], help="files of translations of these sentences")
    args = parser.parse_args()
    pairs = data.split(args.data)[args.split]
    if args.write:
        args.write.write_text("".join(f"{english}\n" for english, _ in pairs))
    for file in args.score:
        lines = file.read_text().split("\n")[: len(pairs)]
        print(file, bleu_and_chrf(lines, pairs))


if __name__ == "__main__":
    main()
