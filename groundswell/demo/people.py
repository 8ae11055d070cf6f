"""Who speaks: customers with a home, a manner of typing and a network, and the shop's staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from groundswell.demo.dice import Dice
from groundswell.demo.prose import sentences

MANNERS = {"plain": 34, "lower": 24, "slips": 14, "curt": 12, "loud": 8, "dots": 8}
NETWORKS = {"mastodon": 45, "forum": 25, "photos": 30}
DEVICES = {"ios": 45, "android": 55}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""Written out: ``%A`` would speak the machine's language."""
AMOUNTS = ("9.80", "12.90", "14.50", "16", "18.50", "24")


@dataclass(frozen=True)
class Author:
    """One customer."""

    handle: str
    first: str
    region: str
    city: str
    manner: str
    network: str
    device: str

    @property
    def ahead(self) -> int:
        """Hours between the customer's clock and UTC."""
        return int(sentences("voices")["regions"][self.region]["ahead"])


def crowd(size: int, dice: Dice) -> list[Author]:
    """Authors with different handles, spread over the regions as the shop's customers are."""
    voices = sentences("voices")
    regions: dict[str, int] = {name: region["share"] for name, region in voices["regions"].items()}
    pairs = dice.shuffled([(a, b) for a in voices["people"]["first"] for b in voices["people"]["second"]])
    authors = []
    for first, second in pairs[:size]:
        region = dice.weigh(regions)
        joint = dice.pick(["_", "-", ".", ""])
        handle = joint.join([first, *second.split("_")])
        handle = handle.lower() if dice.happens(70) else handle
        handle += str(dice.below(90) + 7) if dice.happens(25) else ""
        city = dice.pick(voices["regions"][region]["cities"])
        authors.append(
            Author(handle, first, region, city, dice.weigh(MANNERS), dice.weigh(NETWORKS), dice.weigh(DEVICES))
        )
    return authors


def phone(region: str, dice: Dice) -> str:
    """A number from the ranges that are kept free for fiction (Ofcom, NANPA, Bundesnetzagentur)."""
    last = dice.below(100)
    if region == "US":
        return f"({dice.pick(['503', '607', '401'])}) 555-01{last:02d}"
    if region == "DE":
        return f"030 23125 0{last:02d}"
    return dice.pick([f"020 7946 0{last:03d}", f"07700 900{last:03d}", f"+44 1632 960{last:03d}"])


def slots(author: Author, when: datetime, dice: Dice) -> dict[str, list[str]]:
    """What this author would put into the slots of a sentence at that moment."""
    voices = sentences("voices")
    plain = author.first.translate(str.maketrans("áéíóú", "aeiou")).lower()
    return {
        **voices["slots"],
        "staff": voices["people"]["staff"],
        "friend": [name for name in voices["people"]["first"] if name != author.first],
        "name": [author.first],
        "city": [author.city],
        "today": [WEEKDAYS[when.weekday()]],
        # Nothing is roasted, sent or promised on a Sunday.
        "day": [day for day in (WEEKDAYS[(when.weekday() - ago) % 7] for ago in (1, 2, 3, 4)) if day != "Sunday"],
        "price": [f"{voices['regions'][author.region]['money']}{amount}" for amount in AMOUNTS],
        "order": [f"BB-{40000 + dice.below(20000)}"],
        "phone": [phone(author.region, dice)],
        "email": [f"{plain}{dice.pick(['', '.mail', '.k', '77'])}@example.com"],
    }
