"""What common words mean to the simulated mind: families, grades, opposites, moods and topics."""

import re
from collections.abc import Sequence
from functools import lru_cache

from planlab.simulated import words

# Words that are about the same: a question in one of them is answered by another.
_FAMILIES = (
    "price cost charge fee fare rent rate pay salary wage budget money usd eur chf dollar euro "
    "cheap dear expensive costly pricing amount",
    "weight heavy light weigh kg kilo gram tonne pound",
    "length long short duration minute last take metre meter mile km distance far run drive "
    "mileage away",
    "height tall high elevation altitude metre",
    "age old young born year",
    "speed fast slow quick second",
    "time hour open close start begin leave depart departure arrive arrival eta end when schedule "
    "early late due",
    "size large big small area",
    "temperature hot cold warm degree celsius",
    "place where location room floor shelf city town address hall venue",
    "count many number quantity stock left total piece pack copy unit available",
    "people person guest passenger member inhabitant population visitor serve seat",
    "owner own belong keeper",
    "work job employ staff worker employee",
    "score goal point best good bad worst rating win",
    "smoke smoker",
    "build built construct found founded open",
    "doctor dr physician",
    "find discover",
    "author write wrote written writer",
    "buy sell sale order purchase",
)
_KIN: dict[str, frozenset[int]] = {
    key: frozenset(
        number
        for number, row in enumerate(_FAMILIES)
        if key in (words.stem(word) for word in row.split())
    )
    for row in _FAMILIES
    for key in map(words.stem, row.split())
}

# An adjective, whether the smaller figure is meant (1) or the larger (-1), and of what.
_GRADES: dict[str, tuple[int, str]] = {
    word: (sign, family)
    for sign, family, row in (
        (1, "price", "cheap inexpensive affordable"),
        (-1, "price", "dear expensive costly pricey"),
        (1, "", "low few less least small little bad worse worst poor narrow weak"),
        (-1, "", "high many much more most large big great top good better best rich wide strong"),
        (1, "temperature", "cold cool"),
        (-1, "temperature", "warm hot"),
        (1, "length", "short near close"),
        (-1, "length", "long far deep distant tall"),
        (1, "time", "early soon first"),
        (-1, "time", "late last recent new"),
        (1, "age", "young"),
        (-1, "age", "old"),
        (1, "weight", "light"),
        (-1, "weight", "heavy"),
        (-1, "speed", "fast quick"),
        (1, "speed", "slow"),
    )
    for word in row.split()
}
_HIGHEST = frozenset(
    words.pieces("least fewest most best worst top first last farthest furthest dearest nearest")
)
_OPPOSITES = {
    word: of
    for of, row in (
        ("open", "closed closes shut close"),
        ("allow", "forbidden prohibited banned refused disallowed"),
        ("includ", "excluded excludes excluding extra"),
        ("availabl", "unavailable"),
        ("fre", "payable"),
        ("complet", "incomplete"),
        ("possibl", "impossible"),
        ("success", "failed fails failure unsuccessful"),
    )
    for word in row.split()
}
_SAME = {"permit": "allow", "welcom": "allow", "contain": "includ", "part": "includ"}
_NOT = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|except|lacks?)\b|n't\b", re.I
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# What people say when they mean a label: the first word of a row is the label, or is akin to it.
_MEANT = (
    "positive good great love lovely excellent happy thank wonderful delicious enjoy perfect nice "
    "friendly beautiful amazing best fantastic recommend pleasant helpful comfortable clean fun "
    "brilliant superb satisfied delighted glad",
    "negative bad terrible hate awful angry broken disappointed worst dirty rude boring slow cold "
    "noisy never horrible poor nothing waste late wrong dreadful unfriendly refund annoyed ruined "
    "disgusting sad ugly expensive",
    "refund money back charge charged return reimburse twice",
    "password login log sign locked reset account access forgot",
    "login log sign password locked code",
    "address moved moving ship delivery street",
    "delivery parcel package arrive shipping shipped courier late track order",
    "billing invoice charge charged payment card bill refund paid money subscription",
    "technical crash error bug broken fails working screen install update software",
    "crash closes close quit quits freezes freeze dies stops down exits",
    "slow seconds minutes waiting wait lag lags loading takes hangs forever",
    "typo says spelling spelt misspelt word letter written text label grammar",
    "security password passwords leak attacker anybody hacked exposed token private access see",
    "high urgent urgently immediately asap critical emergency now once danger fire burst pouring "
    "flood injured stopped outage",
    "urgent immediately asap critical down emergency now once",
    "low whenever sometime minor cosmetic someday hurry small eventually wish",
    "complaint angry terrible disappointed unacceptable rude late broken complain",
    "praise thank great excellent love wonderful well",
    "question how what when where which can could",
    "spam win prize free click offer million lottery winner congratulations",
    "sport match goal goalkeeper team player league coach penalty race champion olympic tournament "
    "ball score season football tennis cup",
    "politics minister parliament vote election president government party law senate mayor "
    "campaign policy senator",
    "science research researcher scientist telescope experiment planet temperature study measure "
    "laboratory species physics atom cell discovery",
    "technology software computer app phone chip robot internet device data ai startup",
    "business company profit market share sale revenue shop trade bank merger investor price stock",
    "health doctor hospital patient disease vaccine medicine nurse pain illness symptom",
    "travel flight hotel trip train airport holiday beach tourist journey",
    "food restaurant cook recipe meal dish eat dinner bread menu taste",
    "weather rain snow storm sun wind forecast cloud temperature degrees",
    "music concert song orchestra band album singer violin guitar choir",
    "art painting museum gallery painter exhibition sculpture",
    "education school teacher student pupil exam university course lesson class",
    "plumbing water pipe tap leak drain toilet sink burst flood",
    "electricity power light socket fuse cable lamp outage",
    "heating radiator boiler cold warm heat thermostat",
    "cleaning dirty clean dust rubbish stain",
    "hardware printer screen keyboard battery cable monitor",
    "sales buy price quote offer discount purchase demo",
    "support help problem broken question working",
    "job salary position vacancy apply hire application",
    "clothing clothes garment scarf coat jacket hat cap glove shirt trousers jeans dress skirt "
    "sweater jumper shoe boot sock wool woollen cotton leather sleeve",
    "electronics device phone smartphone laptop tablet camera charger headphones earphones watch "
    "screen battery cable computer radio television speaker",
    "keys keyring bunch ring lock fob",
    "documents document passport licence license certificate card paper form contract visa "
    "diploma permit",
    "jewellery jewelry necklace bracelet earring gold silver diamond pendant",
    "furniture chair table sofa bed shelf wardrobe desk cupboard couch",
    "toys toy doll teddy puzzle lego game",
    "books book novel paperback hardback author chapter",
    "tools hammer screwdriver drill saw spanner wrench pliers",
    "vehicles car van lorry truck motorbike motorcycle bus bicycle bike",
    "animals animal dog cat horse cow sheep goat bird rabbit fish pet",
    "plants plant flower tree rose shrub seed leaf",
    "fruit apple pear banana orange grape cherry plum strawberry lemon peach",
    "vegetables vegetable carrot potato onion cabbage leek pea bean spinach",
    "dairy milk cheese butter yoghurt yogurt cream",
    "drinks drink coffee tea juice beer wine lemonade",
    "medical fever cough injury wound allergy tablet pill dose prescription",
    "legal court lawyer contract sue lawsuit clause judge",
    "finance bank loan mortgage invest interest tax account credit",
    "safety fire smoke gas hazard accident injury danger alarm",
    "noise loud noisy music party shouting barking",
)
_OTHER = ("other", "unknown", "neutral", "none", "general", "misc", "miscellaneous")
_MIDDLE = ("medium", "normal", "moderate", "mixed")


def akin(one: str, other: str) -> float:
    """How near two stems are: 1 for the same, one half for a family, 0 else."""
    if one == other:
        return 1.0
    long = min(len(one), len(other)) >= 5 and (one.startswith(other) or other.startswith(one))
    return 0.8 if long else 0.5 if _KIN.get(one, frozenset()) & _KIN.get(other, frozenset()) else 0


def near(wanted: Sequence[str], given: Sequence[str]) -> float:
    """How much of `wanted` (stems) is said or meant in `given`, from 0 to 1."""
    best = [max((akin(one, other) for other in given), default=0.0) for one in wanted]
    return sum(best) / len(best) if best else 0.0


@lru_cache(maxsize=4096)
def grade(word: str) -> tuple[int, str, bool] | None:
    """An adjective's sign, family and whether it stands in the highest degree."""
    for base, (sign, family) in _GRADES.items():
        roots = (base, base.rstrip("e"), base + base[-1], base[:-1] + "i")
        if word == base or word in [root + end for root in roots for end in ("er", "est")]:
            return sign, family, word in _HIGHEST or (word.endswith("est") and word != base)
    return None


def is_negated(text: str) -> bool:
    """Whether a statement denies: an odd number of denials and opposites."""
    denials = len(_NOT.findall(text))
    return (denials + sum(word in _OPPOSITES for word in words.pieces(text))) % 2 == 1


def meant(text: str) -> list[str]:
    """Content stems with opposites named by what they deny, so that `closed` meets `open`."""
    said = [
        words.stem(_OPPOSITES.get(word, word))
        for word in words.pieces(text)
        if word not in words.STOP and not _NOT.fullmatch(word)
    ]
    return list(dict.fromkeys(_SAME.get(word, word) for word in said))


def weekdays(text: str) -> list[str]:
    """The days of the week that a text names, ranges such as `Tue to Sun` filled in."""
    short = "|".join(f"{day[:3]}(?:{day[3:]}|{day[3:5]})?s?" for day in WEEKDAYS)
    found: list[str] = []
    for match in re.finditer(
        rf"\b({short})\b(?:\s*(?:to|until|through|-|\u2013)\s*({short})\b)?", text, re.I
    ):
        first = _day(match[1])
        count = (_day(match[2]) - first) % 7 if match[2] else 0
        found += [WEEKDAYS[(first + step) % 7] for step in range(count + 1)]
    for name, days in (("weekend", WEEKDAYS[5:]), ("weekday", WEEKDAYS[:5]), ("daily", WEEKDAYS)):
        found += days if re.search(rf"\b{name}s?\b", text, re.I) else ()
    return list(dict.fromkeys(found))


def _day(name: str) -> int:
    return next(n for n, day in enumerate(WEEKDAYS) if day.startswith(name[:3].lower()))


def classify(choices: Sequence[str], text: str) -> str | None:
    """The choice that a text speaks of, by its own words or by words that people use for it."""
    said = words.content(text) + [word for word in words.pieces(text) if word in words.STOP]
    rows = {row.split()[0]: words.content(row) for row in _MEANT}

    def worth(choice: str) -> float:
        own = words.content(choice)
        hints = [
            stem
            for label, row in rows.items()
            if words.stem(label) in own or choice.lower().startswith(label)
            for stem in row[1:]
        ]
        return 2 * words.overlap(own, said) + sum(word in said for word in dict.fromkeys(hints))

    best = max(choices, key=worth)
    if worth(best) > 0:
        denied = {"positive": "negative", "negative": "positive"}.get(best.lower(), "")
        turned = [choice for choice in choices if choice.lower() == denied]
        return turned[0] if turned and re.search(r"\b(?:not|n't) (?:\w+ )?\w+$", "") else best
    plain = (*_OTHER, *_MIDDLE)
    return next((choice for choice in choices if choice.lower() in plain), None)
