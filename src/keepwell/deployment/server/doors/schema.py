"""`GET /endpoints/NAME/schema`: what may be sent to `/predict`, as a JSON Schema."""

from typing import Any, ClassVar

from keepwell.core.records import ColumnType, Field, Signature, Task
from keepwell.deployment.example import asked_example
from keepwell.deployment.server.doors.base import Door
from keepwell.deployment.server.messages import Request, Response, json_response
from keepwell.deployment.server.prediction import Call, Predictor

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: dict[ColumnType, str] = {
    ColumnType.NUMBER: "number",
    ColumnType.INTEGER: "number",  # 3.0 is fine, and 3.5 is not refused
    ColumnType.BOOLEAN: "boolean",
}


class SchemaDoor(Door):
    """Describes the champion's rows.

    Args:
        predictor: Knows the endpoints.
    """

    methods: ClassVar[tuple[str, ...]] = ("GET",)

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    async def answer(self, call: Call, request: Request) -> Response:
        """Return the schema of a request's body."""
        endpoint = self._predictor.find(call.endpoint)
        champion = endpoint.routes[0]
        schema = schema_of(champion.scorer.signature, key=endpoint.key)
        mark = (b"x-model-version", b"%d" % champion.version)
        return json_response(200, {"title": f"A request to {endpoint.name}", **schema}, [mark])


def schema_of(signature: Signature, *, key: str = "") -> dict[str, Any]:
    """Return the JSON Schema of a body that a signature accepts."""
    columns = {field.name: _column(field) for field in signature.asked}
    if key and key not in columns:
        columns[key] = {"description": "Who the row is about; the same key meets the same version."}
    instance = {
        "type": "object",
        "properties": columns,
        "required": _required(signature),
    }
    return {
        "$schema": _DIALECT,
        "type": "object",
        "properties": {"instances": {"type": "array", "items": instance}, **_past(signature)},
        "required": ["instances"],
        "examples": [{"instances": [asked_example(signature)]}],
    }


def _required(signature: Signature) -> list[str]:
    """Return the columns that every row has; one without a time happens now."""
    time = "" if signature.history is None else signature.history.time
    return [field.name for field in signature.asked if field.required and field.name != time]


def _past(signature: Signature) -> dict[str, Any]:
    """Return what may be asked of a forecast beside answers."""
    if signature.task is not Task.FORECAST:
        return {}
    told = "How many of the last known values of each series to tell beside the answers."
    return {"history": {"type": "integer", "minimum": 1, "description": told}}


def _column(field: Field) -> dict[str, Any]:
    kind = _TYPES.get(field.type, "string")
    said: dict[str, Any] = {"type": kind if field.required else [kind, "null"]}
    said["description"] = field.type.value
    if field.type is ColumnType.DATETIME:
        said["format"] = "date-time"
    if field.type is ColumnType.CATEGORY:
        labels = [*field.categories[:5]]
        said = {
            "description": f"category; training saw {', '.join(labels)}" if labels else "category"
        }
    example = field.example
    if example is not None:
        said["examples"] = [example, *(c for c in field.categories[:5] if c != example)]
    return said
