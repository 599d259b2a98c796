"""From a template and a context to a response: whole pages, and their content alone for updates."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from keepwell import __version__
from keepwell.console import wording

HERE = Path(__file__).parent
STATIC = HERE / "static"
SECTIONS = (
    ("Home", "/"),
    ("Runs", "/runs"),
    ("Models", "/models"),
    ("Data", "/datasets"),
    ("Rollouts", "/rollouts"),
    ("Traces", "/traces"),
    ("Alerts", "/alerts"),
    ("Loop", "/loop"),
    ("Incidents", "/incidents"),
    ("Machines", "/machines"),
    ("Costs", "/costs"),
    ("Audit", "/audit"),
)


@cache
def static_url(name: str) -> str:
    """Return the address of an asset, changed whenever its content does, so that browsers may keep it."""
    digest = hashlib.blake2b((STATIC / name).read_bytes(), digest_size=6).hexdigest()
    return f"/static/{name}?v={digest}"


def segment(text: object) -> str:
    """Return text as one segment of an address."""
    return quote(str(text), safe="")


def pretty(value: object) -> str:
    """Return JSON for reading; nothing in it is trusted, the template escapes it."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@cache
def environment() -> Environment:
    """Return the template environment; every value is escaped, a missing one is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {rule.__name__: rule for rule in (*wording.RULES, segment, pretty)}
    made.globals |= {"static": static_url, "sections": SECTIONS, "release": __version__}
    return made


def render(
    request: Request, template: str, context: Mapping[str, Any], *, status: int = 200
) -> Response:
    """Return a page, or only its content if htmx asks; unchanged content costs a 304."""
    update = request.headers.get("hx-request") == "true"
    query = f"?{request.url.query}" if request.url.query else ""
    text = (
        environment()
        .get_template(template)
        .render(
            context,
            frame="update.html" if update else "page.html",
            here=request.url.path,
            address=request.url.path + query,
        )
    )
    body = text.encode()
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "no-cache", "vary": "HX-Request"}
    if status == 200 and request.headers.get("if-none-match") == tag:  # noqa: PLR2004
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, media_type="text/html; charset=utf-8")
