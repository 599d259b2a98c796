"""What the inference workers answer, in front of the control process: described here, answered there."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.responses import PlainTextResponse, Response

from keepwell.api.documents import AnswerDocument
from keepwell.core.errors import KeepwellError, UnavailableError

router = APIRouter(tags=["predictions"])
open_inference = APIRouter(prefix="/v2", tags=["open inference protocol"])

_OBJECTS: dict[str, Any] = {"type": "array", "items": {"type": "object"}}
_STEPS = {
    "type": "integer",
    "description": "Of a forecast: how many of its last values are wanted too.",
}
_CSV = {"text/csv": {"schema": {"type": "string"}, "example": "tenure,Contract\n3,One year\n"}}
_ROW = {"tenure": 3, "Contract": "Month-to-month"}


def _body(schema: dict[str, Any], example: Any, **more: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object", **schema}, "example": example}}
    return {"requestBody": {"required": True, "content": {**content, **more}}}


def _elsewhere(endpoint: str) -> KeepwellError:
    return UnavailableError(
        f"nobody answers predictions of '{endpoint}' here",
        why="this is the control process; the inference workers stand in front of it",
        now="keepwell up, and ask the port that it prints",
    )


@router.post(
    "/endpoints/{endpoint}/predict",
    response_model=AnswerDocument,
    openapi_extra=_body(
        {"required": ["instances"], "properties": {"instances": _OBJECTS, "history": _STEPS}},
        {"instances": [_ROW]},
        **_CSV,
    ),
)
def predict(endpoint: str) -> Response:
    """Ask an endpoint for predictions, one for each instance.

    Columns that the model does not know are ignored with a warning; missing ones count as missing where
    training saw missing values. CSV is answered in CSV. The inference workers answer this, in front of
    the control process.
    """
    raise _elsewhere(endpoint)


@router.get("/endpoints/{endpoint}/predict.csv", response_class=PlainTextResponse)
def predict_csv(endpoint: str, only: str = "") -> Response:
    """Ask for one row in the address, column=value, for spreadsheets; the answer is CSV.

    With `only=prediction`, or the name of a class, it is that one value. It is logged like any prediction.
    """
    raise _elsewhere(endpoint)


@router.post(
    "/endpoints/{endpoint}/invocations",
    response_model=AnswerDocument,
    openapi_extra=_body(
        {
            "properties": {
                "dataframe_split": {"type": "object"},
                "dataframe_records": _OBJECTS,
                "instances": {},
                "inputs": {},
                "params": {"type": "object"},
            }
        },
        {"dataframe_records": [_ROW]},
        **_CSV,
    ),
)
def invoke(endpoint: str) -> Response:
    """Ask for predictions in MLflow's scoring protocol.

    Exactly one of dataframe_split, dataframe_records, instances, inputs; or CSV.
    """
    raise _elsewhere(endpoint)


@router.get("/endpoints/{endpoint}/schema", response_model=dict[str, Any])
def schema(endpoint: str) -> Response:
    """Read what may be sent to an endpoint, as a JSON Schema."""
    raise _elsewhere(endpoint)


@router.get("/endpoints/{endpoint}/ping", response_class=PlainTextResponse)
def ping(endpoint: str) -> Response:
    """Tell whether an endpoint can answer: 200 if so."""
    raise _elsewhere(endpoint)


@router.get("/endpoints/{endpoint}/version", response_class=PlainTextResponse)
def version(endpoint: str) -> Response:
    """Tell which Keepwell answers; the header X-Model-Version names the champion."""
    raise _elsewhere(endpoint)


_INFER = _body(
    {"required": ["inputs"], "properties": {"inputs": _OBJECTS, "outputs": _OBJECTS}},
    {"inputs": [{"name": "tenure", "datatype": "INT64", "shape": [1], "data": [3]}]},
)
_Length = Annotated[int | None, Header(alias="Inference-Header-Content-Length", ge=0)]


@open_inference.get("", response_model=dict[str, Any])
def server() -> Response:
    """Read who serves, and which extensions it speaks."""
    raise _elsewhere("v2")


@open_inference.get("/health/live", response_model=dict[str, bool])
def live() -> Response:
    """Tell that a worker answers."""
    raise _elsewhere("v2")


@open_inference.get("/health/ready", response_model=dict[str, bool])
def ready() -> Response:
    """Tell whether any endpoint can answer: 200 if so, else 503."""
    raise _elsewhere("v2")


@open_inference.get("/models/{endpoint}", response_model=dict[str, Any])
def model(endpoint: str) -> Response:
    """Read the tensors that an endpoint takes and gives."""
    raise _elsewhere(endpoint)


@open_inference.get("/models/{endpoint}/ready", response_model=dict[str, Any])
def model_ready(endpoint: str) -> Response:
    """Tell whether an endpoint can answer, in this protocol."""
    raise _elsewhere(endpoint)


@open_inference.post(
    "/models/{endpoint}/infer", response_model=dict[str, Any], openapi_extra=_INFER
)
def infer(endpoint: str, length: _Length = None) -> Response:
    """Ask for predictions by tensors, one a column."""
    raise _elsewhere(endpoint)


@open_inference.get("/models/{endpoint}/versions/{version}", response_model=dict[str, Any])
def model_version(endpoint: str, version: str) -> Response:
    """Read the tensors of one served version."""
    raise _elsewhere(endpoint)


@open_inference.get("/models/{endpoint}/versions/{version}/ready", response_model=dict[str, Any])
def model_version_ready(endpoint: str, version: str) -> Response:
    """Tell whether one version is served."""
    raise _elsewhere(endpoint)


@open_inference.post(
    "/models/{endpoint}/versions/{version}/infer",
    response_model=dict[str, Any],
    openapi_extra=_INFER,
)
def infer_version(endpoint: str, version: str, length: _Length = None) -> Response:
    """Ask one served version by tensors, whatever the routes say."""
    raise _elsewhere(endpoint)
