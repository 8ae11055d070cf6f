"""How the play's lines are written down: JSON as three sources would send it, and the few that are broken."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from groundswell.demo.dice import Dice
from groundswell.demo.incidents import at
from groundswell.demo.people import slots
from groundswell.demo.prose import choose, fill, sentences
from groundswell.demo.script import Line
from schemas.raw import Source

IDS = {"reviews": "rv", "posts": "po", "tickets": "tk"}

BROKEN: tuple[tuple[datetime, Source, str | None, bytes], ...] = (
    (at(9, 10), "posts", "po-x1", b'{"id": "po-x1", "brand": "Bean & Benevolence", "text": "first cup of the'),
    (
        at(9, 15),
        "reviews",
        "rv-x1",
        b'{"id":"rv-x1","text":"Lovely.","author":"tove","created_at":"2026-02-09T15:00:00Z"}',
    ),
    (
        at(10, 9),
        "tickets",
        "tk-x1",
        b'{"id":"tk-x1","brand":"Bean & Benevolence","text":"Where is my order?","author":"wim",'
        b'"created_at":"1026-02-10T09:00:00Z"}',
    ),
    (
        at(10, 18),
        "posts",
        "po-x2",
        b'{"id":"po-x2","brand":"Bean & Benevolence","text":"Gr\xfc\xdfe aus Bremen","author":"edda",'
        b'"created_at":"2026-02-10T18:00:00Z"}',
    ),
    (
        at(11, 13),
        "reviews",
        "rv-x2",
        b'{"id":"rv-x2","brand":"Bean & Benevolence","text":"Late.","rating":NaN,"author":"milo",'
        b'"created_at":"2026-02-11T13:00:00Z"}',
    ),
    (
        at(12, 8),
        "tickets",
        "tk-x2",
        b'{"id":"tk-x2","brand":"Bean & Benevolence","text":"","author":"ida","created_at":"2026-02-12T08:00:00Z"}',
    ),
    (at(12, 19), "posts", None, b"[]"),
    (
        at(13, 11),
        "posts",
        "po-x3",
        b'{"id":"po-x3","brand":"Bean & Benevolence","text":"refund!","author":null,'
        b'"created_at":"2026-02-13T11:00:00Z"}',
    ),
    (
        at(14, 12),
        "reviews",
        "rv-x3",
        b'{"id":"rv-x3","brand":"Bean & Benevolence","text":"Eleven of five.","rating":11,"author":"zeno",'
        b'"created_at":"2026-02-14T12:00:00Z"}',
    ),
    (
        at(15, 16),
        "tickets",
        "tk-x3",
        b'{"id":"tk-x3","brand":"Bean & Benevolence","text":"hello?","author":"uma",'
        b'"created_at":"2026-02-15T16:00:00Z","schema_version":2}',
    ),
)
"""When, source, key and bytes of the records that belong in quarantine, each broken in its own way."""


def stamp(when: datetime, ahead: int) -> str:
    """The moment as RFC 3339, in a zone so many hours ahead of UTC."""
    text = when.astimezone(timezone(timedelta(hours=ahead))).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def millis(when: datetime) -> int:
    """The moment in milliseconds since 1970."""
    return int(when.timestamp()) * 1000 + when.microsecond // 1000


def record(line: Line, number: int, dice: Dice) -> dict[str, Any]:
    """The line as its source would send it."""
    event_id = f"{IDS[line.source]}-{number}"
    core: dict[str, Any] = {
        "id": event_id,
        "brand": line.brand,
        "text": line.text,
        "author": f"agent:{line.staff.lower()}" if line.staff else line.author.handle,
        "created_at": stamp(line.when, line.author.ahead if line.source == "tickets" else 0),
    }
    if dice.happens(80):
        core["region"] = line.author.region
    if line.language != "en" or dice.happens(25):
        core["language"] = line.language
    if line.about in ("app", "app_joy", "login", "checkout") and dice.happens(60):
        core |= {"product": f"{line.brand} app", "version": _installed(line, dice)}
    detail = {"reviews": _review, "posts": _post, "tickets": _ticket}[line.source](line, event_id, dice)
    return core | detail | line.fields


def _installed(line: Line, dice: Dice) -> str:
    """The version of the app on the author's phone: the broken one only while it is the newest, and not for all."""
    fixed = line.when >= at(12, 22)
    if fixed and dice.happens(75):
        return "4.2.1"
    return "4.1.3" if dice.happens(80) else "4.1.2"


def _review(line: Line, event_id: str, dice: Dice) -> dict[str, Any]:
    mood = "delight" if line.mood == "relief" else line.mood
    stars = {"pain": [1, 1, 2, 2, 3], "delight": [4, 5, 5, 5], "relief": [4, 4, 5, 3], "plain": [3, 4, 4]}[line.mood]
    about: dict[str, Any] = {"rating": dice.pick(stars)}
    if dice.happens(60):
        title = choose(dice.pick(sentences("voices")["titles"][mood]), dice)
        about["title"] = fill(title, slots(line.author, line.when, dice), dice)
    named = [coffee for coffee in sentences("voices")["slots"]["coffee"] if coffee in line.text]
    if named:
        about["product"] = named[0]
    if dice.happens(50):
        about["url"] = f"https://reviews.example/{event_id}"
    return about | {"verified_purchase": dice.happens(85), "helpful_votes": dice.below(12)}


def _post(line: Line, event_id: str, dice: Dice) -> dict[str, Any]:
    about = {
        "network": line.author.network,
        "reach": dice.pick([12, 40, 85, 130, 210, 340, 520, 900, 2_400]) + dice.below(30),
        "url": f"https://{line.author.network}.example/{line.author.handle}/{event_id}",
    }
    if line.conversation:
        about["conversation_id"] = line.conversation
    return about | ({"likes": dice.below(40)} if dice.happens(60) else {})


def _ticket(line: Line, event_id: str, dice: Dice) -> dict[str, Any]:
    about: dict[str, Any] = {"conversation_id": line.conversation or f"ticket-{event_id}", "status": "open"}
    if line.staff:
        solved = dice.happens(60)
        about |= {"direction": "agent", "status": "solved" if solved else "pending"}
        if solved and dice.happens(30):
            about["csat"] = dice.pick([3, 4, 4, 5, 5])
        return about
    if dice.happens(50):
        about["direction"] = "customer"
    about["priority"] = dice.weigh({"low": 20, "normal": 65, "high": 15})
    return about | {"queue": dice.pick(["orders", "billing", "general"]), "device": line.author.device}
