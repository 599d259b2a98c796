"""A provider for OpenFeature's Python SDK: an application reads Keepwell's flags like any others.

    from openfeature import api
    from openfeature.evaluation_context import EvaluationContext
    from keepwell.plugins.openfeature import KeepwellProvider

    api.set_provider(KeepwellProvider("http://127.0.0.1:4400"))
    client = api.get_client()
    client.get_integer_value("churn", 0, EvaluationContext("customer 17", {"country": "DE"}))

It asks by OpenFeature's own remote protocol (OFREP), so the SDKs of other languages need no code of ours.
"""

import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from keepwell.core.errors import UnavailableError

try:
    from openfeature.evaluation_context import EvaluationContext
    from openfeature.exception import (
        ErrorCode,
        FlagNotFoundError,
        GeneralError,
        InvalidContextError,
        OpenFeatureError,
        ParseError,
        TargetingKeyMissingError,
        TypeMismatchError,
    )
    from openfeature.flag_evaluation import FlagResolutionDetails, Reason
    from openfeature.provider import AbstractProvider, Metadata
except ImportError as error:
    raise UnavailableError(
        "the OpenFeature provider needs OpenFeature's SDK",
        why=str(error),
        now="pip install 'keepwell[openfeature]'",
    ) from error

_ERRORS: dict[str, Callable[[str], OpenFeatureError]] = {
    ErrorCode.FLAG_NOT_FOUND.value: FlagNotFoundError,
    ErrorCode.TARGETING_KEY_MISSING.value: TargetingKeyMissingError,
    ErrorCode.INVALID_CONTEXT.value: InvalidContextError,
    ErrorCode.PARSE_ERROR.value: ParseError,
}


class KeepwellProvider(AbstractProvider):
    """Evaluates flags at a running Keepwell.

    Args:
        url: Where it is: `http://127.0.0.1:4400`.
        timeout: Seconds to wait for an answer; then the caller's default value counts.
    """

    def __init__(self, url: str, *, timeout: float = 2.0) -> None:
        super().__init__()
        self._address = urlsplit(url)
        self._timeout = timeout

    def get_metadata(self) -> Metadata:
        """Return the provider's name."""
        return Metadata(name="keepwell")

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Resolve `ENDPOINT.enabled`."""
        return self._resolve(flag_key, evaluation_context, bool)

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """Resolve `ENDPOINT.role`."""
        return self._resolve(flag_key, evaluation_context, str)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """Resolve `ENDPOINT`: the version that answers."""
        return self._resolve(flag_key, evaluation_context, int)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """Resolve a number."""
        return self._resolve(flag_key, evaluation_context, float)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Any,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Any]:
        """Resolve what no flag of ours is: a list or an object."""
        return self._resolve(flag_key, evaluation_context, dict)

    def _resolve(
        self, key: str, context: EvaluationContext | None, kind: type[Any]
    ) -> FlagResolutionDetails[Any]:
        status, body = self._ask(key, context)
        if status != http.HTTPStatus.OK:
            said = str(body.get("errorDetails") or body.get("what") or f"HTTP {status}")
            raise _ERRORS.get(str(body.get("errorCode")), GeneralError)(said)
        value = body["value"]
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            fits, value = True, float(value)
        if not fits:
            raise TypeMismatchError(f"'{key}' is {value!r}, no {kind.__name__}")
        return FlagResolutionDetails(
            value=value,
            variant=body.get("variant"),
            reason=Reason(body["reason"]),
            flag_metadata=_flat(body.get("metadata") or {}),
        )

    def _ask(self, key: str, context: EvaluationContext | None) -> tuple[int, dict[str, Any]]:
        secure = self._address.scheme == "https"
        line = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(
            self._address.netloc, timeout=self._timeout
        )
        asked: dict[str, Any] = dict(context.attributes) if context is not None else {}
        if context is not None and context.targeting_key:
            asked["targetingKey"] = context.targeting_key
        try:
            line.request(
                "POST",
                f"{self._address.path.rstrip('/')}/ofrep/v1/evaluate/flags/{quote(key, safe='')}",
                json.dumps({"context": asked}, default=str),
                {"content-type": "application/json"},
            )
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise GeneralError(f"Keepwell does not answer: {error}") from error
        finally:
            line.close()


def _flat(metadata: Mapping[str, Any]) -> Mapping[str, bool | int | float | str]:
    return {
        key: value for key, value in metadata.items() if isinstance(value, bool | int | float | str)
    }


__all__: Sequence[str] = ["KeepwellProvider"]
