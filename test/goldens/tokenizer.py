"""Makes tokenizer.json beside it: what Python's `tokenizers` makes of texts, for the tokenizer of the demo model.

    pip install tokenizers==0.23.3
    python test/goldens/tokenizer.py    # rewrites test/goldens/tokenizer.json

Each entry is [class of text, text, ids, decode(ids)]. Texts are written with \\u escapes, so that no editor changes them.
"""

import json
import random
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer

HERE = Path(__file__).parent
tokenizer = Tokenizer.from_file(str(HERE / "../../demo/public/models/en-fr/tokenizer.json"))
random.seed(2017)
texts: dict[str, list[str]] = {}


def add(kind, *items):
    texts.setdefault(kind, []).extend(items)


ENGLISH = """I would like a cup of tea. Where is the station? He didn't come yesterday. She's my sister's friend.
We've been waiting for two hours! Do you speak English? That's not what I meant. Tom asked Mary to close the door.
It is raining cats and dogs. What time is it? The quick brown fox jumps over the lazy dog. I'll be back at 7:30 p.m.
My phone number is 555-0199. Don't worry, be happy. You can't be serious! Who are you? No. Yes, of course.
This book costs $12.50, about 15% less. Mr. Smith (the doctor) left. "Stop!" he cried. Go away; leave me alone.
Let's go to the cinema tonight. I haven't seen him since 1999. They're all here. Is it far from here?
Please write to tom@example.com or see https://example.org/a?b=c&d=1. A/B testing; e.g. this, i.e. that.""".replace("\n", " ")
FRENCH = """J'aime le fromage. Où est la gare ? L'été dernier, nous sommes allés à la mer. Qu'est-ce que c'est ?
Ça ne fait rien. Il n'a pas d'argent. Je ne sais pas. C'est l'œuvre d'un naïf. Voilà, c'est tout ! Noël approche.
Le garçon mange une pêche. Aujourd'hui, il pleut. « Bonjour », dit-elle. Combien ça coûte ? Quelle heure est-il ?
Tu as vingt-deux ans ? Mon cœur bat. L'hôtel coûte 1 234,50 € la nuit. À bientôt ! Elle est où, la clé ?""".replace("\n", " ")


def sentences(text):
    out, current = [], ""
    for word in text.split(" "):
        current = f"{current} {word}".strip()
        if word[-1] in ".!?":
            out.append(current)
            current = ""
    return out + ([current] if current else [])


english, french = sentences(ENGLISH), sentences(FRENCH)
add("english", *english)
add("french", *french)
add("upper and lower case", *[s.upper() for s in english[:10]], *[s.lower() for s in french[:10]], *[s.title() for s in english[:6]])
for form in ("NFC", "NFD", "NFKC", "NFKD"):
    add(form, *[unicodedata.normalize(form, s) for s in french[:9]])
add("compatibility forms", "ﬁnance ofﬁce", "Ｈｅｌｌｏ　Ｗｏｒｌｄ", "x² + y³", "№ 5", "½ cup", "℃ and Å", "…and then", "Ⅳ", "ｶﾞ", "™ ® ©", "1º 2ª", "ǆ", "ſ", "ﷺ")
add("apostrophes", "don’t", "l’été", "‘quoted’", "d’accord, j’ai", "it`s", "it´s", "itʼs", "rock ’n’ roll", "'", "''", "'''a'b'", "’", "n't 's 'm", "l' eau", "l 'eau", "aujourd’hui’", "prime′ and double″")
add("quotes and dashes", "“Hello”", "«Bonjour»", "« Bonjour »", "„tief“", "a–b—c‒d―e", "non‑breaking", "soft\u00adhyphen", "-- --- -", "a-b -c d-", "−5", "•·∙")
add("spaces", "two  spaces", "three   spaces", "a\tb", "a\nb", "a\r\nb", "a\n\n\nb", "\ta", "a \t \n b", "a\u00a0b", "a\u202fb", "a\u2009b", "a\u3000b", "a\u2003\u2003b", "a\u1680b", "a\u205fb", "a\u2028b", "a\u2029b", "a\u000bb", "a\u000cb")
add("leading and trailing space", " a", "a ", "  a  ", "\ta\n", "\u00a0a\u00a0", "\u3000a", " ' ", " .", ". ", " Hello world. ")
add("nothing", "", " ", "   ", "\t", "\n", "\u00a0", "\u3000", "\u2003 ")
add("odd spaces", "a\u0085b", "a\u200bb", "a\ufeffb", "\ufeffa", "a\u180eb", "a\u2060b", "a\u001cb", "a\u001fb", "\u0085", "\ufeff", "\u200b", "a\u0085", "\u001ca")
add("joiners and marks", "e\u0301", "e\u0301\u0302", "\u0301", "a\u0308\u0304", "o\u0338", "क्षि", "ก็", "a\u034fb", "\u200da", "\u200e\u200f", "i\u0307", "\u1100\u1161\u11a8", "각", "\u0344", "q\u0307\u0323", "q\u0323\u0307")
add("emoji", "😀", "Hi 😀!", "👍🏽", "👨‍👩‍👧", "🇫🇷", "❤️", "a😀b", "😀😀😀", "☕ time", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "©️", "\U0001f9d1\u200d\U0001f680 in space")
add("other scripts", "你好，世界！", "日本語のテキスト。", "안녕하세요", "Привет, мир!", "Γειά σου Κόσμε", "שלום עולם", "مرحبا بالعالم", "สวัสดี", "नमस्ते", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𐍈", "𠜎𠜱", "中文 and English mixed", "Ελλάδα's", "Москва’s", "١٢٣", "x१२y", "²³¹", "ₓ", "〇一二", "ⅷ", "𝟘𝟙", "\U000e0001", "\U0010fffd", "\ue000", "a\u0378b")
add("numbers", "0", "123", "1234567890", "1,234,567.89", "3.14", "1e10", "007", "12h30", "2nd", "1/2", "50%", "$5", "€20", "-1", "+1", "1999-12-31", "A4", "B2B", "x1y2")
add("punctuation", "...", "?!", "!!!", "?", "a.b.c", "(a) [b] {c}", "a & b", "#tag @me", "a_b", "a*b", "a\\b", "a|b", "~", "^", "<", "<b>bold</b>", "a:b;c", "\"", "`code`", "=", "¿Qué?", "§ 3", "£ ¥ ¢", "° ", "×÷±", "¡")
add("words that do not exist", "antidisestablishmentarianism", "Donaudampfschifffahrtsgesellschaft", "xqzjkvw", "aaaaaaaaaaaaaaaaaaaa", "supercalifragilisticexpialidocious")
add("very long word", "a" * 500, "ab" * 300, "é" * 200, "'" * 100, "x'" * 60, "😀" * 50, "1" * 300)
add("metaspace characters", "▁", "▁a", "a▁b", "▁▁", " ▁ ", "a ▁b", "_▁_", "▁'", "a▁", "▁ ▁")
add("special tokens", "</s>", "<s>", "<pad>", "<unk>", "a</s>b", "a </s> b", "<s>Hello</s>", "</s></s>", "<pad> x <pad>", "</S>", "< /s>", "<unk>?", " <s> ", "<s", "</s>.", "'</s>'", "＜s＞", "x<pad>", "<pad>'", "</s>  two", "Hello  <unk>  you")
add("control characters", "a\u0000b", "a\u0001b", "a\u0007b", "a\u001bb", "a\u007fb", "a\u009fb", "\u0000")
words = [w for s in english + french for w in s.split()]
add("random words", *[" ".join(random.choices(words, k=random.randint(3, 14))) for _ in range(30)])
pool = "aeEéàœç'’ -.,?!▁1 2ùñß\u0301 \u00a0xyz«»\tо日😀"
add("random characters", *["".join(random.choices(pool, k=random.randint(1, 24))) for _ in range(60)])
add("several sentences", " ".join(english[:8]), " ".join(french), "\n".join(english[8:12]), "  ".join(french[:4]))

entries = []
for kind, items in texts.items():
    for text in items:
        ids = tokenizer.encode(text).ids
        entries.append(json.dumps([kind, text, ids, tokenizer.decode(ids, skip_special_tokens=True)]))
path = HERE / "tokenizer.json"
path.write_text("[\n" + ",\n".join(entries) + "\n]\n")
print(f"{path.name}: {len(entries)} texts of {len(texts)} classes, {path.stat().st_size / 1000:.0f} kB")
