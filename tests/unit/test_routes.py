"""Routes as data: who is told of what, and what is said to who wrote the file wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner, Result

from groundswell.cli import app
from groundswell.cli.exits import Exit
from streams import routes_file
from streams.routes_file import MOST_RECEIVERS, RoutesError, parse, read
from streams.routing import Route, receivers_of
from streams.settings import Settings
from tests.support.alerts import alert

SECRET = "token-that-nobody-may-read"
DOCS = Path(__file__).parents[2] / "deploy" / "notify.md"


def test_every_condition_counts_and_everyone_is_named_once() -> None:
    routes = (
        Route(severity=2, to=("pager",)),
        Route(brands=frozenset({"Acme"}), pain_points=frozenset({"late_delivery", "refund"}), to=("care", "pager")),
        Route(kinds=frozenset({"surge"}), to=("pr",)),
        Route(to=("archive",)),
    )
    assert receivers_of(routes, alert(severity=2)) == ("pager", "care", "archive")
    assert receivers_of(routes, alert(severity=3)) == ("care", "pager", "archive")
    assert receivers_of(routes, alert("Other", severity=4)) == ("archive",)
    assert receivers_of(routes, alert(pain_point=None, severity=1)) == ("pager", "pr", "archive")


def test_a_route_may_end_the_search() -> None:
    routes = (Route(brands=frozenset({"Acme"}), to=("care",), stop=True), Route(to=("archive",)))
    assert receivers_of(routes, alert()) == ("care",)
    assert receivers_of(routes, alert("Other")) == ("archive",)


def test_whoever_was_told_that_it_fires_is_told_that_it_is_over() -> None:
    route = Route(severity=2, to=("pager",))
    assert route.matches(alert(revision=3, reason="recovered", severity=2))


MANAGER = {"type": "alertmanager", "url": "http://am"}
WEBHOOK = {"type": "webhook", "url": f"https://example.org/{SECRET}"}


def document(**changed: Any) -> dict[str, Any]:
    return {"receivers": {"care": WEBHOOK}, "routes": [{"to": ["care"]}]} | changed


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"receiver": {}}, "receiver: unknown; there are receivers, routes and dashboard"),
        ({"receivers": {"care": {}}}, "receivers.care.type: there are alertmanager, apprise, webhook"),
        ({"receivers": {"care": {"type": "fax"}}}, "receivers.care.type: there are"),
        ({"receivers": {"care": {"type": "webhook"}}}, "the address is missing: give one of url, url_env, url_file"),
        ({"receivers": {"care": WEBHOOK | {"url": " "}}}, "begins with http:// or https://"),
        ({"receivers": {"care": WEBHOOK | {"url": f"ftp://{SECRET}"}}}, ".url: a webhook's address begins with http"),
        ({"receivers": {"care": WEBHOOK | {"url_env": "X"}}}, "url and url_env are given; one is enough"),
        ({"receivers": {"care": {"type": "webhook", "url_env": "X"}}}, "the environment has no X"),
        ({"receivers": {"care": {"type": "webhook", "url_file": "gone"}}}, "url_file: gone can't be read"),
        ({"receivers": {"care": WEBHOOK | {"secret": "short"}}}, "16 characters at least"),
        ({"receivers": {"care": WEBHOOK | {"resend": "2m"}}}, "receivers.care.resend: there is no such key"),
        ({"receivers": {"care": WEBHOOK | {"timeout": 3}}}, "receivers.care.timeout: write a duration as"),
        ({"receivers": {"care": WEBHOOK | {"timeout": "soon"}}}, "receivers.care.timeout: "),
        ({"receivers": {"care": WEBHOOK | {"timeout": "0s"}}}, "receivers.care.timeout: "),
        ({"receivers": {"Care!": WEBHOOK}}, "receivers.Care!: a name is of small letters"),
        ({"receivers": {"log": WEBHOOK}}, "every alert is in the log anyway"),
        ({"receivers": []}, "receivers: write a table for each"),
        ({"receivers": {f"r{n}": WEBHOOK for n in range(MOST_RECEIVERS + 1)}}, "are too many"),
        ({"receivers": {"care": MANAGER | {"labels": {"brand": "x"}}}}, "care.labels: brand: Groundswell sets it"),
        ({"receivers": {"care": MANAGER | {"labels": {"a-b": "x"}}}}, "receivers.care.labels.a-b"),
        ({"receivers": {"care": MANAGER | {"resend": "2d"}}}, "receivers.care.resend"),
        ({"routes": []}, "routes: there is none, so nobody would be told anything"),
        ({"routes": {}}, "routes: write a table for each"),
        ({"routes": [{"to": []}]}, "route 1.to: "),
        ({"routes": [{"to": ["care"]}, {}]}, "route 2.to: Field required"),
        ({"routes": [{"to": ["pager"]}]}, "route 1.to: there is no receiver pager; there are: care"),
        ({"routes": [{"to": ["care"], "severity": 5}]}, "route 1.severity: "),
        ({"routes": [{"to": ["care"], "kinds": ["storm"]}]}, "route 1.kinds"),
        ({"routes": [{"to": ["care"], "brand": "Acme"}]}, "route 1.brand: there is no such key"),
        ({"dashboard": "grafana"}, "dashboard: write the address of Grafana"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place_and_without_a_secret(
    wrong: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(RoutesError) as caught:
        parse(document(**wrong), {}, tmp_path)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_secrets_may_stand_in_files_and_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "address").write_text(f"https://example.org/{SECRET}\n")
    table = {"type": "webhook", "url_file": "address", "secret_env": "S"}
    routes = parse(document(receivers={"care": table}), {"S": "x" * 20}, tmp_path)
    assert routes.receivers["care"].address == f"https://example.org/{SECRET}"
    assert SECRET not in repr(routes)


def test_an_apprise_address_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    routes = parse(document(receivers={"care": {"type": "apprise", "url": f"nowhere://{SECRET}"}}), {}, tmp_path)
    with pytest.raises(RoutesError, match=r"receivers\.care: Apprise does not know such an address") as caught:
        routes.make()
    assert SECRET not in str(caught.value)


def test_without_the_extra_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.receivers.apprise_receiver.find_spec", lambda _: None)
    routes = parse(document(receivers={"care": {"type": "apprise", "url": "json://h"}}), {}, tmp_path)
    with pytest.raises(RoutesError, match=r"pip install 'groundswell\[apprise\]'"):
        routes.make()


def test_settings_alone_tell_everything_and_not_beside_a_file(tmp_path: Path) -> None:
    assert routes_file.load(Settings()).receivers == {}
    both = {"webhook_url": WEBHOOK["url"], "webhook_secret": "s" * 20, "alertmanager_url": "http://am:9093"}
    simple = routes_file.load(Settings(**both))
    assert receivers_of(simple.routes, alert(severity=4)) == ("webhook", "alertmanager")
    assert len(simple.make()) == 2
    file = tmp_path / "routes.toml"
    file.write_text("")
    with pytest.raises(RoutesError, match="GROUNDSWELL_WEBHOOK_URL and GROUNDSWELL_ALERTMANAGER_URL would be told"):
        routes_file.load(Settings(routes=file, **both))
    with pytest.raises(RoutesError, match=r"receivers\.webhook\.secret: a secret has 16 characters"):
        routes_file.load(Settings(webhook_url=WEBHOOK["url"], webhook_secret="short"))


@pytest.mark.parametrize(
    ("content", "said"), [(b"a = ", "is not TOML"), (b"\xff", "is not UTF-8"), (None, "can't be read: No such file")]
)
def test_files_that_are_none(content: bytes | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RoutesError, match=said):
        read(file)


def test_a_routes_data_can_not_be_changed() -> None:
    with pytest.raises(ValidationError):
        Route(to=("care",)).stop = True


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("GROUNDSWELL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, ["routes", *arguments], prog_name="groundswell")


@pytest.fixture
def documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of deploy/notify.md, with the secrets that it names."""
    text = DOCS.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    file = tmp_path / "routes.toml"
    file.write_text(text, "utf-8")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "crm").write_text("a secret of many characters")
    (tmp_path / "secrets" / "chat").write_text(f"json://127.0.0.1:9/{SECRET}")
    monkeypatch.setenv("CRM_HOOK_URL", f"https://example.org/{SECRET}")
    return file


class TestCommands:
    def test_check_shows_the_documented_file_without_its_secrets(
        self, run: Callable[..., Result], documented: Path
    ) -> None:
        shown = run("check", str(documented))
        assert shown.exit_code == 0, shown.output
        assert "Receivers: oncall (alertmanager), crm (webhook), chat (apprise)" in shown.output
        assert "late_delivery, refund" in shown.output and "nobody below" in shown.output
        assert SECRET not in shown.output

    def test_check_says_what_is_wrong_and_who_is_idle(self, run: Callable[..., Result], documented: Path) -> None:
        text = documented.read_text("utf-8")
        documented.write_text(text.replace('to = ["chat"]', 'to = ["crm"]'), "utf-8")
        assert "receiver chat is named by no route" in run("check", str(documented)).output
        documented.write_text(text.replace('to = ["chat"]', 'to = ["caht"]'), "utf-8")
        refused = run("check", str(documented))
        assert refused.exit_code == Exit.USAGE
        assert "route 3.to: there is no receiver caht" in refused.output

    def test_test_says_who_would_be_told(self, run: Callable[..., Result], documented: Path) -> None:
        def told(*arguments: str) -> list[str]:
            result = run("test", str(documented), *arguments, "--json")
            assert result.exit_code == 0, result.output
            return list(orjson.loads(result.stdout)["told"])

        assert told() == ["chat"]
        assert told("--severity", "1") == ["oncall", "chat"]
        assert told("--brand", "Acme", "--pain-point", "refund") == ["crm"]
        assert run("test", str(documented), "--kind", "storm").exit_code == Exit.USAGE

    def test_deliver_tells_them_and_says_who_did_not_take_it(
        self, run: Callable[..., Result], documented: Path
    ) -> None:
        result = run("test", str(documented), "--deliver")
        assert result.exit_code == Exit.PROBLEM
        assert result.stdout == "chat: Apprise could not deliver it\n"

    def test_without_a_file_the_settings_are_checked(
        self, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert "Nobody is told but the log" in run("check").output
        monkeypatch.setenv("GROUNDSWELL_WEBHOOK_URL", WEBHOOK["url"])
        assert "Receivers: webhook (webhook)" in run("check").output
