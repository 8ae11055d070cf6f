"""The Helm chart, rendered by Helm's own SDK and held to Kubernetes' schemas, to the image and to the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field

from groundswell.chart import SET_BY_CHART
from streams import rights
from streams.settings import Settings
from streams.topics import ALL, INPUTS, SCORED, STATE_CONFIG
from tests.golden.path import CHART
from tests.unit.test_deploy import ALERTS, ROOT, arguments

helm = pytest.importorskip("helm_python", reason="Helm's SDK has no wheel for this system")

FOLDER = ROOT / "deploy" / "kubernetes"
SCHEMAS = orjson.loads((ROOT / "tests/data/kubernetes/schemas.json").read_bytes())

PLAIN: dict[str, Any] = {"kafka": {"bootstrapServers": "kafka-0:9092,kafka-1:9092,kafka-2:9094"}}
EVERYTHING: dict[str, Any] = {
    "image": {"digest": "sha256:" + "a" * 64},
    "imagePullSecrets": [{"name": "registry"}],
    "kafka": {
        "bootstrapServers": "kafka:9093",
        "partitions": 12,
        "topicPrefix": "shop.",
        "group": "listeners",
        "tls": {"caSecret": {"name": "ca"}, "clientSecret": {"name": "me"}},
        "sasl": {"username": "listener", "passwordSecret": {"name": "login"}},
    },
    "topics": {"login": {"username": "admin", "passwordSecret": {"name": "admins"}}},
    "settings": {"lateness": "PT5M", "catalog": ["generic", "airline"], "max_events": 2_000_000, "explain": False},
    "secretSettings": {"webhook_url": {"name": "receivers", "key": "url"}},
    "routesSecret": "routes",
    "workers": {
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "busy", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
        "podAnnotations": {"by": "us"},
        "extraVolumes": [{"name": "heads", "configMap": {"name": "heads"}}],
        "extraVolumeMounts": [{"name": "heads", "mountPath": "/etc/heads"}],
    },
    "autoscaling": {"enabled": True, "lagThreshold": 2_000_000},
    "networkPolicy": {
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        "kafkaTo": [{"podSelector": {"matchLabels": {"app": "kafka"}}}],
        "receivers": [{"ports": [{"port": 443}]}],
    },
    "monitoring": {
        "podMonitor": {"enabled": True, "interval": "30s", "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    },
    "tracing": {"endpoint": "http://collector.monitoring:4318", "share": 0.05, "headersSecret": {"name": "spans"}},
}
STRIMZI = yaml.safe_load((FOLDER / "strimzi.yaml").read_text("utf-8"))

Object = dict[str, Any]


def render(values: Object) -> dict[tuple[str, str], Object]:
    """(kind, name) → object, of everything that Helm would install; no name comes twice."""
    with helm.Chart.load(str(FOLDER / "groundswell")) as chart:
        files = chart.render(values, name="ears", namespace="care")
    found = [
        document
        for path, text in files.items()
        if not path.endswith(".txt")
        for document in yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if document
    ]
    objects = {(it["kind"], it["metadata"]["name"]): it for it in found}
    assert len(objects) == len(found)
    return objects


def worker(objects: dict[tuple[str, str], Object]) -> tuple[Object, Object]:
    """(pod, container)."""
    pod = objects["Deployment", "ears-worker"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    return pod, container


def environment(container: Object) -> dict[str, Any]:
    """Name → value, or the reference that stands for it; no name comes twice."""
    found = {it["name"]: it.get("value", it.get("valueFrom")) for it in container["env"]}
    assert len(found) == len(container["env"])
    return found


# What Strimzi's operators take, by its API reference for v1; what it doesn't name is a mistake.


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TopicSpec(Strict):
    topicName: str  # noqa: N815
    partitions: Annotated[int, Field(ge=1)]
    replicas: Annotated[int, Field(ge=1, le=32767)]
    config: dict[str, str]


class Authentication(Strict):
    type: Literal["scram-sha-512", "tls", "tls-external"]


class Resource(Strict):
    type: Literal["topic", "group", "cluster", "transactionalId"]
    name: str
    patternType: Literal["literal", "prefix"]  # noqa: N815


class Rule(Strict):
    resource: Resource
    operations: list[Literal["Read", "Write", "Create", "Describe", "AlterConfigs", "DescribeConfigs"]]


class Authorization(Strict):
    type: Literal["simple"]
    acls: Annotated[list[Rule], Field(min_length=1)]


class UserSpec(Strict):
    authentication: Authentication
    authorization: Authorization


OPERATORS = {"KafkaTopic": TopicSpec, "KafkaUser": UserSpec}


@pytest.mark.parametrize("values", [PLAIN, EVERYTHING, STRIMZI], ids=["plain", "everything", "strimzi"])
def test_the_cluster_takes_what_is_rendered(values: Object) -> None:
    for (kind, name), found in render(values).items():
        assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name)
        if model := OPERATORS.get(kind):
            model.model_validate(found["spec"])
            assert found["metadata"]["labels"]["strimzi.io/cluster"] == "my-cluster"
            continue
        schema = {**SCHEMAS["kinds"][f"{kind} {found['apiVersion']}"], "$defs": SCHEMAS["$defs"]}
        errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(found)]
        assert errors == [], (kind, name)


def test_the_schemas_refuse_what_is_wrong() -> None:
    """Or the test above would prove nothing."""
    found = render(PLAIN)["Deployment", "ears-worker"]
    schema = {**SCHEMAS["kinds"]["Deployment apps/v1"], "$defs": SCHEMAS["$defs"]}
    found["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    found["spec"]["replicas"] = "two"
    assert len(list(Draft202012Validator(schema).iter_errors(found))) == 2


def test_helm_has_no_complaint() -> None:
    told = helm.lint(str(FOLDER / "groundswell"))
    assert told["errors"] == []
    assert [it["error"] for it in told["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("path", CHART, ids=lambda path: path.name)
def test_what_follows_from_the_code_is_todays(path: Path) -> None:
    meant = "if that is meant: python -m tests.golden.regenerate"
    assert orjson.loads(path.read_bytes()) == orjson.loads(orjson.dumps(CHART[path]())), meant


@pytest.mark.parametrize("values", [PLAIN, EVERYTHING], ids=["plain", "everything"])
def test_pods_are_nobodys_and_write_nowhere_but_into_their_folders(values: Object) -> None:
    objects = render(values)
    image = dict(re.findall(r"(\w+)=(\S+)", arguments("ENV")[1]))
    for name in (("Deployment", "ears-worker"), ("Job", "ears-topics")):
        pod = objects[name]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == arguments("USER")[0]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        volumes = {it["name"]: it for it in pod["volumes"]}
        writable = {it["mountPath"] for it in container["volumeMounts"] if "emptyDir" in volumes[it["name"]]}
        assert writable == {image["GROUNDSWELL_DATA"], "/tmp"}
        assert {it["name"] for it in container["volumeMounts"]} == volumes.keys()
        assert container["resources"]["limits"].keys() == {"memory"}


def test_probes_ask_what_the_image_serves() -> None:
    _, container = worker(render(PLAIN))
    (port,) = container["ports"]
    assert str(port["containerPort"]) == arguments("EXPOSE")[0]
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {get["port"] for get in asked.values()} == {port["name"]}
    assert {name: get["path"] for name, get in asked.items()} == {
        "startup": "/healthz",
        "liveness": "/healthz",
        "readiness": "/readyz",
    }
    # With its command the image is a worker, as it is without.
    assert f'["{container["args"][0]}"]' == arguments("CMD")[-1]


def test_settings_arrive_as_they_are_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rendered environment, read by the program's own settings."""
    given = environment(worker(render(EVERYTHING))[1])
    spans = {name: given.pop(name) for name in list(given) if name.startswith("OTEL_")}
    assert spans == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.monitoring:4318",
        "OTEL_EXPORTER_OTLP_HEADERS": {"secretKeyRef": {"name": "spans", "key": "headers"}},
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value if isinstance(value, str) else "in a Secret, thirty-two letters long")
    settings = Settings()
    assert {name.removeprefix("GROUNDSWELL_").lower() for name in given} <= Settings.model_fields.keys()
    assert (settings.broker, settings.security_protocol, settings.sasl_username) == (
        "kafka:9093",
        "SASL_SSL",
        "listener",
    )
    assert (settings.topic_prefix, settings.group, settings.partitions) == ("shop.", "listeners", 12)
    assert (settings.lateness.total_seconds(), settings.catalog) == (300, ("generic", "airline"))
    assert (settings.max_events, settings.explain) == (2_000_000, False)
    assert (settings.traces, settings.trace_share) == (True, 0.05)
    assert not any("TRACE" in name or "OTEL" in name for name in environment(worker(render(PLAIN))[1]))


def test_secrets_are_named_and_never_told() -> None:
    secret = {name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}
    for values in (PLAIN, EVERYTHING, STRIMZI):
        for (kind, _), found in render(values).items():
            assert kind not in ("Secret", "ConfigMap")
            if kind in ("Deployment", "Job"):
                given = environment(found["spec"]["template"]["spec"]["containers"][0])
                for name in secret & {it.removeprefix("GROUNDSWELL_").lower() for it in given}:
                    assert given[f"GROUNDSWELL_{name.upper()}"].keys() == {"secretKeyRef"}
                # Who only creates topics needs to know no secret but a login.
                assert ("GROUNDSWELL_PSEUDONYM_KEY" in given) == (kind == "Deployment")
                assert ("GROUNDSWELL_WEBHOOK_URL" in given) == (kind == "Deployment" and values is EVERYTHING)
    # The topics' job has a login of its own; the workers can't do what it can.
    objects = render(EVERYTHING)
    (job,) = objects["Job", "ears-topics"]["spec"]["template"]["spec"]["containers"]
    assert environment(job)["GROUNDSWELL_SASL_PASSWORD"]["secretKeyRef"]["name"] == "admins"
    assert environment(worker(objects)[1])["GROUNDSWELL_SASL_PASSWORD"]["secretKeyRef"]["name"] == "login"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"kafka": {"bootstrapServers": "k:1", "partitions": 0}}, "partitions"),
        ({"kafka": {"bootstrapServers": "k:1", "topicPrefix": "Shop"}}, "topicPrefix"),
        ({**PLAIN, "settings": {"latenes": "PT5M"}}, "latenes"),
        ({**PLAIN, "settings": {"lateness": 5}}, "lateness"),
        ({**PLAIN, "settings": {"webhook_url": "https://example.org/secret"}}, "webhook_url"),
        ({**PLAIN, "secretSettings": {"lateness": {"name": "a", "key": "b"}}}, "lateness"),
        ({**PLAIN, "settings": {"traces": True}}, "traces"),
        ({**PLAIN, "tracing": {"endpoint": "collector:4318"}}, "endpoint"),
        ({**PLAIN, "monitoring": {"podMonitor": {"enabled": "yes"}}}, "enabled"),
        ({**PLAIN, "topics": {"create": "perhaps"}}, "create"),
        ({**PLAIN, "strimzi": {"users": {"roles": ["king"]}}}, "roles"),
        ({**PLAIN, "workers": {"replicas": 5}}, "more workers than kafka.partitions"),
        ({**PLAIN, "kafka": {**PLAIN["kafka"], "sasl": {"username": "ada"}}}, "passwordSecret.name"),
        ({**PLAIN, "topics": {"create": "strimzi"}}, "strimzi.cluster"),
        ({}, "bootstrapServers"),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_values_that_can_not_work_are_refused(wrong: Object, told: str) -> None:
    with pytest.raises(helm.HelmError) as refused:
        render(wrong)
    assert told in str(refused.value)


def test_every_setting_can_be_set_in_one_place() -> None:
    schema = orjson.loads((FOLDER / "groundswell/values.schema.json").read_bytes())["properties"]
    free, secret = (schema[name]["properties"].keys() for name in ("settings", "secretSettings"))
    assert free | secret | SET_BY_CHART == Settings.model_fields.keys()
    assert not free & secret


def test_strimzi_makes_every_topic_as_the_code_has_it() -> None:
    objects = render(STRIMZI)
    assert ("Job", "ears-topics") not in objects
    made = {name: it["spec"] for (kind, name), it in objects.items() if kind == "KafkaTopic"}
    settings = Settings()
    wanted = {topic.full_name(settings.topic_prefix): topic.config for topic in ALL} | {
        settings.state_topic: STATE_CONFIG
    }
    assert {spec["topicName"]: spec["config"] for spec in made.values()} == wanted
    assert {(spec["partitions"], spec["replicas"]) for spec in made.values()} == {(12, 3)}


def test_strimzis_users_have_the_rights_of_their_roles() -> None:
    objects = render(STRIMZI)
    settings = Settings()
    users = {name.removeprefix("ears-"): it for (kind, name), it in objects.items() if kind == "KafkaUser"}
    assert users.keys() == {"worker", "source", "subscriber", "oncall"}
    for role in ("worker", "source", "subscriber", "oncall"):
        rules = users[role]["spec"]["authorization"]["acls"]
        granted = {(it["resource"]["type"], it["resource"]["name"], tuple(it["operations"])) for it in rules}
        assert granted == {(it.resource, it.name, it.operations) for it in rights.of(role, settings)}
        assert {it["resource"]["patternType"] for it in rules} == {"literal"}


def test_scaling_follows_the_lag_up_to_the_number_of_partitions() -> None:
    objects = render(EVERYTHING)
    assert "replicas" not in objects["Deployment", "ears-worker"]["spec"]
    scaled = objects["ScaledObject", "ears-worker"]["spec"]
    assert scaled["scaleTargetRef"] == {"name": "ears-worker"}
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (2, 12)
    followed = {trigger["metadata"]["topic"] for trigger in scaled["triggers"]}
    assert followed == {topic.full_name("shop.") for topic in (*INPUTS, SCORED)}
    for trigger in scaled["triggers"]:
        assert all(isinstance(value, str) for value in trigger["metadata"].values())
        told = {name: trigger["metadata"][name] for name in ("lagThreshold", "sasl", "tls", "consumerGroup")}
        wanted = {"lagThreshold": "2000000", "sasl": "scram_sha512", "tls": "enable", "consumerGroup": "listeners"}
        assert told == wanted
        assert ("TriggerAuthentication", trigger["authenticationRef"]["name"]) in objects
    login = objects["TriggerAuthentication", "ears-worker"]["spec"]
    (username,) = login["env"]
    _, container = worker(objects)
    assert username["containerName"] == container["name"]
    assert username["name"] in environment(container)
    assert {it["parameter"] for it in login["secretTargetRef"]} == {"password", "ca", "cert", "key"}


def test_the_network_lets_through_what_is_used() -> None:
    policy = render(PLAIN)["NetworkPolicy", "ears"]["spec"]
    (ingress,) = policy["ingress"]
    names, brokers = policy["egress"]
    assert ingress == {"from": [{"podSelector": {}}], "ports": [{"port": "metrics", "protocol": "TCP"}]}
    assert {it["port"] for it in names["ports"]} == {53}
    assert sorted(it["port"] for it in brokers["ports"]) == [9092, 9094]
    assert "to" not in brokers
    *_, brokers, spans, receivers = render(EVERYTHING)["NetworkPolicy", "ears"]["spec"]["egress"]
    assert spans == {"ports": [{"port": 4318, "protocol": "TCP"}]}
    assert brokers["to"] == EVERYTHING["networkPolicy"]["kafkaTo"]
    assert receivers == {"ports": [{"port": 443}]}


@pytest.mark.parametrize(
    ("endpoint", "port"), [("https://spans.example.org/v1", 443), ("http://collector", 80), ("http://[::1]:4318", 4318)]
)
def test_spans_are_let_through_at_the_port_that_their_address_means(endpoint: str, port: int) -> None:
    *_, spans = render({**PLAIN, "tracing": {"endpoint": endpoint}})["NetworkPolicy", "ears"]["spec"]["egress"]
    assert spans["ports"] == [{"port": port, "protocol": "TCP"}]


def test_the_prometheus_operator_finds_the_workers_as_the_rules_know_them() -> None:
    plain, objects = render(PLAIN), render(EVERYTHING)
    assert not {kind for kind, _ in plain} & {"PodMonitor", "PrometheusRule"}, "only who asks for its kinds has them"
    monitor = objects["PodMonitor", "ears-worker"]
    template = objects["Deployment", "ears-worker"]["spec"]["template"]["metadata"]["labels"]
    _, container = worker(objects)
    assert monitor["spec"]["selector"]["matchLabels"].items() <= template.items()
    assert f'job="{template[monitor["spec"]["jobLabel"]]}"' in ALERTS["GroundswellNoWorker"]["expr"]
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["interval"]) == (container["ports"][0]["name"], "30s")
    rule = objects["PrometheusRule", "ears"]
    assert rule["spec"] == yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text("utf-8"))
    assert {it["metadata"]["labels"]["release"] for it in (monitor, rule)} == {"prometheus"}


def test_every_selector_finds_the_workers() -> None:
    objects = render(EVERYTHING)
    labels = objects["Deployment", "ears-worker"]["spec"]["template"]["metadata"]["labels"]
    selectors = {
        "Deployment": objects["Deployment", "ears-worker"]["spec"]["selector"]["matchLabels"],
        "Service": objects["Service", "ears-worker"]["spec"]["selector"],
        "PodDisruptionBudget": objects["PodDisruptionBudget", "ears-worker"]["spec"]["selector"]["matchLabels"],
        "NetworkPolicy": objects["NetworkPolicy", "ears"]["spec"]["podSelector"]["matchLabels"],
    }
    for kind, selector in selectors.items():
        assert selector.items() <= labels.items(), kind
        job = objects["Job", "ears-topics"]["spec"]["template"]["metadata"]["labels"]
        # A job is no worker, but talks to brokers.
        assert (selector.items() <= job.items()) == (kind == "NetworkPolicy")


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((FOLDER / "groundswell/Chart.yaml").read_text("utf-8"))
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version
    assert chart["appVersion"] == version[1]
