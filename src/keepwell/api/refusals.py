"""Errors as answers: the status says what kind, the body says what, why and what now."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from keepwell.core.errors import KeepwellError, NotFoundError, UsageError

_NOT_FOUND = 404


def install(app: FastAPI) -> None:
    """Make an application answer errors the way the whole product does."""
    app.add_exception_handler(KeepwellError, _known)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _routing)
    app.add_exception_handler(Exception, _unknown)


def answer(error: KeepwellError) -> Response:
    """Return an error as an HTTP answer."""
    return JSONResponse(error.as_dict(), error.http_status)


def _known(request: Request, error: Exception) -> Response:
    return answer(error) if isinstance(error, KeepwellError) else _unknown(request, error)


def _unfit(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    named = [(".".join(str(part) for part in fault["loc"][1:]), fault["msg"]) for fault in faults]
    field, problem = named[0] if named else ("", "not understood")
    return answer(
        UsageError(
            f"'{field or 'body'}': {problem}",
            why=f"{request.method} {request.url.path} does not take that",
            now="see /docs for what it takes",
            details={"fields": [{"field": where, "problem": what} for where, what in named]},
        )
    )


def _routing(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == _NOT_FOUND:
        return answer(NotFoundError(f"there is nothing at {request.url.path}", now="see /docs"))
    detail = error.detail if isinstance(error, HTTPException) else str(error)
    refusal = UsageError(f"{request.method} {request.url.path}: {detail}", now="see /docs")
    return JSONResponse(refusal.as_dict(), status)


def _unknown(request: Request, error: Exception) -> Response:
    """Answer for what nobody foresaw; the server raises it again, so the log has its traceback."""
    return answer(
        KeepwellError(
            f"{request.method} {request.url.path} failed",
            why=f"{type(error).__name__}: {error}",
            now="this is a fault of Keepwell's; the log of the control process tells more",
        )
    )
