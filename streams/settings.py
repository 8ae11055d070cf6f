"""Every setting, as a sentence: its name, type, default, and what it does.

A setting is read from the environment as ``GROUNDSWELL_`` + its name in capitals. Reading them does no I/O.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What can be set; an unknown value is refused with the name of the setting."""

    model_config = SettingsConfigDict(env_prefix="GROUNDSWELL_", extra="forbid", frozen=True)

    # The broker.
    broker: str | None = Field(
        None,
        pattern=r"^[^\s,:/]+:\d+(,[^\s,:/]+:\d+)*$",
        description="host:port of a running Kafka (several with commas). Unset: the embedded broker is used.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to the broker."
    )
    ssl_cafile: Path | None = Field(None, description="PEM file of the authority that signed the broker's certificate.")
    ssl_certfile: Path | None = Field(None, description="PEM file of the client's certificate, for mutual TLS.")
    ssl_keyfile: Path | None = Field(None, description="PEM file of the client's key, for mutual TLS.")
    ssl_key_password: SecretStr | None = Field(None, description="Password of the client's key.")
    ssl_check_hostname: bool = Field(True, description="Whether the broker's certificate must name its host.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="How to log in, with a SASL_ security protocol."
    )
    sasl_username: str | None = Field(None, description="Who logs in.")
    sasl_password: SecretStr | None = Field(None, description="The password that logs in.")

    # This machine.
    data: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("groundswell", appauthor=False)),
        description="Folder of the embedded broker's data and of the pseudonym key.",
    )
    cache: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("groundswell", appauthor=False)),
        description="Folder of what can be fetched again: Kafka's jars.",
    )
    metrics_host: str = Field("127.0.0.1", description="Address that a worker's /metrics, /healthz, /readyz listen on.")
    metrics_port: int = Field(0, ge=0, le=65535, description="Their port; 0 takes a free one.")
    metrics_brands: int = Field(
        30, ge=0, le=1_000, description="Brands that a worker's metrics show by name; the others are shown as one."
    )

    stalled_after: timedelta = Field(
        timedelta(seconds=60),
        gt=timedelta(0),
        description="How long a partition may finish nothing, though records wait, before its worker is not ready.",
    )

    # The topics.
    topic_prefix: str = Field(
        "groundswell.",
        pattern=r"^([a-z0-9-]+\.)*$",
        description="What every topic's name begins with; ends with a dot.",
    )
    partitions: int = Field(4, ge=1, le=512, description="Partitions of each topic: the most workers that can share.")
    replication: int = Field(1, ge=1, le=9, description="Copies of each topic; 3 on a cluster.")
    group: str = Field("groundswell", pattern=r"^[a-z0-9.-]+$", description="Consumer group of the workers.")

    # Time.
    lateness: timedelta = Field(
        timedelta(minutes=10), description="Allowed lateness: how long a one-minute window waits for stragglers."
    )
    future: timedelta = Field(
        timedelta(minutes=10), description="How far ahead of the clock created_at may be before it is quarantined."
    )

    # Reading.
    pseudonym_key: SecretStr | None = Field(
        None, description="Secret that turns authors into pseudonyms; the same on every worker. Unset: a file in data."
    )
    catalog: tuple[str, ...] = Field(
        ("generic",), description='Catalog packs that name pain points and delights, as JSON: ["generic","airline"].'
    )
    catalogs: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description='Packs for one brand, as JSON: {"US Airways": ["generic", "airline"]}.'
    )
    head: Path | None = Field(
        None, description="What was learned from labelled examples (groundswell catalog learn), for all brands."
    )
    heads: dict[str, Path] = Field(
        default_factory=dict, description='The same for one brand, as JSON: {"US Airways": "/etc/groundswell/us.head"}.'
    )
    scorer: Annotated[str, Field(pattern=r"^(fast|deep|textblob|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$")] = Field(
        "fast",
        description="Who tells the sentiment: fast, our own model; deep, a transformer beside it, for the "
        "texts of which it is least sure; textblob, as it is, to compare; or package.module:factory, your own reader.",
    )
    deep_share: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0, description="Share of the texts that the scorer deep reads, those of least margin first."
    )
    explain: bool = Field(
        True, description="Tell in each scored record the words that moved its sentiment and each of its emotions."
    )

    # Judging.
    detector: str = Field("surge", description="What decides that customers say more than usual: streams/detection.")

    early_warning: bool = Field(
        False,
        description="Say in metrics which series head for a spike, before an alert fires; that pages nobody, and of "
        "some alerts it says nothing.",
    )

    # Telling.
    alert_budget: int | None = Field(
        None, ge=0, description="Pages a week and brand; beyond it, the least severe are held back. Unset: no budget."
    )
    notify: Literal["incidents", "alerts"] = Field(
        "incidents",
        description="What notify tells: incidents and what belongs to none, or each alert and no incidents.",
    )
    dashboard_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Link that alerts carry; {brand}, {pain_point}, {kind}, {from_ms} and {to_ms} are filled in.",
    )
    routes: Path | None = Field(
        None, description="TOML file that says who is told of which alert: deploy/notify.md. Unset: those below, all."
    )
    webhook_url: SecretStr | None = Field(None, description="Where notify posts each alert's change as JSON.")
    webhook_secret: SecretStr | None = Field(
        None, description="Signs what is posted there; 16 characters at least. Unset: it is not signed."
    )
    alertmanager_url: SecretStr | None = Field(
        None, description="Prometheus' Alertmanager that is told each alert, and again until it is resolved."
    )

    cloudevents: Literal["off", "feeds", "all"] = Field(
        "feeds",
        description="Which records carry CloudEvents' headers. feeds: alerts, pain points, delights, handoffs and "
        "quarantine; all: scored and metrics too, for some 250 bytes and 2.5 µs of a worker's processor a record.",
    )

    traces: bool = Field(
        False,
        description="Trace records from raw to alert with OpenTelemetry (groundswell[otel]); where spans go, "
        "OTEL_EXPORTER_OTLP_ENDPOINT and its kin say.",
    )
    trace_share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.01, description="Share of the raw records without a traceparent that are traced; with one, its flag decides."
    )

    # Bounds.
    max_brands: int = Field(
        100_000,
        ge=1,
        description="Brands that a partition keeps; a new one takes the place of the one that has been idle longest.",
    )
    max_voices: int = Field(
        100_000,
        ge=1,
        description="Voices of a brand's day that are counted by name; those beyond share 1,024 anonymous ones.",
    )
    max_events: int = Field(
        2_000_000,
        ge=1,
        description="Event ids of a brand that are remembered, for 48 hours at most, so that each counts once.",
    )

    @property
    def scoring(self) -> dict[str, Any]:
        """What a ``streams.scoring.Scorer`` takes from here, by name."""
        return {"reader": self.scorer, "deep_share": self.deep_share, "explain": self.explain}

    @cached_property
    def lateness_ms(self) -> int:
        """The allowed lateness in milliseconds."""
        return int(self.lateness.total_seconds() * 1000)

    @property
    def state_topic(self) -> str:
        """Full name of the topic that keeps detect's state; another form of it is another topic."""
        return f"{self.topic_prefix}{self.group}.state.v2"
