"""Tests of the scripts for a GPU, on the CPU with tiny models; no data file needed.

    python -m unittest discover -s training/tests -t training
"""

import os
import random
import sys
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors.torch import save_file

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import augment  # noqa: E402
import gpu  # noqa: E402
import join  # noqa: E402
import mix  # noqa: E402
import names  # noqa: E402
import packed  # noqa: E402
import prepare  # noqa: E402
import tokenizer as vocabulary  # noqa: E402
import translate  # noqa: E402
from model import Config, Translator, greedy  # noqa: E402
from muon import Muon  # noqa: E402
from packing import Packer, inputs, segments  # noqa: E402
from stream import Ring, Stream  # noqa: E402
from train import padded  # noqa: E402

PAIRS = [("The cat sleeps.", "Le chat dort."), ("Where is Tom?", "Où est Tom ?"), ("I see 25 dogs.", "Je vois 25 chiens.")]
TEXTS = [text for pair in PAIRS for text in pair]
END = 2


def model(seed=1, **fields):
    torch.manual_seed(seed)
    return Translator(
        Config(d_model=32, nhead=2, num_encoder_layers=2, num_decoder_layers=2, dim_feedforward=48, src_vocab_size=60, tgt_vocab_size=60, **fields)
    )


def random_pairs(count, most=9):
    rng = random.Random(1)
    side = lambda: [rng.randint(3, 59) for _ in range(rng.randint(1, most))] + [END]  # noqa: E731
    return [(side(), side()) for _ in range(count)]


class Packing(unittest.TestCase):
    @staticmethod
    def sentences(row):
        out = [[]]
        for i in row[row != 0].tolist():
            out[-1].append(i)
            if i == END:
                out.append([])
        return out[:-1]

    def test_every_pair_is_in_one_row_with_both_sides_in_the_same_order(self):
        pairs, packer = random_pairs(200), Packer(32)
        self.assertTrue(all(packer.add(*pair) for pair in pairs))
        self.assertFalse(packer.add([5] * 33, [5]))
        rows = packer.take(all_of_them=True)
        found = [pair for row in rows for pair in zip(*map(self.sentences, row), strict=True)]
        self.assertCountEqual(found, pairs)
        self.assertGreater((rows != 0).mean(), 0.8)

    def test_segments_positions_and_inputs(self):
        labels = torch.tensor([[5, 6, 2, 7, 2, 0, 0]])
        segment, places = segments(labels, 2, 0)
        self.assertEqual(segment.tolist(), [[0, 0, 0, 1, 1, -1, -1]])
        self.assertEqual(places.tolist(), [[0, 1, 2, 0, 1, 0, 1]])
        self.assertEqual(inputs(labels, places, 1).tolist()[0][:5], [1, 5, 6, 1, 7])


class Packed(unittest.TestCase):
    def setUp(self):
        self.model, self.pairs = model(), random_pairs(12)
        packer = Packer(32)
        for pair in self.pairs:
            packer.add(*pair)
        self.batch = packed.Batch(torch.from_numpy(packer.take(all_of_them=True)), self.model.config)
        self.passes = packed.Pass(self.model, packed.Functions(False))

    def plain(self):
        """Logits of each pair by itself, by the plain model, with their labels."""
        for source, labels in self.pairs:
            source, target = torch.tensor([source]), torch.tensor([[1, *labels[:-1]]])
            yield self.model.project(self.model.decode(target, self.model.encode(source), source))[0], torch.tensor(labels)

    def test_a_pair_in_a_row_has_the_loss_that_it_has_alone(self):
        with torch.no_grad():
            logits, labels = map(torch.cat, zip(*self.plain()))
            wanted = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
            self.assertAlmostEqual(self.passes.loss(self.batch, 0.0).item(), wanted.item(), delta=0.01)  # bf16

    def test_gradients_are_those_of_the_plain_model(self):
        logits, labels = map(torch.cat, zip(*self.plain()))
        torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1).backward()
        wanted = torch.cat([p.grad.flatten() for p in self.model.parameters()])
        self.model.zero_grad()
        self.passes.loss(self.batch, 0.0).backward()
        found = torch.cat([p.grad.flatten() for p in self.model.parameters()])
        self.assertLess(((found - wanted).norm() / wanted.norm()).item(), 0.03)

    def test_a_model_that_is_its_own_teacher_has_no_gradient_from_it(self):
        teacher = self.passes.logits(self.batch)
        self.passes.distilled(self.batch, teacher, 0.0, 1.0).backward()
        own = torch.cat([p.grad.flatten() for p in self.model.parameters()]).norm()
        self.model.zero_grad()
        self.passes.distilled(self.batch, teacher, 0.0, 0.0).backward()
        labels = torch.cat([p.grad.flatten() for p in self.model.parameters()]).norm()
        self.assertLess((own / labels).item(), 0.02)

    def test_a_share_of_nothing_is_the_cross_entropy(self):
        loss = self.passes.distilled(self.batch, torch.zeros(self.batch.labels.numel(), 60), 0.0, 0.0)
        self.assertAlmostEqual(loss.item(), self.passes.loss(self.batch, 0.0, smoothing=0.0).item(), places=4)


class Optimizer(unittest.TestCase):
    def test_it_steps_as_torch_does(self):
        ours, theirs = model(), model()
        matrices = [p for n, p in theirs.named_parameters() if p.dim() == 2 and "embed" not in n]
        rest = [p for n, p in theirs.named_parameters() if p.dim() != 2 or "embed" in n]
        optimizers = [
            torch.optim.Muon(matrices, lr=1e-2, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=1e-2, betas=(0.9, 0.98), weight_decay=0.0),
        ]
        muon = Muon(ours)
        for step in range(3):
            for a, b in zip(ours.parameters(), theirs.parameters()):
                torch.manual_seed(step)
                a.grad = torch.randn_like(a)
                b.grad = a.grad.clone()
            muon.step(1e-2)
            for optimizer in optimizers:
                optimizer.step()
        before = model()
        for (name, a), b, start in zip(ours.named_parameters(), theirs.parameters(), before.parameters()):
            self.assertLess(((a - b).norm() / (b - start).norm()).item(), 0.02, name)  # bf16 in both


class Search(unittest.TestCase):
    def test_one_beam_is_greedy_search(self):
        words = vocabulary.build(TEXTS * 20, 700)
        torch.manual_seed(1)
        size = words.get_vocab_size()
        translator = Translator(Config(d_model=32, nhead=2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=48, src_vocab_size=size, tgt_vocab_size=size)).eval()
        translator.transformer.decoder.norm.weight.data.normal_(std=3)
        with torch.no_grad():
            source = padded([words.encode("Where is Tom?").ids], 0)
            plain = greedy(translator, source, translate.most_tokens(source.shape[1]))
        self.assertEqual(translate.greedy(translator, words, ["Where is Tom?"]), [words.decode(plain[0])])

    def test_sentences_come_back_in_their_places(self):
        words = vocabulary.build(TEXTS * 20, 700)
        size = words.get_vocab_size()
        translator = Translator(Config(d_model=32, nhead=2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=48, src_vocab_size=size, tgt_vocab_size=size)).eval()
        alone = [translate.greedy(translator, words, [text])[0][:3] for text in TEXTS]
        self.assertEqual([text[:3] for text in translate.greedy(translator, words, TEXTS, rows=4)], alone)
        places = [i for group, _ in translate.searched(translator, words, TEXTS * 5, 2, 4, 3, random.Random(1)) for i in group]
        self.assertCountEqual(places, range(30))

    def test_the_translation_near_a_reference_is_chosen_and_far_ones_are_left_out(self):
        translate._tokenizer = words = vocabulary.build(TEXTS * 20, 700)
        found = [(-0.1, words.encode("Où est Tom ?").ids[:-1]), (-0.5, words.encode("Le chat dort.").ids[:-1])]
        tasks = [("a", ["Il est là.", "Le chat dort."], found), ("b", ["Rien de cela."], found), ("c", None, found)]
        self.assertEqual(translate.nearest(tasks), [("a", "Le chat dort.", -0.5), ("c", "Où est Tom ?", -0.1)])


class Files(unittest.TestCase):
    def prepared(self):
        sources = {source: PAIRS for members in mix.GROUPS.values() for source in members} | {"ui-x": PAIRS}
        return prepare.Prepared(PAIRS * 20, sources, [("Go on.", ["Continue."])], ["A new sentence."], augment.Lexicon(PAIRS * 20))

    def test_what_is_prepared_is_read_again(self):
        prepared = self.prepared()
        pools = {kind: names.pool(kind) for kind in names.KINDS}
        with tempfile.TemporaryDirectory() as folder:
            prepare.write(Path(folder) / "p.json.xz", prepared)
            again = prepare.read(Path(folder) / "p.json.xz")
        self.assertEqual(names.PREPARED, pools)
        names.PREPARED.clear()
        for field in ("everyday", "sources", "dev", "english"):
            self.assertEqual(getattr(again, field), getattr(prepared, field))
        self.assertEqual(again.mix(4).round(50), prepared.mix(4).round(50))

    def test_law_is_cut_and_new_english_is_new_and_not_held_out(self):
        kept = prepare.without_law(self.prepared().sources, 4, random.Random(1))
        self.assertEqual(sum(len(kept.get(source, [])) for source in mix.GROUPS["law"]), 4)
        self.assertEqual(kept["ui-x"], PAIRS)

    def test_a_stream_fills_a_ring_and_a_new_phase_empties_it(self):
        with tempfile.TemporaryDirectory() as folder:
            file, distilled = Path(folder) / "tokenizer.json", Path(folder) / "distilled.json"
            words = vocabulary.build(TEXTS * 20, 700)
            words.save(str(file))
            distilled.write_text('[["Only this.", "Ceci."]]')
            stream = Stream(self.prepared(), file, 1, 128, 0.1, distilled)
            try:
                ring = Ring(stream, 60, torch.device("cpu"))
                ring.wait(60, 60)
                texts = lambda: words.decode_batch(ring.draw(50)[:, 0].tolist())  # noqa: E731
                self.assertFalse(any("Only this" in text for text in texts()))
                stream.next_phase(1.0)
                ring.feed(0)
                self.assertEqual(ring.filled, 0)
                ring.wait(30, 60)
                self.assertTrue(any("Only this" in text for text in texts()))
            finally:
                stream.stop()

    def test_two_files_are_joined_to_the_model_that_was_saved(self):
        with tempfile.TemporaryDirectory() as folder:
            run = type("Run", (), {"args": type("Args", (), {"out": Path(folder)})})()
            weights = model().checkpoint()
            like = {key: tensor.half() for key, tensor in model(2).checkpoint().items()}
            gpu.Run.save(run, weights)
            sizes = [(Path(folder) / f"model-{i}.safetensors").stat().st_size for i in (1, 2)]
            self.assertLess(max(sizes) / sum(sizes), 0.7)
            tensors = join.joined(Path(folder), "model", like)
            self.assertEqual(list(tensors), list(like))
            self.assertTrue(all(torch.equal(tensors[key], weights[key].half()) for key in weights))
            save_file({"x": torch.zeros(1)}, Path(folder) / "model-1.safetensors")
            self.assertRaises(ValueError, join.joined, Path(folder), "model", like)

    def test_an_average_and_the_weights_change_places(self):
        translator = model()
        mean, first = gpu.Mean(translator), translator.embed.weight.detach().clone()
        with torch.no_grad():
            translator.embed.weight.add_(1)
        mean.swap()
        self.assertTrue(torch.equal(translator.embed.weight, first))
        mean.swap()
        self.assertTrue(torch.equal(translator.embed.weight, first + 1))


if __name__ == "__main__":
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    unittest.main()
