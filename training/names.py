"""Names of people and places in many alphabets, and strings that a translation passes through as they are.

People and cities come from Faker (MIT, (c) Daniele Faraglia). Everything is drawn from a `random.Random`, so a seed gives
the same strings again.
"""

import string
import unicodedata
from functools import cache

LATIN = """cs_CZ da_DK de_DE en_GB en_IE en_IN en_KE en_NG en_NZ en_US es_ES es_MX et_EE fi_FI fr_FR ga_IE hr_HR hu_HU
id_ID is_IS it_IT lt_LT lv_LV nl_NL no_NO pl_PL pt_BR pt_PT ro_RO sk_SK sl_SI sv_SE tr_TR vi_VN yo_NG zu_ZA az_AZ""".split()
OTHER = "ar_AA bg_BG bn_BD el_GR fa_IR he_IL hi_IN hy_AM ja_JP ka_GE ko_KR ne_NP ru_RU ta_IN th_TH uk_UA zh_CN zh_TW".split()
EACH = 150  # names of each kind and language


def lists(locales, *kinds):
    from faker import Faker  # not needed where the lists were read from a file (prepare.py)

    out = []
    for locale in locales:
        fake = Faker(locale)
        fake.seed_instance(2017)
        for kind in kinds:
            try:
                made = sorted({str(getattr(fake, kind)()) for _ in range(EACH)})
            except (AttributeError, NotImplementedError, IndexError):
                continue
            out += [unicodedata.normalize("NFC", name) for name in made if len(name) < 22 and "\n" not in name]
    return out


KINDS = ("first_name", "first_name_male", "first_name_female", "last_name", "city", "other")
PREPARED: dict[str, list[str]] = {}  # pools that were made elsewhere, by kind


@cache
def pool(kind: str) -> list[str]:
    if kind in PREPARED:
        return PREPARED[kind]
    if kind == "other":
        return lists(OTHER, "first_name", "last_name", "name", "city")
    return lists(LATIN, kind)


ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl dr fl gr kr pl pr sh sk st th tr č š ž ł ñ ç".split()
VOWELS = "a e i o u a e i o u á é í ó ú ö ü ä å ø ê ě ą ő ai ei ou ia".split()
CODAS = ["", "", "", "n", "r", "s", "l", "k", "m", "t", "ć", "ń", "ş", "rd", "sz", "nk"]


def invented(rng) -> str:
    """A word that no list has, so that copying is learned and not the list."""
    word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(rng.randint(1, 3)))
    return word.capitalize()


def first(rng, kind="first_name") -> str:
    r = rng.random()
    return invented(rng) if r < 0.2 else rng.choice(pool("other")) if r < 0.24 else rng.choice(pool(kind))


def person(rng, kind="first_name") -> str:
    name = first(rng, kind)
    if rng.random() < 0.35:
        name += " " + (invented(rng) if rng.random() < 0.3 else rng.choice(pool("last_name")))
    return name


def city(rng) -> str:
    return invented(rng) if rng.random() < 0.25 else rng.choice(pool("city"))


def plain(text: str) -> str:
    """ASCII letters only, in lower case: for addresses."""
    kept = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in kept if c in string.ascii_lowercase) or "x"


def word(rng) -> str:
    """A lower-case ASCII word, one of English or none."""
    return rng.choice(WORDS) if rng.random() < 0.7 else plain(invented(rng))


def learn_words(words):
    """More English words for `word`."""
    WORDS.extend(sorted(set(filter(str.isascii, words)) - set(WORDS)))


WORDS = """data test main index report invoice photo draft final user admin config backup notes table list shop mail news
help docs blog api image video music book order cart login home page item file build deploy server client cache token
parse render load save open close start stop update delete create read write count total max min first last value key
name id type node tree graph matrix vector model train eval batch layer head state event handler error debug log""".split()
TLDS = "com org net fr io dev eu co.uk ca de info app edu".split()
ENDINGS = "txt pdf docx xlsx png jpg csv json py js ts md html css zip tar.gz mp3 mp4 yml toml sql log exe svg".split()


def digits(rng, count) -> str:
    """Some stand twice or more in a row: models lose count of those."""
    text = ""
    while len(text) < count:
        text += rng.choice(string.digits) * (1 if rng.random() < 0.8 else rng.randint(2, 4))
    return text[:count]


def domain(rng) -> str:
    return ".".join([rng.choice(["www", "shop", "docs", word(rng)]) + "."] * (rng.random() < 0.3)) + "-".join(
        word(rng) + rng.choice(["", "", "", digits(rng, rng.randint(1, 3))]) for _ in range(rng.choice([1, 1, 2]))
    ) + "." + rng.choice(TLDS)


def email(rng) -> str:
    parts = [rng.choice([plain(first(rng)), word(rng)]), rng.choice(["", plain(first(rng)), word(rng), digits(rng, rng.randint(1, 4))])]
    return rng.choice([".", "_", "-", "", "+"]).join(filter(None, parts)) + "@" + domain(rng)


def url(rng) -> str:
    path = "/".join(word(rng) for _ in range(rng.randint(0, 3)))
    query = rng.choice(["", "", "", f"?{word(rng)}={word(rng)}", f"?id={digits(rng, 3)}&{word(rng)}=1", f"#{word(rng)}"])
    return rng.choice(["https://", "https://", "http://", "www.", ""]) + domain(rng) + ("/" + path if path or query else "") + query


def file(rng) -> str:
    name = rng.choice(["_", "-", "", "."]).join(word(rng) for _ in range(rng.randint(1, 3)))
    name = rng.choice([name, name, name.title(), name.upper(), name + digits(rng, rng.randint(1, 4))])
    folder = rng.choice(["", "", "", "/", "./", "~/", f"{word(rng)}/", f"/{word(rng)}/{word(rng)}/", f"C:\\{word(rng).title()}\\"])
    return folder + name + "." + rng.choice(ENDINGS)


def code(rng) -> str:
    a, b, c = word(rng), word(rng), word(rng)
    return rng.choice(
        [
            f"{a}()", f"{a}_{b}", f"{a}{b.title()}{c.title()}()", f"{a} {b} --{c}", f"Ctrl+{a[0].upper()}",
            f"{rng.choice('abijknmxyz')} {rng.choice(['>', '<', '>=', '==', '='])} {digits(rng, rng.randint(1, 3))}", f"{a} > {digits(rng, 2)}", f"{a}(\"{b}\")", f"{a[0]} == {b[0]}", f"{a}{b.title()}", f"{a}_{b}()", f"{a}.{b}({c})", f"{a.title()}{b.title()}", f"{a}[{digits(rng, 1)}]",
            f"--{a}-{b}", f"-{a[0]}", f"{a.upper()}_{b.upper()}", f"npm install {a}", f"git {a}", f"{a} = {digits(rng, 2)}",
            f"<{a}>", f"${{{a}}}", f"{{{a}}}", f"{a}::{b}", f"#{a}", f"{a}->{b}", f"%{a[0]}", f"{a}!={b}", f"pip install {a}-{b}",
        ]
    )  # fmt: skip


def user(rng) -> str:
    name = rng.choice([word(rng), plain(first(rng)), first(rng).replace(" ", "")])
    end = rng.choice(["", digits(rng, 2), digits(rng, 4), word(rng), f"{word(rng)}_{word(rng)}"])
    # A bare word would be one to translate.
    return (rng.choice(["@", "@", "", "#"]) if end else "@") + name + rng.choice(["", "", "_", "."]) + end


def password(rng) -> str:
    signs = string.ascii_letters + string.digits + rng.choice(["", "!#$%*-_+=?"])
    return "".join(rng.choice(signs) for _ in range(rng.randint(5, 12)))


def identifier(rng) -> str:
    letters = "".join(rng.choice(string.ascii_uppercase) for _ in range(rng.randint(1, 3)))
    if rng.random() < 0.15:
        return digits(rng, 1) + letters + digits(rng, rng.randint(3, 14))
    return letters + rng.choice(["", "-", " ", "_", "/"]) + digits(rng, rng.randint(1, 9)) + rng.choice(["", "", letters[:1], f"-{digits(rng, 2)}"])


def version(rng) -> str:
    number = ".".join(str(rng.randint(0, 20)) for _ in range(rng.randint(2, 4)))
    return rng.choice(["", "", "v"]) + number + rng.choice(["", "", "", "-beta", "-rc1", "b2"])


PRODUCTS = "Windows Android iPhone iOS Python Firefox Chrome Ubuntu Debian Java Node Word Photoshop Galaxy PlayStation Boeing".split()


def product(rng) -> str:
    """Something that has a number after its name."""
    return rng.choice(PRODUCTS) if rng.random() < 0.5 else invented(rng) if rng.random() < 0.6 else word(rng).title()


def capitals(rng) -> str:
    return word(rng).upper()


def token(rng) -> str:
    """A word of no language, in lower case."""
    return rng.choice(["foo", "bar", "baz", "qux", plain(invented(rng)), plain(invented(rng)), plain(invented(rng))])


def phone(rng) -> str:
    pattern = rng.choice(["+## # ## ## ## ##", "## ## ## ## ##", "###-####", "(###) ###-####", "+# ### ### ####", "+## ## #### ####", "####-###-###"])
    figures = iter(digits(rng, pattern.count("#")))
    return "".join(next(figures) if c == "#" else c for c in pattern)


def other(rng) -> str:
    """One to three words of another script."""
    return " ".join(rng.choice(pool("other")) for _ in range(rng.choice([1, 1, 1, 2, 3])))


EMOJI_RANGES = [(0x1F300, 0x1F64F), (0x1F680, 0x1F6C5), (0x1F90C, 0x1F9FF), (0x2600, 0x26FF), (0x2702, 0x27B0)]
USUAL = "😀😂🤣😊😍😘😉😎😢😭😡😱🤔🙏👍👎👋👏💪🙌🎉🎂🎁🔥✨💯❤💔💕🚀☕🍕🍷🌍🌞⭐⚽✅❌📧📞📅🐶🐱🌸🏠🚗"
JOINED = "👨‍👩‍👧 👩‍💻 🏳️‍🌈 🧑‍🚀 👨‍🍳 ❤️ ☀️ ✈️ ⚠️ 🇫🇷 🇬🇧 🇯🇵 🇧🇷 🇩🇪 🇮🇳 1️⃣ 👍🏽 👋🏿 🤷‍♀️ 🙋‍♂️".split()


def emoji(rng) -> str:
    r = rng.random()
    if r < 0.45:
        one = rng.choice(USUAL)
    elif r < 0.85:
        one = chr(rng.randint(*rng.choice(EMOJI_RANGES)))
    elif r < 0.93:
        one = rng.choice(JOINED)
    else:
        one = "\u200d".join(chr(rng.randint(*rng.choice(EMOJI_RANGES))) for _ in range(2))
    return one * rng.choice([1, 1, 1, 1, 2, 3])
