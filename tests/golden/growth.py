"""Compares two JSON Schemas of one record, both ways: what was written must stay readable, by readers of either age.

The rule is the FULL_TRANSITIVE of schema registries, since every recorded version is compared with today's, with one
thing allowed beyond it: an enumeration may gain values, and readers pass over those that they don't know.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_LOWER_IS_STRICTER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_HIGHER_IS_STRICTER = ("minimum", "exclusiveMinimum", "minLength", "minItems")


_GROWS = (": is gone", ": lost ")
"""What the comparison the other way round says of fields and values that are new."""


def turned(old: Schema, new: Schema, *, published: bool) -> list[str]:
    """In words, what is no growth; empty where it only grew.

    Args:
        published: Whether we write these records, and others with the old schema read what the new one writes.
    """
    return narrowed(old, new) + (loosened(old, new) if published else [])


def loosened(old: Schema, new: Schema) -> list[str]:
    """What the new schema may write that a reader of the old one does not expect in a field it knows."""
    found = _compare("", new, old, new.get("$defs", {}), old.get("$defs", {}))
    return [
        it.replace(": is required now", ": may be missing now")
        for it in found
        if not any(sign in it for sign in _GROWS)
    ]


def narrowed(old: Schema, new: Schema) -> list[str]:
    """What the new schema no longer accepts or no longer has, in words; empty where it only grew."""
    return _compare("", old, new, old.get("$defs", {}), new.get("$defs", {}))


def _compare(where: str, old: Schema, new: Schema, old_defs: Schema, new_defs: Schema) -> list[str]:
    old, new = _resolve(old, old_defs), _resolve(new, new_defs)
    if not new.keys() - {"default", "description", "title"}:
        return []  # Anything goes.
    if {"anyOf", "oneOf"} & (old.keys() | new.keys()):
        left, right = (it.get("anyOf") or it.get("oneOf") or [it] for it in (old, new))
        found = []
        for choice in left:
            results = [_compare(where, choice, other, old_defs, new_defs) for other in right]
            if all(results):
                found += min(results, key=len)
        return found
    found = []
    if not _types(old) <= _types(new):
        return [f"{where or 'record'}: was {sorted(_types(old))}, is {sorted(_types(new))}"]
    if "enum" in new and not set(old.get("enum", ["anything"])) <= set(new["enum"]):
        found.append(f"{where}: lost {sorted(set(old.get('enum', ['anything'])) - set(new['enum']))}")
    for word in ("pattern", "format", "const"):
        if word in new and new[word] != old.get(word):
            found.append(f"{where}: {word} was {old.get(word)!r}, is {new[word]!r}")
    for words, stricter in ((_LOWER_IS_STRICTER, min), (_HIGHER_IS_STRICTER, max)):
        for word in words:
            if word in new and (word not in old or (stricter(old[word], new[word]) != old[word])):
                found.append(f"{where}: {word} was {old.get(word)}, is {new[word]}")
    found += [
        f"{where}.{name}: is required now" for name in new.get("required", []) if name not in old.get("required", [])
    ]
    for name, field in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            found.append(f"{where}.{name}: is gone")
        else:
            found += _compare(f"{where}.{name}", field, new["properties"][name], old_defs, new_defs)
    for word in ("items", "additionalProperties"):
        if isinstance(old.get(word), dict) and isinstance(new.get(word), dict):
            found += _compare(f"{where}[]", old[word], new[word], old_defs, new_defs)
    return found


def _resolve(schema: Schema, defs: Schema) -> Schema:
    while "$ref" in schema:
        schema = defs[schema["$ref"].rpartition("/")[2]]
    return schema


def _types(schema: Schema) -> set[str]:
    named = schema.get("type", ["any"])
    types = {named} if isinstance(named, str) else set(named)
    return types | {"integer"} if "number" in types else types
