"""The scorer end to end: every record it makes is a valid one, whatever it is fed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.evaluation.own import challenge
from schemas.raw import Post, Review, Ticket
from schemas.scored import EMOTIONS, Origin, Scored
from streams.catalog import Catalogs
from streams.scoring import Event, Pseudonyms, Scorer
from streams.scoring.model import Model

WHEN = datetime(2026, 2, 9, 12, 30, 15, 123_456, tzinfo=timezone(timedelta(hours=1)))
PACKS = ["generic", "airline"]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(Catalogs.load(["generic"], {"US Airways": PACKS}), Pseudonyms(b"a secret"))


def post(text: str, **fields: Any) -> Event:
    event = Post(
        **({"id": "p1", "brand": "Bean & Benevolence", "author": "ada", "created_at": WHEN} | fields), text=text
    )
    return "posts", event, {"topic": "groundswell.posts.v1", "partition": 2, "offset": 7}


def ticket(text: str, **fields: Any) -> Event:
    event = Ticket(**({"id": "t1", "brand": "Example", "author": "ada", "created_at": WHEN} | fields), text=text)
    return "tickets", event, {"topic": "groundswell.tickets.v1", "partition": 0, "offset": 1, "replay": "r1"}


def review(text: str, **fields: Any) -> Event:
    event = Review(**({"id": "r1", "brand": "Example", "author": "ada", "created_at": WHEN} | fields), text=text)
    return "reviews", event, {"topic": "groundswell.reviews.v1", "partition": 0, "offset": 1}


def one(scorer: Scorer, event: Event) -> Scored:
    [record] = scorer.score([event])
    return Scored.model_validate_json(orjson.dumps(record))


def ids(mentions: list[Any]) -> list[str]:
    return [mention.id for mention in mentions]


def test_a_record_carries_its_event(scorer: Scorer) -> None:
    record = one(
        scorer,
        post(
            "Lovely coffee!",
            network="mastodon",
            reach=12,
            product="Plain Jane",
            region="NL",
            url="https://a.example/1",
            likes=3,
        ),
    )
    assert (record.id, record.brand, record.source, record.channel) == ("p1", "Bean & Benevolence", "posts", "mastodon")
    assert record.created_at == WHEN.replace(microsecond=123_000)
    assert (record.product, record.region, record.reach, record.url) == ("Plain Jane", "NL", 12, "https://a.example/1")
    assert record.extra == {"likes": 3}
    assert record.origin == Origin(topic="groundswell.posts.v1", partition=2, offset=7)
    assert record.author != "ada"
    assert (record.language, record.read) == ("en", True)


def test_time_is_written_in_utc_with_milliseconds(scorer: Scorer) -> None:
    assert scorer.score([post("hello")])[0]["created_at"] == "2026-02-09T11:30:15.123Z"


def test_a_replay_is_named_in_the_origin(scorer: Scorer) -> None:
    assert one(scorer, ticket("Where is my order?")).origin.replay == "r1"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I love this, absolutely wonderful!", "positive"),
        ("This is terrible, I hate it.", "negative"),
        ("Not good at all.", "negative"),
        ("The shop opens at nine.", "neutral"),
        ("Thank you so much for your kind help", "positive"),
        ("My order still hasn't arrived and nobody answers.", "negative"),
        ("😡😡😡", "negative"),
    ],
)
def test_sentiment(scorer: Scorer, text: str, label: str) -> None:
    sentiment = one(scorer, post(text)).sentiment
    assert sentiment.label == label
    assert (sentiment.value > 0) == (label == "positive") or label == "neutral"


def test_clauses_are_heard_each_for_what_it_says(scorer: Scorer) -> None:
    record = one(scorer, post("Great app, but delivery took three weeks."))
    assert ids(record.pain_points) == ["late_delivery"]
    assert "late_delivery" not in ids(record.delights)
    assert ids(record.delights)
    assert record.pain_points[0].sentiment < record.delights[0].sentiment
    assert set(record.pain_points[0].words) <= {"delivery", "took", "three", "weeks"}


@pytest.mark.parametrize(
    "text", ["No delays, no lost bags.", "Is my order delayed?", "If my order is late, what then?"]
)
def test_negation_questions_and_suppositions_are_no_pain(scorer: Scorer, text: str) -> None:
    assert one(scorer, post(text)).pain_points == []
    assert one(scorer, post(text, brand="US Airways")).pain_points == []


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("I've been on hold for an hour, can anybody help me?", "slow_support"),
        ("My parcel is late again?", "late_delivery"),
        ("Can I get a voucher since my order never arrived?", "late_delivery"),
        ("Why is my order late?", "late_delivery"),
    ],
)
def test_what_a_question_takes_for_a_fact_is_told(scorer: Scorer, text: str, id_: str) -> None:
    assert id_ in ids(one(scorer, post(text)).pain_points)


def test_the_brand_s_own_business_comes_first(scorer: Scorer) -> None:
    text = "On hold for an hour because you lost my bag"
    assert ids(one(scorer, post(text, brand="US Airways")).pain_points)[0] in ("lost_luggage", "customer_service_issue")
    assert ids(one(scorer, post(text)).pain_points)[0] == "slow_support"


def test_what_happened_comes_before_how_it_was_handled(scorer: Scorer) -> None:
    record = one(scorer, post("You lost my bag and nobody answers.", brand="US Airways"))
    assert ids(record.pain_points)[:2] == ["lost_luggage", "customer_service_issue"]


def test_who_is_unhappy_and_names_one_thing_is_unhappy_with_it(scorer: Scorer) -> None:
    text = "You have ruined my whole year, I am in tears. {} Such a disgrace."
    plain = text.format("It was about a seat by the window.")
    assert ids(one(scorer, post(plain, brand="US Airways")).pain_points)[0] == "bad_flight"
    praised = text.format("The seat was wonderful.")
    assert "bad_flight" not in ids(one(scorer, post(praised, brand="US Airways")).pain_points)


def test_a_statement_of_failure_is_a_pain_even_when_said_calmly(scorer: Scorer) -> None:
    assert ids(one(scorer, post("My order hasn't arrived.")).pain_points) == ["late_delivery"]


def test_the_brand_chooses_the_catalog(scorer: Scorer) -> None:
    text = "My suitcase never arrived."
    assert "lost_luggage" not in ids(one(scorer, post(text)).pain_points)
    assert ids(one(scorer, post(text, brand="us airways")).pain_points)[0] == "lost_luggage"


def test_the_company_s_own_answers_name_no_pain(scorer: Scorer) -> None:
    said = "Our courier is late and your order hasn't arrived, I want to apologise."
    customer, agent = one(scorer, ticket(said)), one(scorer, ticket(said, direction="agent"))
    assert ids(customer.pain_points)
    assert agent.pain_points == [] and agent.delights == []
    assert agent.signals.need is None and not agent.signals.repeat_contact
    assert agent.direction == "agent"


def test_signals_say_which_words_decided(scorer: Scorer) -> None:
    record = one(scorer, ticket("This is the third time I write. Please help today, or I cancel my subscription."))
    signals = record.signals
    assert signals.repeat_contact and signals.effort >= 0.5 and signals.churn_risk >= 0.5 and signals.urgency > 0
    assert "third" in signals.words["repeat_contact"]
    assert "cancel" in signals.words["churn_risk"]
    assert record.journey_stage is not None


def test_fields_speak_too(scorer: Scorer) -> None:
    calm, urgent = (
        ticket("Hello, a question."),
        ticket("Hello, a question.", priority="Urgent", status="reopened", csat=1.0),
    )
    assert one(scorer, calm).signals.urgency == 0
    loud = one(scorer, urgent)
    assert loud.signals.urgency >= 0.8 and loud.signals.repeat_contact and loud.signals.churn_risk > 0
    assert loud.signals.words["urgency"] == ["priority Urgent"]
    assert loud.sentiment.value < one(scorer, calm).sentiment.value


def test_stars_are_evidence_beside_the_words(scorer: Scorer) -> None:
    values = [
        one(scorer, review("It is what it is.", rating=float(stars))).sentiment.value for stars in (1, 2, 3, 4, 5)
    ]
    assert values == sorted(values)
    assert values[0] < -0.2 and values[-1] > 0.2


def test_the_title_is_read_and_redacted(scorer: Scorer) -> None:
    record = one(scorer, review("See above.", title="Terrible, write to me@mail.example"))
    assert record.title == "Terrible, write to [email]"
    assert record.sentiment.label == "negative"
    assert record.redacted == {"email": 1}


def test_a_need_is_told_in_the_customer_s_words(scorer: Scorer) -> None:
    assert one(scorer, post("Nice shop. I want to pay by invoice. Bye.")).signals.need == "I want to pay by invoice."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Kaffee ist leider nicht gekommen und ich bin sehr traurig", "de"),
        ("Le café n'est pas arrivé et je ne suis pas contente", "fr"),
        ("Мой заказ так и не пришёл", "ru"),
        ("注文した商品がまだ届きません", "ja"),
    ],
)
def test_other_languages_are_not_guessed_at(scorer: Scorer, text: str, language: str) -> None:
    record = one(scorer, post(text))
    assert (record.language, record.read) == (language, False)
    assert (record.sentiment.label, record.sentiment.value, record.sentiment.confidence) == ("neutral", 0, 0)
    assert (record.emotions, record.pain_points, record.words) == ([], [], [])
    assert one(scorer, post(text + " 😡😡")).sentiment.value < 0


def test_the_source_s_word_on_the_language_wins(scorer: Scorer) -> None:
    assert one(scorer, post("I hate this", language="de-AT")).read is False
    assert one(scorer, post("Ja, ik ben het met je eens dat het niet goed is", language="en_GB")).read is True


def test_ratings_speak_where_words_cannot(scorer: Scorer) -> None:
    record = one(scorer, review("Der Kaffee ist nicht gut und die Tüte war auf", rating=1.0))
    assert record.sentiment.label == "negative" and not record.read


def test_emotions_are_known_and_strongest_first(scorer: Scorer) -> None:
    emotions = one(scorer, post("Thank you so much, I am so happy and so grateful!")).emotions
    assert emotions[0].label in EMOTIONS and "gratitude" in {emotion.label for emotion in emotions}
    assert [e.probability for e in emotions] == sorted((e.probability for e in emotions), reverse=True)


def test_how_it_is_written_makes_it_intense(scorer: Scorer) -> None:
    calm, loud = one(scorer, post("this is bad")), one(scorer, post("THIS IS SOOO BAD!!! 😡"))
    assert loud.intensity > calm.intensity


def test_the_words_that_moved_it_are_words_of_the_text(scorer: Scorer) -> None:
    record = one(scorer, post("The awful delivery spoiled a perfectly ordinary Tuesday"))
    assert record.words[0] in ("awful", "spoiled")


def test_order_and_company_make_no_difference(scorer: Scorer) -> None:
    texts = [
        "I love it",
        "My order hasn't arrived",
        "Why is the app down?",
        "No delays",
        "😡",
        "Der Kaffee ist nicht da und ich bin müde",
    ]
    alone = [scorer.score([post(text)])[0] for text in texts]
    together = scorer.score([post(text) for text in texts])
    backwards = scorer.score([post(text) for text in reversed(texts)])[::-1]
    assert alone == together == backwards


def test_words_are_learnt_alike_in_any_company() -> None:
    """A worker that starts in the middle of a stream meets its words beside others, and has to read them the same."""
    texts = [case.text for case in challenge()]
    mixed = Random(7).sample(texts, len(texts))

    def read(order: list[str], size: int) -> dict[str, bytes]:
        model, heard = Model(), {}
        for at in range(0, len(order), size):
            part = order[at : at + size]
            judged = model.judge(model.prepare(part), np.ones(len(part), dtype=np.bool_))
            for row, text in enumerate(part):
                heard[text] = judged.sentiment[row].tobytes() + judged.emotions[row].tobytes()
        return heard

    assert read(texts, len(texts)) == read(mixed, 7) == read(mixed, 1)


def test_nothing_in_nothing_out(scorer: Scorer) -> None:
    assert scorer.score([]) == []


def test_text_blob_can_tell_the_sentiment() -> None:
    textblob = Scorer(Catalogs.load(["generic"], {}), Pseudonyms(b"k"), reader="textblob")
    assert one(textblob, post("What a wonderful, excellent day")).sentiment.label == "positive"
    assert one(textblob, post("What a horrible, terrible day")).sentiment.label == "negative"
    assert one(textblob, post("The box is on the table")).sentiment.label == "neutral"


NASTY = [
    " ", "\x00", "a" * 100_000, "word " * 20_000, "order late " * 9_000, "😡" * 50_000, "👩‍👩‍👧‍👦" * 9_000,
    "e" + "\u0301" * 50_000, "\u200b\u202e\u2066" * 9_000, "<" * 100_000, "<div>" * 20_000,
    "&" * 100_000, "&#x" * 30_000,
    "@" * 100_000, "@a" * 50_000, "a@" * 50_000, "1" * 100_000, "1 " * 50_000, "1-" * 50_000,
    "DE" + "1" * 99_000, "a." * 50_000,
    "#1" * 50_000, "http://" * 14_000, "not " * 25_000, "but " * 25_000, "?!" * 50_000, "\n" * 100_000, "> \n" * 30_000,
    "order #" * 14_000, "From: \n" * 14_000, "::" * 50_000, "1:" * 50_000, "漢字" * 50_000,
    "a1" * 50_000, "'" * 100_000, "i want " * 14_000,
    "where is my order not arrived yet because refund refused on hold for two hours " * 1_200,
]  # fmt: skip


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_nasty_texts_give_valid_records(scorer: Scorer, text: str) -> None:
    for event in (post(text[:100_000]), ticket(text[:100_000])):
        assert len(one(scorer, event).text) <= 400_000


def test_lone_surrogates_do_not_pass(scorer: Scorer) -> None:
    source, event, origin = post("placeholder")
    broken = event.model_copy(update={"text": "so \ud800 late \udfff"})
    assert one(scorer, (source, broken, origin)).text == "so late"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.one_of(
            st.text(min_size=1, max_size=300),
            st.text(alphabet="abc not!?.,@#<>&;:/0123456789 \n'😡é\u0301\u200d", min_size=1, max_size=300),
            st.lists(
                st.sampled_from(
                    "my order late not refund on hold ! ? but 😡 THE sooo @x #y 12345678 http://a.b/c?d".split()  # noqa: SIM905
                )
            ).map(" ".join),
        ),
        min_size=1,
        max_size=5,
    ),
    stars=st.one_of(st.none(), st.floats(1, 5)),
)
def test_whatever_is_said_makes_valid_records(scorer: Scorer, texts: list[str], stars: float | None) -> None:
    for event in [review(text, rating=stars, title=text[:50]) for text in texts]:
        one(scorer, event)
    for record in scorer.score([ticket(text, csat=stars) for text in texts]):
        Scored.model_validate_json(orjson.dumps(record))


def test_a_stream_of_new_words_does_not_grow_the_memory() -> None:
    from streams.scoring.model import MOST_ATOMS

    scorer = Scorer(Catalogs.load(["generic"], {}), Pseudonyms(b"k"))
    before = one(scorer, post("My order hasn't arrived, I hate it"))
    for frame in range(30):
        scorer.score([post(" ".join(f"w{frame}x{text}x{word}" for word in range(100))) for text in range(50)])
        assert len(scorer._model.lexicon.norm) <= MOST_ATOMS + 10_000
    assert one(scorer, post("My order hasn't arrived, I hate it")) == before


def test_neither_long_words_nor_known_ones_in_new_order_grow_the_memory() -> None:
    from streams.scoring.model import MOST_CHUNKS, MOST_WRITTEN

    scorer = Scorer(Catalogs.load(["generic"], {}), Pseudonyms(b"k"))
    lexicon = scorer._model.lexicon
    for frame in range(30):
        one(scorer, post(f"{frame}" + "x" * 90_000))
        assert lexicon.written <= MOST_WRITTEN + 100_000
    for frame in range(30):
        one(scorer, post(" ".join(f"{frame}:{at // 60}:{at % 60}" for at in range(3_600))))
        assert len(lexicon.chunks) <= MOST_CHUNKS + 3_600
    assert len(lexicon.norm) < 1_000
