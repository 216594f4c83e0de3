"""Tests of the training scripts; a few seconds, no data file needed.

    python -m unittest discover -s training/tests -t training
"""

import random
import re
import sys
import unittest
from pathlib import Path

import torch
from tokenizers import Tokenizer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import adopt  # noqa: E402
import augment  # noqa: E402
import data  # noqa: E402
import distill  # noqa: E402
import fast  # noqa: E402
import first_sentences  # noqa: E402
import mix  # noqa: E402
import names  # noqa: E402
import search  # noqa: E402
import templates  # noqa: E402
import tokenizer as vocabulary  # noqa: E402
from model import Config, Translator  # noqa: E402
from hugging_face import Searchable, generate  # noqa: E402
from train import SmoothedCrossEntropy, batches, padded  # noqa: E402

PAIRS = [
    ("Tom has 25 red books.", "Tom a 25 livres rouges."),
    ("I know that Tom likes books.", "Je sais que Tom aime les livres."),
    ("Mary lives in Boston.", "Marie vit à Boston."),
    ("Where is the book of Tom?", "Où est le livre de Tom ?"),
    ("The cat and the dog sleep.", "Le chat et le chien dorment."),
]
TEXTS = [text for pair in PAIRS for text in pair]


class Data(unittest.TestCase):
    def test_typography_is_uniform(self):
        self.assertEqual(data.clean(" It’s “fine”…\u00a0\r\nYes\u200b "), 'It\'s "fine"... \nYes')
        self.assertEqual(data.french("Quoi\u202f? «\u00a0Oui\u00a0»"), "Quoi ? « Oui »")
        self.assertEqual(data.french('Il dit: "Non!"'), "Il dit : « Non ! »")

    def test_code_and_markup_keep_their_marks(self):
        for text in ['<a href="x">Oui!</a>', "a = {b: c}", "https://example.org/?a=b: x", "`f(x)!`"]:
            self.assertEqual(data.french(text), text)

    def test_held_out_sentences_and_their_neighbours_are_known(self):
        held = data.HeldOut(["The old man walks home.", "Go away."])
        for near in ["the old man walks home", "The old man walks.", "The old man walks home now.", "The old dog walks home.", "Go away!"]:
            self.assertTrue(held.has(near), near)
        for far in ["The old dog runs home.", "Go home.", "Go away now."]:
            self.assertFalse(held.has(far), far)

    def test_the_list_of_first_sentences_is_held_out(self):
        held = data.held_out([], [])
        self.assertTrue(all(held.has(item["text"]) for item in first_sentences.read()))


class Vocabulary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tokenizer = vocabulary.build(TEXTS * 20, 1200)

    def round_trip(self, text):
        return self.tokenizer.decode(self.tokenizer.encode(text).ids)

    def test_every_text_survives(self):
        for text in ["a\nb", "- a\n  - b\n\n\nc", "a\tb  c", "東京 🦊 שלום", "<s>x</s> <0x41> <pad>", "I LOVE ios 17.2", "\U0010fffd\u0378"]:
            self.assertEqual(self.round_trip(text), text)

    def test_typographic_marks_and_odd_spaces_become_plain(self):
        self.assertEqual(self.round_trip(" it’s\u00a0“so”\r\n… "), 'it\'s "so"\n...')

    def test_digits_are_pieces_of_their_own(self):
        self.assertEqual(self.tokenizer.encode("In 2024").tokens[-5:], ["▁2", "0", "2", "4", vocabulary.END])

    def test_nothing_is_unknown_and_bytes_are_not_added_tokens(self):
        self.assertIsNone(self.tokenizer.model.unk_token)
        self.assertEqual([token.content for token in self.tokenizer.get_added_tokens_decoder().values()], [vocabulary.PAD, vocabulary.START, vocabulary.END])
        self.assertEqual(self.tokenizer.encode("猫").tokens, ["▁", "<0xE7>", "<0x8C>", "<0xAB>", vocabulary.END])

    def test_a_line_begins_with_the_piece_of_a_word(self):
        self.assertEqual(self.tokenizer.encode("Tom\nTom").tokens[:3], ["▁Tom", "\n", "▁Tom"])


class Augmentation(unittest.TestCase):
    def test_the_same_seed_gives_the_same_pairs(self):
        draw = lambda: [templates.draw(random.Random(i)) for i in range(50)]  # noqa: E731
        self.assertEqual(draw(), draw())

    def test_other_names_stand_on_both_sides(self):
        for seed in range(50):
            english, french = augment.other_names(PAIRS[0], random.Random(seed))
            name = english.removesuffix(" has 25 red books.")
            self.assertNotEqual(name, "Tom")
            self.assertEqual(french, f"{name} a 25 livres rouges.")

    def test_names_take_their_elision(self):
        self.assertEqual(augment.put("Je sais que Tom dort.", "Tom", "Anna"), "Je sais qu'Anna dort.")
        self.assertEqual(augment.put("Je sais qu'Alice dort.", "Alice", "Tom"), "Je sais que Tom dort.")
        self.assertEqual(augment.put("le livre de Tom", "Tom", "Élodie"), "le livre d'Élodie")

    def test_other_numbers_are_the_same_number(self):
        english, french = augment.other_numbers(PAIRS[0], random.Random(1))
        number = english.split()[2]
        self.assertRegex(number, r"^\d\d$")
        self.assertEqual(french, f"Tom a {number} livres rouges.")

    def test_marks_go_around_a_word_and_its_translation(self):
        lexicon = augment.Lexicon([("a book here", "un livre ici"), ("the book", "le livre"), ("my book", "mon livre")] * 2)
        for seed in range(40):
            english, french = augment.mark_word(("I see the book.", "Je vois le livre."), random.Random(seed), lexicon)
            before, after = english.removeprefix("I see the ").removesuffix(".").split("book") if "book" in english else ("", "")
            self.assertIn(french, (f"Je vois le {before}livre{after}.", "Je vois le LIVRE."))

    def test_some_names_become_strings(self):
        changed = [augment.other_names(PAIRS[0], random.Random(seed)) for seed in range(200)]
        strings = [english for english, _ in changed if re.search(r"[@/.(_].* has", english)]
        self.assertTrue(10 < len(strings) < 60, len(strings))

    def test_a_tail_has_the_same_string_on_both_sides_before_the_mark(self):
        for english, french in augment.TAILS:
            self.assertEqual(re.findall(r"\{\w+\}", english), re.findall(r"\{\w+\}", french))
        for seed in range(60):
            english, french = augment.tail(PAIRS[3], random.Random(seed))
            self.assertRegex(english, r"^Where is the book of Tom \w+ .+[^ ]\?$")
            self.assertRegex(french, r"^Où est le livre de Tom .+ \?$")
            self.assertEqual(english[:-1].split()[-1], french[:-2].split()[-1])
        self.assertEqual(augment.tail(("No mark", "Sans marque"), random.Random(1)), ("No mark", "Sans marque"))

    def test_digits_are_as_many_as_asked_and_some_stand_twice(self):
        made = [names.digits(random.Random(seed), 6) for seed in range(100)]
        self.assertEqual({len(text) for text in made}, {6})
        self.assertGreater(sum(bool(re.search(r"(\d)\1", text)) for text in made), 50)

    def test_strings_are_copied(self):
        for kind in ("email", "url", "file", "code", "user", "password", "version", "phone", "product", "capitals", "token", "other", "emoji"):
            for seed in range(30):
                english, french = templates.draw(random.Random(seed), (f"{{{kind}}} x", f"y {{{kind}}}"))
                self.assertEqual(english.removesuffix(" x"), french.removeprefix("y "))

    def test_numbers_are_written_the_french_way(self):
        for seed in range(60):
            english, french = templates.price(random.Random(seed))
            self.assertEqual(french, english[1:].replace(",", " ").replace(".", ",") + " " + english[0])
        self.assertEqual({templates.time(random.Random(i))[1].split()[1] for i in range(60)}, {"h"})

    def test_lists_and_paragraphs_have_as_many_lines_on_both_sides(self):
        for seed in range(60):
            english, french = augment.join(PAIRS, random.Random(seed))
            self.assertEqual(english.count("\n"), french.count("\n"))

    def test_every_pattern_can_be_drawn(self):
        for pattern in templates.PAIRS:
            self.assertEqual(len(templates.draw(random.Random(0), pattern)), 2)

    def test_names_come_in_many_alphabets(self):
        letters = set("".join(names.pool("other")))
        for one in "дαאبदกკ한日":
            self.assertIn(one, letters)


class Mixing(unittest.TestCase):
    def test_shares_are_whole_and_within_what_was_asked(self):
        for shares in (mix.SHARES, mix.FINAL):
            self.assertAlmostEqual(sum(shares.values()), 1)
            self.assertGreaterEqual(shares["everyday"] + shares["augmented"], 0.5)
            self.assertLessEqual(shares["law"], 0.2)

    def test_each_pair_of_a_group_is_dealt_once_before_any_is_again(self):
        sources = {source: PAIRS for members in mix.GROUPS.values() for source in members} | {"ui-x": PAIRS}
        drawn = mix.Mix(PAIRS, sources)
        count = len(drawn.groups["everyday"])
        self.assertCountEqual([drawn.deal("everyday") for _ in range(count)], drawn.groups["everyday"])
        self.assertEqual(len(drawn.round(200)), 200)

    def test_distilled_pairs_stand_in_for_some_everyday_ones(self):
        drawn = mix.Mix(PAIRS, {source: PAIRS for members in mix.GROUPS.values() for source in members})
        drawn.distilled = [("a", "b")]
        count = sum(drawn.deal("everyday") == ("a", "b") for _ in range(1000))
        self.assertAlmostEqual(count / 1000, mix.DISTILLED, delta=0.06)

    def test_no_source_is_forgotten(self):
        groups = mix.grouped([], {"ui-new": PAIRS})
        self.assertEqual(groups["interface"], PAIRS)


class Model(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.model = Translator(Config(d_model=64, nhead=4, num_encoder_layers=2, num_decoder_layers=2, dim_feedforward=96)).eval()

    def test_the_fast_pass_is_the_plain_one(self):
        source = torch.randint(3, 6000, (5, 9))
        source[:2, 6:] = 0
        target = torch.randint(3, 6000, (5, 7))
        with torch.no_grad():
            plain = self.model.decode(target, self.model.encode(source), source)
            quick = fast.hidden(self.model, source, target).float()
        self.assertLess((plain - quick).abs().max().item(), 0.1)  # bf16 keeps 8 bits
        self.assertLess((plain - quick).abs().mean().item(), 0.01)

    def test_the_loss_and_its_gradients_are_those_of_torch(self):
        hidden, weight = torch.randn(700, 32), torch.randn(90, 32) / 4
        labels = torch.randint(1, 90, (700,))
        labels[::5] = 0
        sides = []
        for loss in (
            lambda h, w: torch.nn.functional.cross_entropy(h @ w.T, labels, ignore_index=0, label_smoothing=0.1),
            lambda h, w: SmoothedCrossEntropy.apply(h, w, labels, 0, 0.1),
        ):
            h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
            value = loss(h, w)
            value.backward()
            sides.append((value.detach(), h.grad, w.grad))
        for plain, ours in zip(*sides):
            self.assertLess(((plain - ours).norm() / plain.norm()).item(), 0.01)  # bf16

    def test_the_beams_of_distillation_are_those_of_hugging_face(self):
        def mean_log_probability(model, source, ids):
            target = torch.tensor([[model.config.decoder_start_token_id, *ids]])
            source = torch.tensor([source])
            log = model.project(model.decode(target, model.encode(source), source)).log_softmax(-1)[0]
            wanted = torch.tensor([*ids, model.config.eos_token_id])
            return log.gather(1, wanted[:, None]).mean().item()

        # Few pieces and logits far apart, so that some of the models end their sentences. bf16 may change a choice, but
        # only between beams of like probability.
        compared = 0
        for seed in range(8):
            torch.manual_seed(seed)
            model = Translator(Config(d_model=64, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=96, src_vocab_size=9)).eval()
            model.transformer.decoder.norm.weight.data.normal_(std=3)
            rows = [torch.randint(3, 9, (length,)).tolist() for length in (5, 9, 7, 9, 6, 4, 8, 3)]
            ours = search.beams_of(model, padded(rows, 0), 4, 12)
            theirs, _ = generate(Searchable(model).eval(), rows, num_beams=4, do_sample=False, early_stopping=True, max_new_tokens=12)
            for source, found, best in zip(rows, ours, theirs):
                if best[-1] == model.config.eos_token_id:
                    score, ids = found[0]
                    at = [mean_log_probability(model, source, ids) for ids in (ids, best[1:-1])]
                    self.assertAlmostEqual(*at, delta=0.02)
                    self.assertAlmostEqual(score, at[0], delta=0.02)
                    compared += 1
        self.assertGreater(compared, 7)

    def test_a_step_of_distillation_is_one_position_of_the_plain_decoder(self):
        source, target = torch.randint(3, 6000, (2, 6)), torch.randint(3, 6000, (2, 5))
        source[0, 4:] = 0
        with torch.no_grad():
            hidden = self.model.decode(target, self.model.encode(source), source)
            plain = self.model.project(hidden).log_softmax(-1)
            step = search.Step(self.model, source, 1)
            for i in range(target.shape[1]):
                self.assertLess((step(target[:, i]) - plain[:, i]).abs().mean().item(), 0.01)

    def test_the_nearest_translation_is_the_one_with_the_words_of_the_reference(self):
        near = distill.similarity("Le chat dort bien.", "Le chat dort ici.")
        self.assertEqual(distill.similarity("Il dort.", "Il dort."), 1)
        self.assertTrue(0 < near < 1)
        self.assertEqual(distill.similarity("Oui.", "Non."), 0)

    def test_batches_hold_every_pair_that_is_short_enough(self):
        tokenizer = vocabulary.build(TEXTS * 20, 1000)
        pairs = PAIRS * 7 + [("long " * 200, "long")]
        rows = [source for source, _ in batches(pairs, tokenizer, self.model.config, 400, 0.0)]
        self.assertEqual(sum(map(len, rows)), len(PAIRS) * 7)

    def test_a_new_vocabulary_keeps_old_rows_and_spells_new_pieces(self):
        old, new = vocabulary.build(TEXTS * 20, 800), vocabulary.build([t.lower() for t in TEXTS] * 20, 900)
        rows = torch.randn(old.get_vocab_size(), 8)
        out, _ = adopt.adopted(rows, old, new, {0: 0, 1: 1, 2: 2})
        self.assertTrue(torch.equal(out[new.token_to_id("a")], rows[old.token_to_id("a")]))
        for piece, i in new.get_vocab().items():
            ids = adopt.spelled(piece, old, old.get_vocab())
            if i > 2 and ids:
                self.assertTrue(torch.allclose(out[i], rows[ids].mean(0)))


class FirstSentences(unittest.TestCase):
    def test_there_are_200_of_many_kinds(self):
        items = first_sentences.read()
        self.assertEqual(len({item["text"] for item in items}), 200)
        kinds = {kind for kinds in first_sentences.TARGETS.values() for kind in kinds}
        self.assertEqual({item["kind"] for item in items}, kinds)

    def test_what_is_missing_is_found(self):
        item = {"kind": "money", "text": "It is $1.50, Tom.", "keep": [["1,50", "1.50"], "Tom"], "about": ["coûte"]}
        self.assertEqual(first_sentences.missing(item, "C'est 1,50 $, Tom."), [])
        self.assertEqual(first_sentences.missing(item, "C'est 2 $, Tim."), ["1,50", "Tom"])
        self.assertFalse(first_sentences.related(item, "Il dort."))
        self.assertTrue(first_sentences.related(item, "Ça COÛTE cher."))
        score = first_sentences.score([item] * 2, ["Tom : 1,50 $", "Il dort."])
        self.assertEqual((score["all"], score["whole"], len(score["unrelated"])), (50.0, 50.0, 1))


if __name__ == "__main__":
    unittest.main()
