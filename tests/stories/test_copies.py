"""Many posts in the same words are one voice; many people in their own words are many."""

from __future__ import annotations

from schemas.metrics import Tally
from tests.stories.telling import Story, at, story

COMPLAINT = "My parcel from this shop never arrived and nobody of the support team ever answers, do not order there"
OWN_WORDS = [
    "I've been waiting for my parcel since last Tuesday and there is still no news at all from the courier",
    "Order placed two weeks ago, my order never arrived, and the tracking page has not changed since Friday",
    "Delivery is late again, this is the third parcel in a row that did not show up when you promised it",
    "Where is my parcel? It should have been here on Monday, and my order still hasn't arrived by now",
    "My order never arrived although the shop says it was handed over to the courier more than a week ago",
    "Still no delivery after nine days, the parcel is late and I needed those beans for a birthday party",
    "The package never arrived at our office, we had to buy coffee at the supermarket for the whole team",
    "It took three weeks for the last parcel, and this order is late as well, I am losing my patience here",
    "My delivery has been delayed twice now, first until Wednesday, now until who knows when, very annoying",
    "Parcel never arrived, neighbours have not seen it either, and the courier's phone line is always busy",
    "Nine days and my package has not arrived, the last one took only two, what on earth is going on with you",
    "So my order hasn't arrived, the chat told me to be patient, and then it closed itself without an answer",
]
EDITS = ["", " !!!", " 😡", " #scam", " seriously", " again", " @friend look", " https://a.example/1", " ...", " share"]


def quiet() -> Story:
    return story("Acme", packs=("generic",)).quiet(days=3).at("day 4 09:00")


def last_hour(acme: Story, point: str, until: str, span: str = "rolling_1h") -> Tally:
    """The sums of the last window that ended by then."""
    tally = [window for window in acme.windows(point) if window.window_end <= at(until)][-1]
    found: Tally = getattr(tally, span)
    return found


def test_a_wave_of_copies_is_one_voice_and_raises_no_alert() -> None:
    acme = quiet()
    for number in range(200):
        text = COMPLAINT.replace("ever answers", "answers") if number % 7 == 3 else COMPLAINT
        text = f"@shop{number % 3} {text}{EDITS[number % len(EDITS)]}"
        acme.write("posts", text, author=f"account {number}", after=f"{number * 15}s")
    acme.expect_no_alert(until="day 4 12:00")
    hour = last_hour(acme, "late_delivery", "day 4 10:00")
    assert hour.mentions >= 190
    assert hour.voices <= 3
    assert hour.copied >= 0.95 * hour.mentions


def test_people_in_their_own_words_count_each() -> None:
    acme = quiet()
    for number, text in enumerate(OWN_WORDS):
        acme.write("posts", text, author=f"customer {number}", after=f"{number * 240}s")
    acme.expect_alert("late_delivery", between=("day 4 09:05", "day 4 10:10"))
    hour = last_hour(acme, "late_delivery", "day 4 10:00")
    assert (hour.voices, hour.copied) == (hour.mentions, 0)
    assert hour.voices >= 10


def test_retweets_of_one_post_are_one_voice_also_short_ones() -> None:
    acme = quiet()
    for number in range(40):
        acme.write("posts", "RT @ada: my parcel never arrived!", author=f"account {number}", after=f"{number * 80}s")
    acme.expect_no_alert(until="day 4 12:00")
    hour = last_hour(acme, "*", "day 4 10:00")
    assert (hour.mentions, hour.voices, hour.copied) == (40, 1, 39)


def test_machines_that_post_like_clockwork_are_one_voice() -> None:
    acme = quiet()
    for number in range(30 * 12):
        machine, turn = number % 12, number // 12
        text = (
            " ".join(f"word{machine}x{turn}x{part}" for part in range(11)) + ". My parcel never arrived, this is awful"
        )
        acme.write("posts", text, author=f"machine {machine}", after=f"{turn * 300 + machine}s")
    acme.at("day 4 13:00")
    last = last_hour(acme, "late_delivery", "day 4 11:30", "rolling_5m")
    assert last.mentions >= 12
    assert last.voices == 1
