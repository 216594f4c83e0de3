"""Trains the default English-French model on one CPU core; resumes from its last checkpoint when run again.

    python training/train.py --data eng-fra.tsv.gz --more eng-fra-more.tsv.gz --tokenizer tokenizer.json \\
        --init demo/public/models/en-fr --out runs/en-fr --minutes 100

Pairs are drawn in rounds (mix.py). The learning rate follows the processor time used, so that a busy or stopped process
keeps its schedule; with --until, what is left is the time up to that hour, so that a run always ends at rate zero. A later
run goes on from exported weights with --init.
"""

import argparse
import json
import random
import time
from datetime import datetime
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn

import data
import fast
from mix import Mix
from model import Config, Translator, greedy

MOST_TOKENS = 120  # of either side; longer pairs are left out


class SmoothedCrossEntropy(torch.autograd.Function):
    """Mean label-smoothed cross entropy of a linear projection, whose gradients are made in the forward pass.

    The (N, V) matrix is gone over as seldom as can be, because that takes longer than the products: once for exp, with no
    maximum taken off (logits far below 88, where bf16 ends), and the sums of the rows come out of the product with the
    weights, which has columns of ones for them. Smoothing is the same for all entries of a row, so it is worked out apart.
    """

    ROWS = 256  # so many rows without a label are let in at most, so that shapes are few
    ONES = 16  # columns

    @staticmethod
    def forward(ctx, hidden, weight, labels, ignore, smoothing):  # (N, D), (V, D), (N)
        wanted = labels != ignore
        count = int(wanted.sum())
        rows = torch.argsort(wanted.logical_not().byte(), stable=True)
        rows = rows[: -(-count // SmoothedCrossEntropy.ROWS) * SmoothedCrossEntropy.ROWS]
        states, weight16, index, each = hidden.bfloat16()[rows], weight.bfloat16(), labels[rows], wanted[rows].float() / count
        ones = torch.ones(weight.shape[0], SmoothedCrossEntropy.ONES, dtype=torch.bfloat16)
        mean = weight.mean(0)

        logits = states @ weight16.T
        smoothed = (1 - smoothing) * logits.gather(1, index[:, None])[:, 0].float() + smoothing * (states.float() @ mean)
        exp = logits.exp_()
        product = exp @ torch.cat([weight16, ones], 1)
        total = product[:, -1].float()
        loss = ((total.log() - smoothed) * each).sum()

        each = each[:, None]
        scale = each / total[:, None]
        grad = product[:, : weight.shape[1]] * scale - each * ((1 - smoothing) * weight16[index] + smoothing * mean)
        grad_hidden = torch.zeros_like(hidden).index_copy_(0, rows, grad.to(hidden.dtype))
        exp.scatter_add_(1, index[:, None], (-(1 - smoothing) * total).bfloat16()[:, None])
        grad_weight = (exp.T @ (states * scale).bfloat16()).float()
        grad_weight -= smoothing / weight.shape[0] * (each * states).sum(0)
        ctx.save_for_backward(grad_hidden, grad_weight)
        return loss

    @staticmethod
    def backward(ctx, scale):
        grad_hidden, grad_weight = ctx.saved_tensors
        return grad_hidden * scale, grad_weight * scale, None, None, None


def encoded(texts, tokenizer, dropout=0.0):
    tokenizer.model.dropout = dropout or None
    out = [text.ids for text in tokenizer.encode_batch(texts)]
    tokenizer.model.dropout = None
    return out


def batches(pairs, tokenizer, config, slots, dropout):
    """Batches of pairs of like length, in random order; `slots`: rows times the wider side. `dropout` is BPE-dropout
    (Provilkov 2020) of the source alone: the model should read any spelling of a word and write one."""
    english = encoded([e for e, _ in pairs], tokenizer, dropout)
    french = encoded([f for _, f in pairs], tokenizer)
    # Few distinct shapes: oneDNN compiles a kernel for each new one. Widths are even numbers up to 16,
    # then multiples of 8, and the number of rows depends on the wider side alone.
    shape = [(rounded(len(e)), rounded(len(f) + 1)) for e, f in zip(english, french)]
    order = [i for i in range(len(pairs)) if max(shape[i]) <= MOST_TOKENS]
    random.shuffle(order)
    order.sort(key=lambda i: (max(shape[i]), shape[i]))
    groups, start = [], 0
    while start < len(order):
        width = max(shape[order[start]])
        rows = slots // width // 8 * 8
        group = [i for i in order[start : start + rows] if max(shape[i]) == width]
        groups.append(group)
        start += len(group)
    random.shuffle(groups)
    for group in groups:
        source_width, target_width = (max(shape[i][side] for i in group) for side in (0, 1))
        source = padded([english[i] for i in group], config.pad_token_id, source_width)
        # One column more: the input leaves the last out, the labels the first.
        target = padded([[config.decoder_start_token_id, *french[i]] for i in group], config.pad_token_id, target_width + 1)
        yield source, target


def rounded(length):
    return -(-length // 2) * 2 if length <= 16 else -(-length // 8) * 8


def padded(rows, pad, width=None):
    width = width or max(map(len, rows))
    return torch.tensor([row + [pad] * (width - len(row)) for row in rows])


@torch.no_grad()
def bleu(model, tokenizer, sentences, limit):
    """Greedy BLEU against all references."""
    import sacrebleu

    model.eval()
    sentences = sorted(sentences[:limit], key=lambda s: len(s[0]))
    hypotheses = []
    for start in range(0, len(sentences), 64):
        rows = [tokenizer.encode(e).ids for e, _ in sentences[start : start + 64]]
        most = 2 * max(map(len, rows)) + 10
        with torch.autocast("cpu", torch.bfloat16):
            out = greedy(model, padded(rows, model.config.pad_token_id), most)
        hypotheses += [tokenizer.decode(ids) for ids in out]
    most = max(len(refs) for _, refs in sentences)
    references = [[refs[k] if k < len(refs) else None for _, refs in sentences] for k in range(most)]
    model.train()
    return sacrebleu.corpus_bleu(hypotheses, references).score


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--more", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--distilled", type=Path, help="what distill.py writes: read when a round begins, again when it has changed")
    parser.add_argument("--init", type=Path, help="an exported model folder whose weights a new run begins with")
    parser.add_argument("--minutes", type=float, default=100, help="of processor time")
    parser.add_argument("--until", type=datetime.fromisoformat, help="a date and hour at which the run ends, in place of --minutes")
    parser.add_argument("--encoder-layers", type=int, default=6)
    parser.add_argument("--decoder-layers", type=int, default=3)
    parser.add_argument("--batch-slots", type=int, default=6000)
    parser.add_argument("--round-pairs", type=int, default=30000)
    parser.add_argument("--lr", type=float, default=1.2e-3)
    parser.add_argument("--warmup-steps", type=int, default=100)
    parser.add_argument("--optimizer", choices=["adamw", "muon"], default="muon")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--bpe-dropout", type=float, default=0.1, help="switched off for the last half")
    parser.add_argument("--checkpoint-minutes", type=float, default=3)
    parser.add_argument("--eval-minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    random.seed(1)

    tokenizer = Tokenizer.from_file(str(args.tokenizer))
    everyday, dev, test = data.read(args.data)
    mix = Mix(everyday, data.read_more(args.more, data.held_out(dev, test)))
    size = tokenizer.get_vocab_size()
    config = Config(
        num_encoder_layers=args.encoder_layers,
        num_decoder_layers=args.decoder_layers,
        src_vocab_size=size,
        tgt_vocab_size=size,
    )
    model = Translator(config)
    dropout = fast.Dropout(args.dropout)
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    rest = [p for n, p in model.named_parameters() if p.dim() != 2 or "embed" in n]
    if args.optimizer == "muon":
        optimizers = [
            torch.optim.Muon(matrices, lr=args.lr, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=args.lr, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
        ]
    else:
        groups = [{"params": matrices, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
        optimizers = [torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.98), fused=True)]

    args.out.mkdir(parents=True, exist_ok=True)
    state = {"step": 0, "round": 0, "seconds": 0.0}
    last = args.out / "last.pt"
    if last.exists():
        saved = torch.load(last)
        model.load_state_dict(saved["model"])
        for optimizer, s in zip(optimizers, saved["optimizers"]):
            optimizer.load_state_dict(s)
        state = saved["state"]
        random.seed(state["step"])
        torch.manual_seed(state["step"])
    elif args.init:
        tensors = {name: tensor.float() for name, tensor in load_file(args.init / "model.safetensors").items()}
        model.embed.weight.data.copy_(tensors.pop("src_embed.weight"))
        model.transformer.load_state_dict(tensors)
    mix.rng.seed(state["step"])
    (args.out / "config.json").write_text(json.dumps(config.to_json(), indent=2) + "\n")
    log = open(args.out / "log.txt", "a", buffering=1)

    def progress():
        left = (args.until - datetime.now(args.until.tzinfo)).total_seconds() if args.until else args.minutes * 60 - state["seconds"]
        return min(1.0, state["seconds"] / (state["seconds"] + max(left, 0.0) + 1e-9))

    def save():
        saved = {"model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers], "state": state}
        torch.save(saved, args.out / "last.tmp")
        (args.out / "last.tmp").rename(last)
        if progress() > 0.85:  # the tail, for averaging
            torch.save({"model": model.state_dict(), "config": config}, args.out / f"tail-{state['step']:06d}.pt")

    saved_at = evaluated_at = state["seconds"]
    tokens, loss_sum, loss_count, since = 0, 0.0, 0, state["seconds"]
    clock = time.process_time()
    if state["step"] == 0:
        print(f"step 0 dev BLEU {bleu(model, tokenizer, dev, 400):.2f}", file=log)
    model.train()
    distilled_at = None
    while progress() < 1:
        state["round"] += 1
        if args.distilled and args.distilled.exists() and args.distilled.stat().st_mtime != distilled_at:
            distilled_at = args.distilled.stat().st_mtime
            mix.distilled = [tuple(pair) for pair in json.loads(args.distilled.read_text())]
            print(f"step {state['step']} {len(mix.distilled)} distilled pairs", file=log)
        pairs = mix.round(args.round_pairs, progress())
        for source, target in batches(pairs, tokenizer, config, args.batch_slots, args.bpe_dropout if progress() < 0.5 else 0):
            rate = args.lr * min((state["step"] + 1) / args.warmup_steps, 1.0) * (1 - progress())
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = rate
            labels = target[:, 1:]
            real = (labels != config.pad_token_id).sum()
            masks = [dropout.draw(fast.Masks.needed(ids.numel(), config.d_model)) for ids in (source, labels)]
            states = fast.hidden(model, source, target[:, :-1], *masks)
            loss = SmoothedCrossEntropy.apply(
                states.flatten(0, 1), model.embed.weight, labels.flatten(), config.pad_token_id, 0.1
            )
            for optimizer in optimizers:
                optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
            state["step"] += 1
            tokens += int(real)
            loss_sum += loss.item()
            loss_count += 1
            now = time.process_time()
            state["seconds"] += now - clock
            clock = now
            if state["step"] % 100 == 0:
                speed = tokens / (state["seconds"] - since)
                print(
                    f"step {state['step']} round {state['round']} minute {state['seconds'] / 60:.1f} "
                    f"loss {loss_sum / loss_count:.3f} lr {rate:.2e} target tokens/s {speed:.0f}",
                    file=log,
                )
                tokens, loss_sum, loss_count, since = 0, 0.0, 0, state["seconds"]
            if state["seconds"] - saved_at > args.checkpoint_minutes * 60:
                save()
                saved_at = state["seconds"]
            if state["seconds"] - evaluated_at > args.eval_minutes * 60:
                print(f"step {state['step']} dev BLEU {bleu(model, tokenizer, dev, 400):.2f}", file=log)
                evaluated_at = state["seconds"]
            if progress() >= 1:
                break
    save()
    print(f"step {state['step']} dev BLEU {bleu(model, tokenizer, dev, len(dev)):.2f} (all)", file=log)


if __name__ == "__main__":
    main()
