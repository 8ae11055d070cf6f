"""The play: who says what when, hour by hour, before it is written down as records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from groundswell.demo.dice import Dice
from groundswell.demo.incidents import INCIDENTS, at
from groundswell.demo.people import Author, crowd, slots
from groundswell.demo.prose import Shelf, choose, fill, join, manner, sentences, voiced
from schemas.raw import Source

BRAND = "Bean & Benevolence"
NEIGHBOUR = "Kettle & Kin"
"""A second, quiet brand, about which there is nothing to tell."""

STARTS_AT, ENDS_AT = at(9, 0), at(16, 0)
HOURS = (12, 9, 8, 8, 9, 13, 20, 28, 32, 33, 33, 32, 33, 33, 32, 31, 32, 33, 34, 34, 32, 28, 22, 16)
"""Messages an hour on a usual day, from midnight UTC."""
NEIGHBOUR_HOURS = (0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 0, 0)

# What a hundred usual messages are about: (file, table, mood) → how many. Dealt as a deck, so that no topic bunches.
USUAL = {
    ("late_delivery", "everyday", "pain"): 3,
    ("checkout", "everyday", "pain"): 2,
    ("refund", "everyday", "pain"): 2,
    **{("pains", topic, "pain"): 3 for topic in ("billing", "price", "damaged", "wrong_item", "taste", "support")},
    **{("pains", topic, "pain"): 2 for topic in ("stale", "app", "login", "cancel", "stock", "grind")},
    ("personal_touch", "everyday", "delight"): 2,
    ("delights", "taste", "delight"): 11,
    **{("delights", topic, "delight"): 4 for topic in ("fresh", "fast", "service", "choice")},
    **{("delights", topic, "delight"): 3 for topic in ("packaging", "value", "app_joy", "kindness")},
    ("chatter", "musing", "plain"): 15,
    ("chatter", "clock", "plain"): 3,
    ("chatter", "question", "plain"): 9,
    ("abroad", "", "plain"): 1,
}
SOURCES: dict[str, dict[Source, int]] = {
    "pain": {"posts": 38, "reviews": 28, "tickets": 34},
    "delight": {"posts": 50, "reviews": 45, "tickets": 5},
    "plain": {"posts": 100},
    "musing": {"posts": 94, "reviews": 6},
    "question": {"posts": 20, "tickets": 80},
    "late_delivery": {"posts": 45, "reviews": 15, "tickets": 40},
    "checkout": {"posts": 45, "reviews": 30, "tickets": 25},
    "personal_touch": {"posts": 50, "reviews": 35, "tickets": 15},
}
LOUD_VOICE = Author("Reginald_Wants_Answers", "Reginald", "GB", "Norwich", "plain", "forum", "android")


@dataclass(frozen=True)
class Line:
    """One thing said in the play."""

    when: datetime
    source: Source
    brand: str
    about: str
    """The topic, by the name of its file, or of its table among the everyday ones."""
    mood: str
    text: str
    author: Author
    staff: str | None = None
    """The agent who answers; the author is then who is answered."""
    conversation: str | None = None
    language: str = "en"
    fields: dict[str, Any] = field(default_factory=dict)


class Play:
    """Everything that is said in one week; two plays of one seed are the same."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._dice = Dice(seed, "usual")
        self._shelf = Shelf(self._dice)
        self._said: set[str] = set()
        people = crowd(2_660, Dice(seed, "people"))
        self._neighbours = Dice(seed, "neighbours").deck(people[2_500:])
        queue = Dice(seed, "queue")
        self._crowd = queue.deck(people[:2_500])
        regions: list[str] = list(sentences("voices")["regions"])
        self._by_region = {r: queue.deck([p for p in people[:2_500] if p.region == r]) for r in regions}

    def lines(self) -> list[Line]:
        """The whole week in time order."""
        lines = [*self._usual(), *self._incidents(), *self._loud_voice(), *self._stories(), *self._next_door()]
        lines += list(self._answers(lines))
        return sorted((line for line in lines if line.when < ENDS_AT), key=lambda line: line.when)

    def _use(self, name: str) -> None:
        """From here on another part of the week is told, with dice of its own."""
        self._dice = Dice(self._seed, name)
        self._shelf = Shelf(self._dice)

    def _moments(self, hour: datetime, count: int) -> list[datetime]:
        return sorted(hour + timedelta(milliseconds=self._dice.below(3_600_000)) for _ in range(count))

    def _usual(self) -> Iterator[Line]:
        self._use("usual")
        cards = self._dice.deck([card for card, count in USUAL.items() for _ in range(count)])
        for hour in range(24 * 7):
            count = HOURS[hour % 24] + self._dice.below(5) - 2
            if hour >= 24 * 6:
                count = count * 85 // 100  # Sunday.
            for when in self._moments(STARTS_AT + timedelta(hours=hour), count):
                file, table, mood = next(cards)
                if file == "abroad":
                    yield self._foreign(when)
                    continue
                author = next(self._crowd)
                about = file if table == "everyday" else table
                if table == "clock":
                    table = "morning" if 4 <= (when.hour + author.ahead) % 24 < 15 else "evening"
                source = self._dice.weigh(SOURCES.get(table, SOURCES[mood]))
                yield self._say(when, source, author, (file, table), about, mood)

    def _incidents(self) -> Iterator[Line]:
        for incident in INCIDENTS:
            if incident.kind == "loud_voice":
                continue
            self._use(incident.id)
            topic = incident.pain_point
            mood = "delight" if incident.kind == "delight" else "pain"
            for hour, count in enumerate(incident.voices):
                table = "early" if topic == "late_delivery" and hour < 3 else "wave"
                for when in self._moments(incident.starts_at + timedelta(hours=hour), count):
                    yield self._take_part(when, topic, table, mood)
        self._use("recovery")
        for hour, count in enumerate((2, 3, 4, 6, 8, 8, 7, 6, 5, 4, 3, 2, 2)):
            for when in self._moments(at(12, 7) + timedelta(hours=hour), count):
                yield self._take_part(when, "late_delivery", "recovery", "relief")
        for hour, count in enumerate((7, 5, 3)):
            for when in self._moments(at(12, 22) + timedelta(hours=hour), count):
                yield self._take_part(when, "checkout", "fixed", "relief")

    def _take_part(self, when: datetime, topic: str, table: str, mood: str) -> Line:
        if topic == "late_delivery":  # The roaster that broke serves the continent; few boxes come from elsewhere.
            author = next(self._by_region[self._dice.weigh({"NL": 36, "BE": 22, "DE": 30, "GB": 7, "IE": 3, "US": 2})])
        else:
            author = next(self._crowd)
        fields: dict[str, Any] = {}
        if topic == "checkout":
            version = "4.2.0" if table == "wave" else "4.2.1"
            fields = {"product": f"{BRAND} app", "version": version}
        source = self._dice.weigh(SOURCES[topic])
        if mood == "relief" and source == "tickets":
            source = "posts"
        return self._say(when, source, author, (topic, table), topic, mood, fields)

    def _loud_voice(self) -> Iterator[Line]:
        self._use("furious-author")
        incident = next(i for i in INCIDENTS if i.kind == "loud_voice")
        seconds = int((incident.ends_at - incident.starts_at).total_seconds())
        texts: list[str] = sentences("refund")["loud"]["posts"]
        for i, text in enumerate(texts):
            second = (i * seconds + self._dice.below(seconds)) // len(texts)
            when = incident.starts_at + timedelta(seconds=second)
            yield Line(when, "posts", BRAND, "refund", "loud", text, LOUD_VOICE, conversation="thread-refund")

    def _stories(self) -> Iterator[Line]:
        """Conversations of several turns, begun from Monday to Saturday, each by somebody else."""
        self._use("stories")
        stories = sentences("conversations")["story"]
        for i, story in enumerate(self._dice.shuffled(stories)):
            start = STARTS_AT + timedelta(days=i * 6 // len(stories), minutes=self._dice.below(600) + 420)
            author = next(self._crowd)
            known = slots(author, start, self._dice)
            known = {name: [self._dice.pick(values)] for name, values in known.items()}  # One story, one parcel.
            for hours, who, template in story["turns"]:
                when = start + timedelta(minutes=int(hours * 60) + self._dice.below(20))
                staff = known["staff"][0] if who == "agent" else None
                mood = "agent" if staff else "pain"
                text = fill(choose(template, self._dice), known, self._dice)
                fields = {"priority": "high" if story["about"] != "strong_emotion" else "urgent"}
                about = story["about"]
                yield Line(when, "tickets", BRAND, about, mood, text, author, staff, f"story-{i}", "en", fields)

    def _next_door(self) -> Iterator[Line]:
        self._use(NEIGHBOUR)
        moods = self._dice.deck(["good"] * 4 + ["plain"] * 4 + ["bad"])
        for hour in range(24 * 7):
            for when in self._moments(STARTS_AT + timedelta(hours=hour), NEIGHBOUR_HOURS[hour % 24]):
                author, table = next(self._neighbours), next(moods)
                source = self._dice.weigh(SOURCES["musing"] if table == "plain" else SOURCES["delight"])
                yield self._say(when, source, author, ("kettle", table), "kettle", "plain", brand=NEIGHBOUR)

    def _foreign(self, when: datetime) -> Line:
        language = self._dice.weigh({"de": 7, "fr": 6, "nl": 5, "es": 4, "it": 3})
        home = {"de": "DE", "fr": "BE", "nl": "NL", "es": "US", "it": "GB"}[language]
        author = next(self._by_region[home])
        source = self._dice.weigh(SOURCES["pain"])
        template = self._shelf.draw("abroad", language, "any")
        text = fill(template, slots(author, when, self._dice), self._dice)
        return Line(when, source, BRAND, "abroad", "plain", text, author, language=language)

    def _answers(self, lines: list[Line]) -> Iterator[Line]:
        """An agent's answer to some of the ordinary tickets, within office hours."""
        self._use("answers")
        talk = sentences("conversations")
        decks = {name: self._dice.deck(texts) for name, texts in talk["answers"].items()}
        for number, line in enumerate(lines):
            story = (line.conversation or "").startswith("story")
            if line.source != "tickets" or line.brand != BRAND or story or not self._dice.happens(45):
                continue
            when = line.when + timedelta(minutes=20 + self._dice.below(200))
            if not 7 <= when.hour < 19:
                when = when.replace(hour=7, minute=self._dice.below(60)) + timedelta(days=when.hour >= 19)
            drawer = "delight" if line.mood == "delight" else talk["answers_to"].get(line.about, "other")
            if any(i.pain_point == line.about and i.starts_at <= line.when < i.ends_at for i in INCIDENTS[:2]):
                drawer = {"late_delivery": "late", "checkout": "checkout"}[line.about]
            known = slots(line.author, when, self._dice)
            known["staff"] = [self._dice.pick(known["staff"])]
            text = fill(next(decks[drawer]), known, self._dice)
            lines[number] = line = Line(**{**vars(line), "conversation": f"ticket-{number}"})
            staff = known["staff"][0]
            yield Line(when, "tickets", BRAND, line.about, "agent", text, line.author, staff, line.conversation)

    def _say(
        self,
        when: datetime,
        source: Source,
        author: Author,
        shelf: tuple[str, str],
        about: str,
        mood: str,
        fields: dict[str, Any] | None = None,
        brand: str = BRAND,
    ) -> Line:
        """A sentence of that shelf in the author's voice, in words that nobody has used yet if there are any."""
        fields = fields or {}
        known = slots(author, when, self._dice) | {"version": [fields.get("version", "4.1.3")]}
        for _ in range(8):
            core = choose(self._shelf.draw(*shelf, source), self._dice)
            text = self._voice(core, source, author, mood, known, brand)
            if text not in self._said:
                break
        self._said.add(text)
        return Line(when, source, brand, about, mood, text, author, fields=fields)

    def _voice(self, core: str, source: str, author: Author, mood: str, known: dict[str, list[str]], brand: str) -> str:
        voices, dice = sentences("voices"), self._dice
        opens, mood = mood != "relief", "delight" if mood == "relief" else mood
        if source == "tickets":
            hello, bye = dice.pick(voices["letters"]["hello"]), dice.pick(voices["letters"]["bye"])
            if brand == BRAND and author.manner != "curt":
                core = f"{hello}\n{core}\n{bye}".strip()
        elif brand == BRAND and author.manner != "curt":
            opener = dice.pick(voiced(voices["openers"][mood], source)) if opens and dice.happens(28) else ""
            closer = dice.pick(voiced(voices["closers"][mood], source)) if dice.happens(45) else ""
            core = join(opener, core, fill(closer, known, dice) if closer else "")
        return fill(manner(core, author.manner, dice), known, dice)
