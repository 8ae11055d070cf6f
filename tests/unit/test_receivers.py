"""Every kind of receiver meets one contract, over a real connection: it takes an alert, says what a failure means, and
keeps its address to itself."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.alerts import Alert, Driver, Quote
from streams.messages import message
from streams.receivers import TYPES, Again, Receiver, RefusedError
from streams.receivers.alertmanager import Alertmanager, AlertmanagerConfig
from streams.receivers.http import Poster
from streams.receivers.log import Log
from tests.support.alerts import alert
from tests.support.telling import Server

SECRET = "a secret of many characters"
DOCS = Path(__file__).parents[2] / "deploy" / "notify.md"


def made(kind: str, url: str, **settings: Any) -> Receiver:
    if kind == "apprise":
        url = url.replace("http://", "json://")
    if kind == "webhook":
        settings = {"secret": SECRET} | settings
    return TYPES[kind].model_validate({"type": kind, "url": url, "timeout": "2s"} | settings).make(None)


def told(kind: str, server: Server, *alerts: Alert, **settings: Any) -> None:
    async def story() -> None:
        async with server.running() as url:
            receiver = made(kind, url, **settings)
            try:
                for it in alerts:
                    await receiver.deliver(it)
            finally:
                await receiver.close()

    asyncio.run(story())


@pytest.mark.parametrize("kind", sorted(TYPES))
class TestEveryReceiver:
    def test_takes_an_alert_as_often_as_it_is_told(self, kind: str) -> None:
        server = Server()
        told(kind, server, alert(), alert(), alert(revision=2, reason="recovered"))
        assert len(server.got) == 3

    def test_can_be_closed_before_it_was_used(self, kind: str) -> None:
        told(kind, Server())

    @pytest.mark.parametrize("answer", [500, 503])
    def test_a_failure_is_tried_again_and_does_not_show_the_address(
        self, kind: str, answer: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG), pytest.raises(Again) as caught:
            told(kind, Server(answer), alert())
        assert Server.PATH not in str(caught.value)
        assert not [it for it in caplog.records if Server.PATH in it.getMessage() and it.name != "asyncio"]

    def test_nobody_there_is_no_refusal(self, kind: str) -> None:
        async def story() -> None:
            receiver = made(kind, "http://127.0.0.1:9/hook")
            try:
                await receiver.deliver(alert())
            finally:
                await receiver.close()

        with pytest.raises(Exception) as caught:
            asyncio.run(story())
        assert not isinstance(caught.value, RefusedError)

    def test_its_settings_show_no_address(self, kind: str) -> None:
        config = TYPES[kind].model_validate({"type": kind, "url": "http://host/" + SECRET})
        assert SECRET not in repr(config) + str(config) + config.model_dump_json()


@pytest.mark.parametrize("kind", ["alertmanager", "webhook"])
@pytest.mark.parametrize(
    ("answer", "error"), [(400, RefusedError), (404, RefusedError), (429, Again), (302, RefusedError)]
)
def test_what_an_answer_means(kind: str, answer: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"answered {answer}"):
        told(kind, Server(answer), alert())


def test_a_receiver_may_ask_to_be_left_alone_but_not_for_ever() -> None:
    for header, after in (("7", 7.0), ("999999", 300.0), ("-1", None), ("nan", None), ("Mon, 02 Mar 2026", None)):
        with pytest.raises(Again) as caught:
            told("webhook", Server(503, headers={"retry-after": header}), alert())
        assert caught.value.after == after, header


def test_a_slow_receiver_is_not_waited_for_for_ever() -> None:
    async def story() -> None:
        async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(60)

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        receiver = made("webhook", f"http://127.0.0.1:{port}/", timeout="1s")
        with pytest.raises(TimeoutError):
            await receiver.deliver(alert())
        await receiver.close()
        server.close()

    asyncio.run(story())


class TestWebhook:
    def test_it_is_signed_and_has_a_key_that_names_the_change(self) -> None:
        server = Server()
        told("webhook", server, alert())
        ((_, headers, body),) = server.got
        assert Alert.model_validate_json(body) == alert()
        assert headers["idempotency-key"] == f"{alert().fingerprint}:1"
        timestamp = headers["groundswell-timestamp"]
        assert abs(datetime.now(UTC).timestamp() - int(timestamp)) < 600
        mac = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        assert headers["groundswell-signature"] == f"v1={mac}"

    def test_without_a_secret_it_is_not_signed(self) -> None:
        server = Server()
        told("webhook", server, alert(), secret=None)
        assert "groundswell-signature" not in server.got[0][1]

    def test_the_documented_check_takes_what_we_send_and_nothing_else(self) -> None:
        """The snippet of deploy/notify.md, executed."""
        (snippet,) = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
        scope: dict[str, Any] = {}
        exec(snippet, scope)
        genuine = scope["genuine"]
        server = Server()
        told("webhook", server, alert())
        ((_, headers, body),) = server.got
        at = int(headers["groundswell-timestamp"])
        assert genuine(headers, body, SECRET.encode(), now=at + 5)
        assert not genuine(headers, body + b" ", SECRET.encode(), now=at)
        assert not genuine(headers, body, b"another secret of ours", now=at)
        assert not genuine(headers, body, SECRET.encode(), now=at + 3600), "played again later"
        assert not genuine(headers | {"groundswell-timestamp": str(at + 1)}, body, SECRET.encode(), now=at)
        assert not genuine({}, body, SECRET.encode(), now=at)


class TestAlertmanager:
    NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def sent(self, it: Alert, **settings: Any) -> dict[str, Any]:
        config = AlertmanagerConfig.model_validate({"type": "alertmanager", "url": "http://am:9093"} | settings)
        poster = Poster("http://am:9093", timedelta(seconds=1))
        receiver = Alertmanager(poster, config.resend, config.labels, "http://grafana", lambda: self.NOW)
        return receiver.alert(it)

    def test_labels_are_the_same_all_its_life(self) -> None:
        first = self.sent(alert())
        for it in (
            alert(revision=2, reason="severity_rose", severity=1, title="worse"),
            alert(revision=3, reason="recovered", observed=0),
        ):
            assert self.sent(it)["labels"] == first["labels"]
        assert first["labels"] == {
            "alertname": "GroundswellPainPoint", "brand": "Acme", "kind": "pain_point", "pain_point": "late_delivery",
            "fingerprint": alert().fingerprint,
        }  # fmt: skip
        assert "pain_point" not in self.sent(alert(pain_point=None))["labels"]

    def test_while_it_fires_its_end_lies_ahead_and_then_it_is_the_true_one(self) -> None:
        firing, over = self.sent(alert(), resend="2m"), self.sent(alert(revision=2, reason="recovered"))
        assert firing["startsAt"] == "2026-03-02T00:00:00.000Z" == over["startsAt"]
        assert firing["endsAt"] == "2026-03-02T12:08:00.000Z", "four times may be missed"
        assert over["endsAt"] == "2026-03-02T03:00:00.000Z"

    def test_what_changes_is_in_the_annotations(self) -> None:
        it = self.sent(alert(severity=2))
        assert it["annotations"]["severity"] == "2"
        assert it["annotations"]["summary"].startswith("FIRING · severity 2 high · Acme: ")
        assert "20 different people" in it["annotations"]["description"]
        assert it["generatorURL"].startswith("http://grafana/d/groundswell-voices?var-brand=Acme")

    def test_it_is_posted_as_a_list_to_the_second_api(self) -> None:
        server = Server()
        told("alertmanager", server, alert(), labels={"team": "care"})
        ((path, _, body),) = server.got
        assert path == Server.PATH + "/api/v2/alerts"
        assert [it["labels"]["team"] for it in orjson.loads(body)] == ["care"]


def test_apprise_gets_a_message_and_its_kind() -> None:
    server = Server()
    told("apprise", server, alert(severity=1), alert(revision=2, reason="recovered"), format="text")
    bodies = [orjson.loads(body) for _, _, body in server.got]
    assert [it["type"] for it in bodies] == ["failure", "success"]
    assert bodies[0]["title"] == message(alert(severity=1)).title
    assert bodies[0]["message"].splitlines()[0].startswith("Voices: 20 different people in 1 h, 1.0 expected")


def test_the_log_line_says_what_and_since_when(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "groundswell.alerts"):
        Log().tell(alert())
    assert "FIRING severity 2 · Acme · late_delivery" in caplog.text
    assert "since 2026-03-02 00:00Z" in caplog.text


class TestMessage:
    SAID = "# *Never* again <script>, see [this](http://evil) @here"

    def full(self) -> Alert:
        quote = Quote(
            text=self.SAID, created_at=alert().starts_at, source="posts", channel="posts", event_id="1",
            url="https://example.org/1",
        )  # fmt: skip
        odd = quote.model_copy(update={"url": "javascript:alert(1)", "text": "x" * 2_000})
        driver = Driver(dimension="product", value="Kettle", share=0.8, usual=0.1)
        return alert(
            quotes=[quote, odd], drivers=[driver], emotions={"anger": 0.61}, sentiment=-0.4, sentiment_before=0.1,
            pain_points={"refund": 3}, title="Late delivery: 20 voices\nin 1 h",
        )  # fmt: skip

    def test_it_says_what_a_person_needs(self) -> None:
        it = message(self.full(), "http://grafana/")
        assert it.title == "FIRING · severity 2 high · Acme: Late delivery: 20 voices in 1 h"
        for part in (
            "Voices: 20 different people in 1 h, 1.0 expected (×20.0)",
            "Since: 2026-03-02 00:00Z, seen 2026-03-02 00:00Z",
            "Mood: -0.40, +0.10 before; anger 61%",
            "Driven by: product Kettle 80% (usually 10%)",
            "Also about: refund (3)",
            f"“{self.SAID}” (posts, 2026-03-02 00:00Z) https://example.org/1",
            "Resolves when: fewer than 3 voices an hour, for an hour",
            "Dashboard: http://grafana/d/groundswell-voices?var-brand=Acme&var-pain_point=late_delivery&from=",
        ):
            assert part in it.text, part

    def test_nobodys_words_become_markup(self) -> None:
        marked = message(self.full()).markdown
        assert r"\# \*Never\* again \<script\>, see \[this\]\(http://evil\) @here" in marked
        assert "[posts, 2026-03-02 00:00Z](https://example.org/1)" in marked
        assert "javascript" not in marked
        assert max(map(len, marked.splitlines())) < 500

    def test_it_says_that_it_is_over(self) -> None:
        it = message(alert(revision=2, reason="recovered", recovery_seconds=10_800.0))
        assert it.title.startswith("RESOLVED · ")
        assert "over 2026-03-02 03:00Z (after 3 h)" in it.text
        assert "Resolves when" not in it.text
