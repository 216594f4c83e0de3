"""Trains the default model on a GPU in minutes: a larger teacher first, then the model itself from the shipped weights, on the
corpus and on the teacher's translations, with the teacher's distribution for every token as its aim.

    python training/gpu.py --prepared runs/prepared.json.xz --init demo/public/models/en-fr --out runs/gpu --seconds 400

Every phase ends by the clock, so a run always ends in time and always writes weights: those of the best dev score so far in two
parts (join.py makes a folder of them) and a report. The first seconds try every phase at full size.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

import first_sentences
import packed
import prepare
import translate
from model import Config, Translator
from muon import Muon
from stream import Ring, Stream

SAVED_LAST = 12  # seconds kept for the last scores and files
READY_ROWS = 2000  # in the ring before training begins
TEACHER_AT_MOST = 0.55  # of the time left, where the first seconds took long


class Clock:
    def __init__(self):
        self.began = time.monotonic()

    def __call__(self) -> float:
        return time.monotonic() - self.began

    def print(self, text: str):
        print(f"{self():6.1f} s  {text}", flush=True)


def load(folder: Path) -> Translator:
    fields = json.loads((folder / "config.json").read_text())
    model = Translator(Config(**{k: v for k, v in fields.items() if k in Config.__dataclass_fields__}))
    tensors = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    model.embed.weight.data.copy_(tensors.pop("src_embed.weight"))
    model.transformer.load_state_dict(tensors)
    return model


class Mean:
    """A moving average of the weights."""

    DECAY = 0.998

    def __init__(self, model: Translator):
        self.model, self.steps = model, 0
        self.weights = [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def update(self):
        self.steps += 1
        decay = min(self.DECAY, self.steps / (self.steps + 10))
        torch._foreach_lerp_(self.weights, [p.detach() for p in self.model.parameters()], 1 - decay)

    @torch.no_grad()
    def swap(self):
        """Exchanges the average and the model's weights."""
        for mean, parameter in zip(self.weights, self.model.parameters()):
            kept = mean.clone()
            mean.copy_(parameter)
            parameter.copy_(kept)


class Run:
    def __init__(self, args):
        self.args = args
        args.out.mkdir(parents=True, exist_ok=True)
        self.clock = Clock()
        self.report = {"arguments": {k: str(v) for k, v in vars(args).items()}, "curve": [], "phases": {}}
        self.best = (-1.0, None)  # dev BLEU and weights of the student
        self.clock.print(f"torch {torch.__version__}, {os.cpu_count()} cores")
        self.prepared = prepare.read(args.prepared)
        self.tokenizer_file = args.init / "tokenizer.json"
        # Forked before CUDA begins.
        self.distilled = Path(tempfile.mkdtemp()) / "distilled.json"
        self.stream = Stream(self.prepared, self.tokenizer_file, args.workers, args.width, args.bpe_dropout, self.distilled)
        self.helpers = translate.helpers(args.workers, self.tokenizer_file)
        self.clock.print("data read, processes started")
        torch.manual_seed(1)
        self.device = torch.device(args.device)
        if self.device.type == "cuda":
            torch.backends.cuda.enable_cudnn_sdp(False)
            self.clock.print(torch.cuda.get_device_name())
        for name in ("cache_size_limit", "recompile_limit"):
            if hasattr(torch._dynamo.config, name):
                setattr(torch._dynamo.config, name, 32)
        self.tokenizer = Tokenizer.from_file(str(self.tokenizer_file))
        self.functions = packed.Functions(args.compile)
        self.ring = Ring(self.stream, args.ring, self.device)

    # Models

    def new_student(self) -> Translator:
        return load(self.args.init).to(self.device)

    def new_teacher(self) -> Translator:
        a, config = self.args, load_config(self.args.init)
        config.d_model, config.nhead, config.dim_feedforward = a.teacher_width, a.teacher_width // 64, 4 * a.teacher_width
        config.num_encoder_layers, config.num_decoder_layers = a.teacher_layers
        return Translator(config).to(self.device)

    def save(self, weights: dict, name="model"):
        """f16, in two files, because a file that comes back from the device is at most 16 MiB."""
        tensors = {key: tensor.half().cpu().contiguous() for key, tensor in weights.items()}
        half, size = sum(t.numel() for t in tensors.values()) / 2, 0
        parts = {}, {}
        for key, tensor in tensors.items():
            parts[size > half][key] = tensor
            size += tensor.numel()
        for i, part in enumerate(parts):
            save_file(part, self.args.out / f"{name}-{i + 1}.safetensors")

    def write_report(self):
        (self.args.out / "report.json").write_text(json.dumps(self.report, ensure_ascii=False, indent=1) + "\n")

    def end(self, code: int):
        """At once, with all processes: one that waits for work would hold the output open."""
        self.stream.stop()
        for process in self.helpers._pool:
            process.kill()
        sys.stdout.flush()
        os._exit(code)

    # Scores

    def dev(self, model, limit=None) -> float:
        pairs = self.prepared.dev[:limit]
        outputs = translate.greedy(model, self.tokenizer, [english for english, _ in pairs])
        return translate.bleu(outputs, pairs)

    def first(self, model, file=first_sentences.FILE):
        items = first_sentences.read(file)
        outputs = translate.greedy(model, self.tokenizer, [item["text"] for item in items])
        return first_sentences.score(items, outputs), outputs

    # Phases

    @staticmethod
    def one_step(optimizer, loss, rate):
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(optimizer.parameters, 1.0)
        optimizer.step(rate)

    def smoke(self):
        """A few steps of all that follows, at full size, so that a mistake shows in the first seconds."""
        a = self.args
        self.ring.wait(READY_ROWS)
        rows = self.ring.draw(a.student_rows)
        filled = (rows != 0).float().mean((0, 2))
        self.clock.print(f"{self.ring.filled} rows in the ring, full to {filled[0]:.1%} (English) and {filled[1]:.1%} (French)")
        student, teacher = self.new_student(), self.new_teacher()
        count = sum(p.numel() for p in teacher.parameters())
        self.clock.print(f"the teacher has {count / 1e6:.1f} M parameters")
        self.shipped = self.dev(student)
        self.clock.print(f"shipped weights: dev BLEU {self.shipped:.2f}")
        optimizers = Muon(student), Muon(teacher)
        passes = packed.Pass(student, self.functions), packed.Pass(teacher, self.functions)
        for name, i, count, loss in (
            ("teacher", 1, a.teacher_rows, lambda b: passes[1].loss(b, a.teacher_dropout)),
            ("student with teacher", 0, a.student_rows, lambda b: self.student_loss(passes[0], passes[1], b)),
        ):
            teacher.requires_grad_(i == 1)  # as later, so that nothing is compiled again
            for measured in (2, a.smoke_steps):
                self.sync()
                start, tokens = time.monotonic(), 0
                for _ in range(measured):
                    rows = self.ring.draw(count)
                    tokens = tokens + (rows[:, 1] != 0).sum()
                    self.one_step(optimizers[i], loss(packed.Batch(rows, student.config)), 1e-5)
                speed = float(tokens) / (time.monotonic() - start)
                self.clock.print(f"{name}: {measured} steps, {(time.monotonic() - start) / measured * 1e3:.1f} ms each, {speed:.0f} target tokens/s")
        batch = packed.Batch(rows, student.config)
        losses = [self.student_loss(packed.Pass(student, f), passes[1], batch).item() for f in (packed.Functions(False), self.functions)]
        self.clock.print(f"student's loss on the same rows: {losses[0]:.3f} plain, {losses[1]:.3f} as trained")
        if not abs(losses[0] - losses[1]) < 0.03 * losses[0]:  # other dropout
            raise ValueError("the compiled loss is another one")
        start = time.monotonic()
        texts = self.prepared.english[: a.search_rows]
        found = list(translate.searched(teacher, self.tokenizer, texts, a.beams, a.search_rows, most=12))
        self.clock.print(f"{len(texts)} sentences, {a.beams} beams, 12 steps: {time.monotonic() - start:.2f} s, {len(found)} batches")
        self.report["phases"]["tried"] = round(self.clock(), 1)
        if self.device.type == "cuda":
            self.clock.print(f"most memory: {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")

    def sync(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def student_loss(self, student, teacher, batch):
        a = self.args
        if teacher is None:
            return student.loss(batch, a.student_dropout)
        return student.distilled(batch, teacher.logits(batch), a.student_dropout, a.word_share)

    def train(self, name, model, loss, rows, rate, warmup, end, scored):
        """Until `end` on the clock; `scored` is called with the model and its average now and then."""
        optimizer, mean = Muon(model), Mean(model)
        begin = logged = evaluated = self.clock()
        step, since, sums = 0, 0, torch.zeros(2, device=self.device)
        self.ring.wait(READY_ROWS)
        while True:
            now = self.clock()
            progress = (now - begin) / max(end - begin, 1e-3)
            if progress >= 1:
                break
            self.stream.progress.value = progress
            self.ring.feed()
            batch = packed.Batch(self.ring.draw(rows), model.config)
            value = loss(batch)
            lr = rate * min(1.0, (step + 1) / warmup) * (1 - progress)
            self.one_step(optimizer, value, lr)
            mean.update()
            sums += torch.stack([value.detach(), (batch.labels != 0).sum()])
            step += 1
            if now - logged > self.args.log_seconds:
                total, tokens = sums.tolist()  # waits for the device
                spent = self.clock() - logged
                self.clock.print(
                    f"{name} step {step} loss {total / (step - since):.3f} lr {lr:.2e} target tokens/s {tokens / spent:.0f} ring {self.ring.filled}"
                )
                if not total < 1e9:
                    raise ValueError("the loss is not a number")
                logged, since = self.clock(), step
                sums.zero_()
            if now - evaluated > self.args.eval_seconds and progress < 0.95:
                scored(step, progress, mean)
                logged = evaluated = self.clock()
                since = step
                sums.zero_()
        self.sync()
        scored(step, 1.0, mean)
        return mean

    def scorer(self, name, model, keep):
        """Scores the last weights and the average, and gives the better ones to `keep`."""

        def scored(step, progress, mean):
            last = self.dev(model)
            mean.swap()
            averaged = self.dev(model)
            better = max(last, averaged)
            if averaged < last:
                mean.swap()
            keep(better)
            if averaged >= last:
                mean.swap()
            self.report["curve"].append({"model": name, "step": step, "seconds": round(self.clock(), 1), "last": last, "mean": averaged})
            self.clock.print(f"{name} step {step} dev BLEU {last:.2f}, of the average {averaged:.2f}")

        return scored

    def teach(self):
        """The teacher, trained; None where it is worse than the shipped weights."""
        a = self.args
        teacher = self.new_teacher()
        passed = packed.Pass(teacher, self.functions)
        best = [-1.0, None]

        def keep(score):
            if score >= best[0]:
                best[:] = score, [p.detach().clone() for p in teacher.parameters()]

        left = a.seconds - SAVED_LAST - self.clock()
        end = self.clock() + min(a.teacher_seconds, TEACHER_AT_MOST * left)
        scored = self.scorer("teacher", teacher, keep)
        self.train("teacher", teacher, lambda b: passed.loss(b, a.teacher_dropout), a.teacher_rows, a.teacher_rate, a.warmup, end, scored)
        with torch.no_grad():
            for parameter, kept in zip(teacher.parameters(), best[1]):
                parameter.copy_(kept)
        teacher.requires_grad_(False)
        self.report["phases"]["teacher"] = best[0]
        if best[0] < self.shipped - a.worse:
            self.clock.print(f"dev BLEU {best[0]:.2f} of the teacher, {self.shipped:.2f} of the shipped weights: it teaches nothing")
            return None
        return teacher

    def distil(self, teacher):
        """The teacher's translations of the training sentences and of English ones, for the stream."""
        a = self.args
        texts = translate.distilled(
            teacher, self.tokenizer, self.prepared, a.beams, a.search_rows, self.helpers, self.clock, self.clock() + a.translate_seconds
        )
        self.distilled.write_text(json.dumps(texts, ensure_ascii=False))
        self.helpers.apply_async(translate.compress, (self.distilled, a.out / "distilled.json.gz"))
        self.report["phases"]["distilled"] = len(texts)

    def study(self, teacher):
        a = self.args
        student = self.new_student()
        passes = packed.Pass(student, self.functions), teacher and packed.Pass(teacher, self.functions)

        def keep(score):
            if score >= self.best[0]:
                self.best = score, student.checkpoint()
                self.save(self.best[1])

        scored = self.scorer("student", student, keep)
        scored(0, 0.0, Mean(student))  # so that something is there from the first
        end = a.seconds - SAVED_LAST
        self.train("student", student, lambda b: self.student_loss(*passes, b), a.student_rows, a.student_rate, a.warmup, end, scored)
        return student

    def finish(self, student):
        self.save(student.checkpoint(), "last")
        tensors = dict(self.best[1])
        student.embed.weight.data.copy_(tensors.pop("src_embed.weight"))
        student.transformer.load_state_dict(tensors)
        score, outputs = self.first(student)
        self.report |= {"dev": self.best[0], "first_sentences": score, "outputs": outputs}
        self.clock.print(f"chosen: dev BLEU {self.best[0]:.2f}, list {score['targets']}, whole {score['whole']}, {len(score['unrelated'])} unrelated")
        pairs = self.prepared.dev[::100]
        for (english, references), output in zip(pairs, translate.greedy(student, self.tokenizer, [e for e, _ in pairs])):
            self.clock.print(f"{english} | {output} | {references[0]}")


def load_config(folder: Path) -> Config:
    fields = json.loads((folder / "config.json").read_text())
    return Config(**{k: v for k, v in fields.items() if k in Config.__dataclass_fields__})


def guard(run: Run):
    """Ends the process where a phase hangs: what was written until then stays."""
    time.sleep(run.args.seconds + run.args.grace)
    run.clock.print("out of time: ended from outside")
    run.write_report()
    run.end(3)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--init", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--seconds", type=float, default=400, help="of the whole run")
    parser.add_argument("--teacher-seconds", type=float, default=160)
    parser.add_argument("--translate-seconds", type=float, default=25, help="at most; the student has what is left")
    parser.add_argument("--smoke-steps", type=int, default=10, help="of each kind that are timed before all else")
    parser.add_argument("--grace", type=float, default=20, help="seconds after which a run that hangs is ended")
    parser.add_argument("--workers", type=int, default=12)
    parser.add_argument("--width", type=int, default=128, help="of a packed row, in tokens")
    parser.add_argument("--ring", type=int, default=400_000, help="rows")
    parser.add_argument("--teacher-width", type=int, default=512)
    parser.add_argument("--teacher-layers", type=int, nargs=2, default=(6, 6))
    parser.add_argument("--teacher-rows", type=int, default=128)
    parser.add_argument("--teacher-rate", type=float, default=1.2e-3)
    parser.add_argument("--teacher-dropout", type=float, default=0.25)
    parser.add_argument("--worse", type=float, default=0.5, help="BLEU: a teacher that is worse than the shipped weights by more is not asked")
    parser.add_argument("--student-rows", type=int, default=256)
    parser.add_argument("--student-rate", type=float, default=1.5e-3)
    parser.add_argument("--student-dropout", type=float, default=0.1)
    parser.add_argument("--warmup", type=int, default=200, help="steps")
    parser.add_argument("--bpe-dropout", type=float, default=0.1)
    parser.add_argument("--word-share", type=float, default=0.7, help="of the loss is the teacher's distribution, the rest the labels")
    parser.add_argument("--distilled-share", type=float, default=0.6, help="of the everyday pairs are the teacher's translations")
    parser.add_argument("--beams", type=int, default=4)
    parser.add_argument("--search-rows", type=int, default=2048, help="sentences of a batch of the search")
    parser.add_argument("--log-seconds", type=float, default=5)
    parser.add_argument("--eval-seconds", type=float, default=40)
    args = parser.parse_args()
    run = Run(args)
    threading.Thread(target=guard, args=(run,), daemon=True).start()
    code = 0
    try:
        try:
            run.smoke()
        except Exception:
            if not args.compile:
                raise
            run.clock.print("without torch.compile, because of:\n" + traceback.format_exc())
            run.functions = packed.Functions(False)
            run.smoke()
        teacher = None
        if args.teacher_seconds > 0:
            try:
                run.stream.next_phase()
                teacher = run.teach()
                if teacher:
                    run.distil(teacher)
                run.stream.next_phase(args.distilled_share if teacher else 0.0)
            except Exception:
                run.clock.print("the student goes on without a teacher's translations, because of:\n" + traceback.format_exc())
                run.stream.next_phase()
        run.finish(run.study(teacher))
    except Exception:
        run.clock.print(traceback.format_exc())
        code = 1
    run.write_report()
    run.clock.print(f"ends with code {code}")
    run.end(code)


if __name__ == "__main__":
    main()
