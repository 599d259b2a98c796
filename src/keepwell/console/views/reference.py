"""The HTTP interface, described from its own OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Something that an operation takes in its path or query."""

    name: str
    place: str
    type: str
    required: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    note: str
    parameters: tuple[Parameter, ...]
    example: str


def reference(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context of `reference.html`: operations by tag, in the document's order."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in document.get("paths", {}).items():
        for method in _METHODS:
            if method in methods:
                described = methods[method]
                tag = (described.get("tags") or ["other"])[0]
                groups.setdefault(tag, []).append(_operation(method, path, described))
    return {"groups": groups, "version": document.get("info", {}).get("version", "")}


def _operation(method: str, path: str, described: Mapping[str, Any]) -> Operation:
    summary, _, note = str(described.get("description") or described.get("summary", "")).partition(
        "\n\n"
    )
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [item.get("value") for item in body.get("examples", {}).values()]
    return Operation(
        method=method.upper(),
        path=path,
        summary=summary.replace("\n", " "),
        note=note,
        parameters=tuple(_parameter(item) for item in described.get("parameters", ())),
        example=_curl(method, path, body.get("example", examples[0] if examples else None)),
    )


def _parameter(item: Mapping[str, Any]) -> Parameter:
    schema = item.get("schema", {})
    kinds = [schema.get("type"), *(part.get("type") for part in schema.get("anyOf", ()))]
    return Parameter(
        name=item["name"],
        place=item["in"],
        type=" or ".join(kind for kind in kinds if kind and kind != "null"),
        required=bool(item.get("required")),
        note=str(item.get("description", "")),
    )


def _curl(method: str, path: str, body: object) -> str:
    import json

    if method == "get":
        return f"curl http://127.0.0.1:4400{path}"
    lines = [f"curl -X {method.upper()} http://127.0.0.1:4400{path}"]
    if body is not None:
        lines.append("  -H 'content-type: application/json'")
        lines.append(f"  -d '{json.dumps(body)}'")
    return " \\\n".join(lines)
