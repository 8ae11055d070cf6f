"""Gathers ``schemas.json`` from three published packages: see the README beside this file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
import yaml

NATIVE = ("Deployment apps/v1", "Job batch/v1", "NetworkPolicy networking.k8s.io/v1", "PodDisruptionBudget policy/v1")
NATIVE += ("Service v1", "ServiceAccount v1")
DEFINED = ("keda.sh_scaledobjects", "keda.sh_triggerauthentications")
DEFINED += ("monitoring.coreos.com_podmonitors", "monitoring.coreos.com_prometheusrules")


def lean(schema: Any) -> Any:
    """Without what only people read, and without the status, which only the cluster writes.

    Objects with known fields take no others, as the API server has it under ``--validate=strict``.
    """
    if isinstance(schema, list):
        return [lean(it) for it in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: lean(value) for key, value in schema.items() if key != "description" or not isinstance(value, str)}
    if isinstance(properties := kept.get("properties"), dict):
        if "spec" in properties:
            properties.pop("status", None)
        if not kept.get("x-kubernetes-preserve-unknown-fields"):
            kept.setdefault("additionalProperties", False)
    return kept


def references(schema: Any) -> set[str]:
    """Names of the definitions that a schema names."""
    if isinstance(schema, list):
        return set().union(*map(references, schema))
    if not isinstance(schema, dict):
        return set()
    own = {schema["$ref"].rpartition("/")[2]} if isinstance(schema.get("$ref"), str) else set()
    return own.union(*map(references, schema.values()))


def native(definitions: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(kind → reference, the definitions behind them)."""
    kinds, wanted = {}, set()
    for name, schema in definitions.items():
        for known in schema.get("x-kubernetes-group-version-kind", ()):
            group = f"{known['group']}/" if known["group"] else ""
            told = f"{known['kind']} {group}{known['version']}"
            if told in NATIVE:
                kinds[told] = {"$ref": f"#/$defs/{name}"}
                wanted.add(name)
    held: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        held[name] = lean(definitions[name])
        wanted |= references(held[name]) - held.keys()
    assert set(kinds) == set(NATIVE)
    return kinds, held


def main(definitions: Path, *folders: Path) -> None:
    """Write the file.

    Args:
        definitions: Of Kubernetes' own kinds.
        folders: With custom resource definitions.
    """
    kinds, held = native(orjson.loads(definitions.read_bytes())["$defs"])
    for name in DEFINED:
        (file,) = (found for folder in folders if (found := folder / f"{name}.yaml").exists())
        crd = yaml.safe_load(file.read_text("utf-8"))["spec"]
        for version in crd["versions"]:
            schema = lean(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            kinds[f"{crd['names']['kind']} {crd['group']}/{version['name']}"] = schema
    text = orjson.dumps({"kinds": kinds, "$defs": held}, option=orjson.OPT_SORT_KEYS)
    Path(__file__).with_name("schemas.json").write_bytes(text + b"\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
