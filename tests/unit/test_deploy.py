"""What is deployed, held to the code: the image's steps, Compose, the rules and the runbook behind each alert."""

from __future__ import annotations

import fnmatch
import gzip
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import threading
import venv
import zipfile
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
import yaml

from dashboards.table import rows
from schemas.quarantine import QuarantineReason
from streams.catalog import Catalogs
from streams.detection import detector
from streams.listener import Listener
from streams.settings import Settings
from streams.silence_log import SilenceLog
from streams.stages.detect import DetectStage
from streams.stages.notify import NotifyStage
from streams.telemetry import STAGES, UNCOUNTED, Telemetry
from streams.topics import ALL
from tests.support.telling import Phone, Receipts, delivery

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PACKAGES = ("schemas", "streams", "agents", "groundswell")


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


# The image.


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, (name, arguments), in order."""
    lines = [line for line in (DEPLOY / "Dockerfile").read_text("utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


def arguments(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def copied() -> list[str]:
    """What the image takes from the checkout."""
    return [path for rest in arguments("COPY") if not rest.startswith("--from") for path in rest.split()[:-1]]


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps the path out of the build's context; the last line that speaks of it decides."""
    out = False
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = path.split("/")
        leading = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        names = parts if line.startswith("**/") else leading
        if any(fnmatch.fnmatchcase(name, pattern) for name in names):
            out = not line.startswith("!")
    return out


def test_the_image_is_pinned_and_runs_without_root() -> None:
    assert re.fullmatch(r"PYTHON=python:3\.\d+\.\d+-slim-\w+", arguments("ARG")[0])
    assert [rest.split()[0] for rest in arguments("FROM")] == ["${PYTHON}"] * 2
    (user,) = arguments("USER")
    assert all(int(part) > 0 for part in user.split(":"))
    assert arguments("ENTRYPOINT") == ['["groundswell"]']
    assert "/readyz" in arguments("HEALTHCHECK")[0]
    assert all(
        "--require-hashes" in run for run in re.findall(r"pip install (?!--no-deps)[^&]*", "\n".join(arguments("RUN")))
    )


def test_the_image_sets_settings_that_exist_and_writes_into_its_volume_alone() -> None:
    environment = dict(re.findall(r"(\w+)=(\S+)", arguments("ENV")[1]))
    assert {name for name in environment if name.startswith("GROUNDSWELL_")} <= known_variables()
    (volume,) = arguments("VOLUME")
    assert environment["GROUNDSWELL_DATA"] == volume
    assert Path(environment["GROUNDSWELL_CACHE"]).is_relative_to(volume)
    assert environment["GROUNDSWELL_METRICS_HOST"] == "0.0.0.0"
    assert environment["GROUNDSWELL_METRICS_PORT"] == arguments("EXPOSE")[0]


def test_the_context_has_what_is_copied_and_nothing_private() -> None:
    assert copied()
    for path in copied():
        assert (ROOT / path).exists(), path
        assert not ignored(path), path
    for path in (".git", ".venv/bin/python", "tests/pem/localhost-key.pem", "deploy/runbook.md", "streams/__pycache__"):
        assert ignored(path), path
    assert not ignored("streams/broker/jars.json")


@pytest.mark.parametrize("name", ["requirements.txt", "build.txt"])
def test_the_image_installs_what_was_tested(name: str) -> None:
    def pins(path: Path) -> set[str]:
        return set(re.findall(r"^([a-z0-9][\w.\[\]-]*==\S+)", path.read_text("utf-8"), re.MULTILINE))

    wanted = pins(DEPLOY / name)
    assert wanted
    assert wanted <= pins(ROOT / "requirements.lock"), "run: make lock"
    text = (DEPLOY / name).read_text("utf-8")
    assert not re.search(r"https?://|--(extra-)?index-url", text)
    assert text.count("==") <= text.count("--hash=sha256:")


def test_the_image_installs_every_dependency_and_no_developers_tool() -> None:
    held = pinned("requirements.txt")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    dependencies = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert dependencies
    assert set(re.findall(r'^\s*"([a-z0-9-]+)', dependencies[1], re.MULTILINE)) <= held, "run: make lock"
    assert not held & {"mypy", "pytest", "ruff", "uv", "hatchling"}


def pinned(name: str) -> set[str]:
    """The packages of one of the image's lock files."""
    return set(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[\S*\])?==", (DEPLOY / name).read_text("utf-8"), re.MULTILINE))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Dockerfile's steps without Docker: the context, the wheel, and an environment that has nothing but both."""
    context, dist, home = (tmp_path_factory.mktemp(name) for name in ("context", "dist", "image"))
    for path in copied():
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, context / path, ignore=shutil.ignore_patterns("__pycache__", "_native.*"))
        else:
            (context / path).parent.mkdir(exist_ok=True)
            shutil.copyfile(ROOT / path, context / path)
    assert any("hatchling build --target wheel --directory /dist" in run for run in arguments("RUN"))
    hatchling = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(dist)]
    subprocess.run(hatchling, cwd=context, check=True, capture_output=True)
    (wheel,) = dist.glob("*.whl")
    venv.create(home / "venv", with_pip=False)
    python = home / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
    # The image's lock and nothing else: what it misses, the command misses too. The files are those that were installed
    # here from the same hashes.
    (site,) = (home / "venv").glob("lib/python*/site-packages")
    for name in pinned("requirements.txt"):
        try:
            files = metadata.distribution(name).files or ()
        except metadata.PackageNotFoundError:
            continue  # For another system; `test_the_image_installs_what_was_tested` knows that it is in our lock.
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (site / top).exists():  # Two of them may share a namespace.
                (site / top).symlink_to(Path(sysconfig.get_path("purelib")) / top)
    shutil.copyfile(wheel, home / "groundswell.whl")
    state = home / "state"
    state.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(state, *map(int, arguments("USER")[0].split(":")))
    return home


def like_its_user() -> list[str]:
    """What makes a command run as the image's user: it may read this machine's files, and write its own alone.

    Whoever isn't root is such a user already.
    """
    if os.geteuid() != 0:
        return []
    uid, gid = arguments("USER")[0].split(":")
    kept = "-all,+dac_read_search"  # The interpreter may lie in root's home, as it does not in the image.
    caps = [f"--{kind}={kept}" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs", *caps]


def image_command(image: Path, *command: str, **environment: str) -> dict[str, Any]:
    """Arguments for ``subprocess``: the command as the container would run it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GROUNDSWELL_", "PYTHON"))}
    state = str(image / "state")
    return {
        "args": [*like_its_user(), str(image / "venv" / "bin" / command[0]), *command[1:]],
        "cwd": state,
        "env": kept | {"GROUNDSWELL_DATA": state, "HOME": state, "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        "text": True,
    }


def in_image(image: Path, *command: str, stdin: str = "") -> str:
    done = subprocess.run(**image_command(image, *command), input=stdin, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def test_the_wheel_holds_every_file_that_the_code_reads(image: Path) -> None:
    with zipfile.ZipFile(image / "groundswell.whl") as wheel:
        held = set(wheel.namelist())
    data = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"streams/scoring/weights.npz", "streams/broker/jars.json", "streams/broker/log4j2.xml"} <= data
    assert data <= held


def test_the_installed_command_works_far_from_the_checkout(image: Path) -> None:
    find = f"from importlib.util import find_spec; print(*(find_spec(name).origin for name in {PACKAGES}))"
    where = in_image(image, "python", "-c", find)
    assert all(Path(path).is_relative_to(image) for path in where.split())
    assert "quarantine" in in_image(image, "groundswell", "--help")
    assert "fingerprint" in orjson.loads(in_image(image, "groundswell", "schema", "alerts"))["properties"]
    # The catalog, the frequencies and the weights.
    heard = orjson.loads(
        in_image(image, "groundswell", "score", stdin='{"id": "1", "text": "My order hasn\'t arrived."}\n')
    )
    assert [it["id"] for it in heard["pain_points"]] == ["late_delivery"]
    in_image(image, "python", "-m", "groundswell.demo.week", "week")
    week = image / "state" / "week"
    assert {path.name for path in week.iterdir()} == {"reviews.jsonl", "posts.jsonl", "tickets.jsonl"}


def test_what_the_image_is_told_to_switch_on_is_in_it(image: Path) -> None:
    """The extras that a worker needs for what its settings promise: spans leave it, and Apprise is asked."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    program = (
        "import asyncio; from streams.settings import Settings; from streams.tracing import Tracing;"
        "tracing = Tracing(Settings(traces=True));"
        "tracing.provider.get_tracer('ours').start_span('tried in the image').end();"
        "asyncio.run(tracing.close()); import apprise; assert apprise.Apprise().add('json://localhost')"
    )
    try:
        told = subprocess.run(
            **image_command(
                image, "python", "-c", program, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.server_port}"
            ),
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()
    assert told.returncode == 0, told.stderr
    assert any(b"tried in the image" in (gzip.decompress(it) if it[:2] == b"\x1f\x8b" else it) for it in bodies)


def test_the_entry_point_waits_as_nobody_and_ends_when_it_is_told_to(image: Path) -> None:
    """The image's command, before there is a broker: its only files are those of its state folder."""
    (entry,), (command,) = (orjson.loads(arguments(name)[-1]) for name in ("ENTRYPOINT", "CMD"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        broker = f"127.0.0.1:{closed.getsockname()[1]}"
        run = image_command(image, entry, command, GROUNDSWELL_BROKER=broker)
        with subprocess.Popen(**run, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as worker:
            try:
                assert worker.stdout
                assert "waiting for the broker" in worker.stdout.readline()
                if os.geteuid() == 0:
                    owner = (Path("/proc") / str(worker.pid)).stat()
                    assert f"{owner.st_uid}:{owner.st_gid}" == arguments("USER")[0]
                worker.send_signal(signal.Signals[arguments("STOPSIGNAL")[0]])
                assert worker.wait(timeout=60) == 0
            finally:
                worker.kill()


def test_without_a_key_one_is_made_that_nobody_else_reads(image: Path) -> None:
    event = b'{"id": "1", "brand": "Acme", "text": "Fine.", "author": "ana", "created_at": "2026-03-02T09:15:00Z"}\n'
    (image / "one.jsonl").write_bytes(event)
    in_image(image, "groundswell", "replay", str(image / "one.jsonl"), "--as", "posts", "--out", "out")
    key = image / "state" / "pseudonym.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.stat().st_uid == (image / "state").stat().st_uid


# Compose.


def known_variables() -> set[str]:
    return {f"GROUNDSWELL_{name.upper()}" for name in Settings.model_fields}


@pytest.fixture(scope="module")
def compose() -> Any:
    return load(ROOT / "docker-compose.yml")


def test_images_are_pinned_and_ports_are_this_machines(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"]), name
        for port in service.get("ports", ()):
            assert str(port).startswith("127.0.0.1:"), (name, port)


def test_every_service_is_asked_how_it_is(compose: Any) -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    ours = compose["x-groundswell"]["image"]
    for name, service in compose["services"].items():
        check = service.get("healthcheck")
        if check is None:
            assert service["image"] == ours, f"{name} has neither a health check nor an image with one"
        elif check.get("disable"):
            block = re.search(rf"^  {name}:\n(.*?)(?=^  \w|^\w|\Z)", text, re.MULTILINE | re.DOTALL)
            assert block
            assert re.search(r"disable: true\} # .+\.$", block[1], re.MULTILINE), f"{name} doesn't say why"
        else:
            assert check["test"][0] == "CMD"
            assert check["retries"]


def test_settings_in_compose_exist_and_secrets_are_asked_for(compose: Any) -> None:
    variables = {
        name
        for service in compose["services"].values()
        for name in service.get("environment") or ()
        if name.startswith("GROUNDSWELL_")
    }
    assert {"GROUNDSWELL_BROKER", "GROUNDSWELL_PSEUDONYM_KEY"} <= variables
    mentioned = set(re.findall(r"GROUNDSWELL_[A-Z_]+", (ROOT / "docker-compose.yml").read_text("utf-8")))
    assert variables | mentioned <= known_variables()
    secret = {
        f"GROUNDSWELL_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if "Secret" in str(field.annotation)
    }
    for service in compose["services"].values():
        for name in secret & set(service.get("environment") or ()):
            value = service["environment"][name]
            assert value is None or re.fullmatch(rf"\$\{{{name}:\?[^}}$]+\}}", value), f"{name} is in the file"
    assert compose["x-settings"]["GROUNDSWELL_PSEUDONYM_KEY"].startswith("${GROUNDSWELL_PSEUDONYM_KEY:?")


def test_the_order_of_starting_waits_for_what_is_needed(compose: Any) -> None:
    services = compose["services"]
    assert services["topics"]["depends_on"]["kafka"] == {"condition": "service_healthy"}
    assert services["topics"]["command"] == ["topics", "create"]
    assert services["worker"]["depends_on"]["topics"] == {"condition": "service_completed_successfully"}
    assert "kafka-topics.sh" in services["kafka"]["healthcheck"]["test"][1]
    broker = services["worker"]["environment"]["GROUNDSWELL_BROKER"]
    assert f"INSIDE://{broker}" in services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert int(services["kafka"]["environment"]["KAFKA_MESSAGE_MAX_BYTES"]) >= max(
        topic.max_message_bytes for topic in ALL
    )
    assert services["worker"]["read_only"]
    assert {name for name, service in services.items() if "profiles" not in service} == {"kafka", "topics", "worker"}


@pytest.mark.parametrize("broken", ["", "reviews", "tickets"])
def test_a_demo_that_could_not_be_sent_ends_with_an_error(compose: Any, tmp_path: Path, broken: str) -> None:
    demo = compose["services"]["demo"]
    for name in ("python", "groundswell"):
        fails = f'case "$*" in *"--as {broken or "-"} "*) exit 3;; esac'
        (tmp_path / name).write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/done\n{fails}\n', "utf-8")
        (tmp_path / name).chmod(0o755)
    command = [*demo["entrypoint"], *(it.replace("$$", "$") for it in demo["command"])]
    ended = subprocess.run(command, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    assert ended.returncode == (3 if broken else 0)
    assert len((tmp_path / "done").read_text("utf-8").splitlines()) == 4


COMPOSE = shutil.which("docker-compose", path=sysconfig.get_path("scripts"))
"""Compose itself; only to bring something up it would need an engine."""


def composed(*arguments: str, key: str | None = "k" * 32) -> subprocess.CompletedProcess[str]:
    ours = ("GROUNDSWELL_", "COMPOSE_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if key is not None:
        environment["GROUNDSWELL_PSEUDONYM_KEY"] = key
    return subprocess.run(
        [str(COMPOSE), *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(COMPOSE is None, reason="Compose has no wheel for this system; its file is checked above")
def test_compose_itself_reads_the_file() -> None:
    refused = composed("config", "--quiet", key=None)
    assert refused.returncode != 0
    assert "GROUNDSWELL_PSEUDONYM_KEY" in refused.stderr
    for profiles, more in (([], set()), (["demo"], {"demo"}), (["full"], {"prometheus", "alertmanager", "grafana"})):
        taken = composed(*(f"--profile={name}" for name in profiles), "config", "--format=json")
        assert taken.returncode == 0, taken.stderr
        assert taken.stderr == ""  # No warning either, such as of a variable that isn't set.
        services = orjson.loads(taken.stdout)["services"]
        assert services.keys() == {"kafka", "topics", "worker"} | more
        for name, service in services.items():
            assert "healthcheck" in service or name == "worker", name
            assert service["restart"] == ("no" if name in ("topics", "demo") else "unless-stopped")
            assert service.get("depends_on", {}).keys() <= services.keys(), "waits for what this profile doesn't start"
            for volume in service.get("volumes", ()):
                assert volume["type"] == "volume" or (Path(volume["source"]).is_dir() and volume["read_only"])
        worker = services["worker"]
        assert worker["environment"]["GROUNDSWELL_PSEUDONYM_KEY"] == "k" * 32
        assert worker["build"]["dockerfile"] == "deploy/Dockerfile"
        assert (worker["read_only"], worker["cap_drop"]) == (True, ["ALL"])


# Prometheus.


def notifying(telemetry: Telemetry) -> None:
    """Have everything shown that is shown of notify, with one receiver."""
    told = delivery({"care": Phone()}, Receipts(4), telemetry=telemetry)
    NotifyStage(Settings(), told, SilenceLog(Settings(), "127.0.0.1:1", None), telemetry)
    told.observe()
    telemetry.delivery_attempts.labels("care", "taken")


@cache
def exported() -> dict[str, set[str]]:
    """Every series that a worker can show → its labels, by the table that is held to what workers show."""
    series: dict[str, set[str]] = {"up": set(), "process_start_time_seconds": set()}
    for name, kind, labels, _ in rows():
        for suffix in ("_bucket", "_count", "_sum") if kind == "histogram" else ("",):
            series[name + suffix] = {*labels, "le"} if suffix == "_bucket" else set(labels)
    return series


def rules() -> list[dict[str, Any]]:
    return [rule for group in load(DEPLOY / "prometheus/rules.yml")["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDED = {rule["record"] for rule in rules() if "record" in rule}
BY_PROMETHEUS = {"job", "instance"}
VALUES = {
    "source": {"reviews", "posts", "tickets"},
    "stage": set(STAGES),
    "reason": {*get_args(QuarantineReason), *UNCOUNTED},
    "result": {"delivered", "failed", "superseded", "silenced", "acknowledged", "taken"},
    "receiver": {"log", "care"},
    "topic": {topic.short_name for topic in ALL} | {topic.full_name(Settings().topic_prefix) for topic in ALL},
    "job": {"groundswell"},
}
"""What a label that rules select by can be."""


def selectors(expression: str) -> list[tuple[str, str]]:
    """(metric, what stands in its braces) of each metric that an expression reads."""
    words = re.sub(r"\b(by|on|without|ignoring)\s*\([^)]*\)", " ", expression)
    return re.findall(r"\b((?:groundswell|process)[\w:]+|up|ALERTS)\b(?:\{([^}]*)\})?", words)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_read_only_what_workers_show(rule: dict[str, Any]) -> None:
    series = exported()
    found = selectors(rule["expr"])
    assert found
    for name, braces in found:
        if name in RECORDED:
            continue
        assert name in series, f"no worker shows {name}"
        for label, operator, value in re.findall(r'(\w+)\s*(=~|=|!=|!~)\s*"([^"]*)"', braces):
            assert label in series[name] | BY_PROMETHEUS, f"{name} has no label {label}"
            assert operator in ("=", "=~")
            known = VALUES[label]
            matching = {value} & known if operator == "=" else {it for it in known if re.fullmatch(value, it)}
            assert matching, f"{label} is never {value}"
            if operator == "=~" and ".*" not in value:
                assert set(value.split("|")) <= known
    grouped = {
        label.strip()
        for labels in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", rule["expr"])
        for label in labels.split(",")
    }
    labels = set().union(*(series.get(name, set()) for name, _ in found)) | BY_PROMETHEUS | set(VALUES)
    assert grouped <= labels | {"le", "partition"}


def headings(path: Path) -> set[str]:
    """The anchors of a Markdown file, as its readers make them."""
    found = re.findall(r"^#+ +(.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_says_what_to_do(name: str) -> None:
    alert = ALERTS[name]
    path, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert path == "deploy/runbook.md"
    assert anchor == name.lower()
    assert anchor in headings(DEPLOY / "runbook.md")
    assert alert["annotations"]["summary"].endswith(".")
    assert alert["labels"]["severity"] in ("critical", "warning", "info")


def test_every_alert_of_the_runbook_exists_and_is_tried() -> None:
    told = set(re.findall(r"^#+ +(Groundswell[A-Z]\w+)$", (DEPLOY / "runbook.md").read_text("utf-8"), re.MULTILINE))
    assert told == set(ALERTS)
    tried = {
        case["alertname"]
        for test in load(DEPLOY / "prometheus/tests.yml")["tests"]
        for case in test.get("alert_rule_test", ())
        if case["exp_alerts"]
    }
    assert tried == set(ALERTS)


def test_commands_in_the_runbook_exist() -> None:
    """A command that is told at three in the morning has to be there."""
    from typer.main import get_command

    from groundswell.cli import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    told = re.findall(r"\bgroundswell ((?:[a-z]+ ?)+)(.*)", (DEPLOY / "runbook.md").read_text("utf-8"))
    blocks = [(words.split(), rest) for words, rest in told]
    named = [(words, rest) for words, rest in blocks if words[0] in commands]
    assert len(named) > 10
    for words, rest in named:
        command = commands[words[0]]
        if hasattr(command, "commands") and not (command.invoke_without_command and words[1:2] == []):
            assert words[1] in command.commands, words
            command = command.commands[words[1]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest.partition("`")[0])) <= options, (words, rest)
    settings = set(re.findall(r"GROUNDSWELL_[A-Z_]+", (DEPLOY / "runbook.md").read_text("utf-8")))
    assert settings <= known_variables() | {"GROUNDSWELL_DEBUG"}


PROMTOOL = shutil.which("promtool")


def test_prometheus_takes_the_rules() -> None:
    """By promtool where it is installed; else their structure is checked here, which doesn't try the expressions."""
    if PROMTOOL:
        for command in (
            ("check", "config", "prometheus.yml"),
            ("check", "rules", "rules.yml"),
            ("test", "rules", "tests.yml"),
        ):
            done = subprocess.run(
                [PROMTOOL, *command], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
        return
    sys.stderr.write("promtool is not installed: the rules' structure is checked, their expressions are not tried.\n")
    for rule in rules():
        assert set(rule) <= {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"}
        assert re.fullmatch(r"\d+[smhd]", rule.get("for", "0s"))
        for opening, closing in ("()", "[]", "{}"):
            assert rule["expr"].count(opening) == rule["expr"].count(closing)
        for text in rule.get("annotations", {}).values():
            assert text.count("{{") == text.count("}}")
    for test in load(DEPLOY / "prometheus/tests.yml")["tests"]:
        assert set(test) <= {"name", "interval", "input_series", "alert_rule_test", "promql_expr_test"}
        shown = {re.split(r"[{\s]", series["series"])[0] for series in test["input_series"]}
        assert shown <= set(exported())


def test_alertmanager_takes_its_configuration() -> None:
    path = DEPLOY / "alertmanager/alertmanager.yml"
    config = load(path)
    assert config["route"]["receiver"] in {receiver["name"] for receiver in config["receivers"]}
    named = {
        name
        for rule in config["inhibit_rules"]
        for matcher in rule["source_matchers"] + rule["target_matchers"]
        for name in re.findall(r"Groundswell[A-Z]\w+", matcher)
    }
    assert named <= set(ALERTS)
    if amtool := shutil.which("amtool"):
        done = subprocess.run([amtool, "check-config", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_finds_the_workers(compose: Any) -> None:
    config = load(DEPLOY / "prometheus/prometheus.yml")
    (job,) = (job for job in config["scrape_configs"] if job["job_name"] == "groundswell")
    (found,) = job["dns_sd_configs"]
    assert found["names"] == ["worker"]
    assert "worker" in compose["services"]
    assert str(found["port"]) == arguments("EXPOSE")[0]
    assert "alertmanager" in compose["services"]


# What the rules rely on.


def test_counters_begin_at_zero_for_increase_sees_no_first_value() -> None:
    telemetry = Telemetry()
    notifying(telemetry)
    for name, labels in (
        ("groundswell_deliveries_total", {"receiver": "care", "result": "failed"}),
        ("groundswell_quarantined_records_total", {"reason": "scoring_failed"}),
        ("groundswell_uncounted_records_total", {"reason": "too_late"}),
        ("groundswell_records_total", {"stage": "score"}),
        ("groundswell_late_records_total", {}),
    ):
        assert telemetry.registry.get_sample_value(name, labels) == 0, name


def test_a_partition_that_others_have_is_shown_no_longer() -> None:
    catalogs, telemetry = Catalogs.load(["generic"]), Telemetry()
    stage = DetectStage(Settings(), "127.0.0.1:1", catalogs, detector("surge"), None, None, telemetry)  # type: ignore[arg-type]
    stage._listeners[3] = Listener(catalogs, detector("surge"), 0)
    stage._listeners[3].clocks.raw["posts"] = 1
    stage._listeners[3].clocks.live["posts:0"] = 60_000
    name, labels = "groundswell_live_watermark_timestamp_seconds", {"partition": "3"}
    stage.observe()
    assert telemetry.registry.get_sample_value(name, labels) == 60
    assert telemetry.registry.get_sample_value("groundswell_brands", labels) == 0
    stage._listeners.clear()
    stage.observe()
    assert telemetry.registry.get_sample_value(name, labels) is None
    assert telemetry.registry.get_sample_value("groundswell_brands", labels) is None


# What people are told to open and type.


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CHANGELOG.md", "deploy/runbook.md", "deploy/operations.md"])
def test_files_that_are_named_exist(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    named = set(
        re.findall(r"(?<![\w./-])((?:schemas|streams|agents|groundswell|deploy|tests|training)/[\w./-]*\w/?)", text)
    )
    assert {path for path in named if not (ROOT / path).exists()} == set()
    for target in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", text):
        if target[0].startswith("https://"):
            continue
        path = (ROOT / name).parent / target[0] if target[0] else ROOT / name
        assert path.exists(), target
        assert not target[1] or target[1] in headings(path), target


def test_the_rules_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        assert set(re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)) <= targets


def test_hooks_fetch_nothing() -> None:
    repos = load(ROOT / ".pre-commit-config.yaml")["repos"]
    assert [repo["repo"] for repo in repos] == ["local"]
    for hook in repos[0]["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")
