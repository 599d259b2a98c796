"""`keepwell tokens`: who may ask the endpoints, for what and how much."""

from typing import Annotated, Any

import typer

from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output, ago
from keepwell.core.durations import parse_duration
from keepwell.core.errors import UsageError
from keepwell.core.records import SCOPES, Token

app = command_app(group=True)


@app.callback()
def tokens() -> None:
    """Give consumers tokens for the endpoints, with scopes and limits, and take them back."""


@app.command("list", epilog=examples("keepwell tokens", "keepwell tokens list --json"))
def list_tokens(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """List tokens, newest first; their secrets are not known here."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = workspace.tokens.find()
        required = workspace.spec.serve.tokens == "required"
        now = workspace.clock.now()
    rows = [
        [
            one.name,
            _state(one, now),
            " ".join((*one.scopes, *one.roles)),
            " ".join(one.endpoints) or "all",
            _limit(one),
            ago(one.created),
        ]
        for one in found
    ]

    def tell() -> None:
        if rows:
            out.table(
                ["consumer", "state", "scopes and roles", "endpoints", "limits", "made"], rows
            )
        else:
            out.say("there is no token yet; keepwell tokens create NAME makes one")
        if not required:
            out.say("endpoints answer without a token too; `serve: {tokens: required}` ends that")

    documents = [_document(one, now) for one in found]
    out.answer({"tokens": documents, "required": required}, tell)


@app.command(
    "create",
    epilog=examples(
        "keepwell tokens create web-shop",
        "keepwell tokens create partner --endpoint churn --rate 50 --quota 100000 --expires 90d",
    ),
)
def create(
    name: Annotated[str, typer.Argument(help="The consumer; the caller in the prediction log.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(SCOPES)}; may be repeated.", show_default="predict"),
    ] = None,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(help="Only for this endpoint; may be repeated.", show_default="all"),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests a second.", show_default=False)
    ] = None,
    burst: Annotated[
        int | None, typer.Option(help="Requests at once.", show_default="a second's")
    ] = None,
    quota: Annotated[int | None, typer.Option(help="Rows a day (UTC).", show_default=False)] = None,
    expires: Annotated[
        str, typer.Option(help="After how long, for example 90d.", show_default=False)
    ] = "",
    role: Annotated[
        list[str] | None,
        typer.Option(help="What it may agree to in the loop; may be repeated.", show_default=False),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it: the only time that it can be seen."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        for one in endpoint or ():
            workspace.endpoints.read(one)
        token, text = workspace.tokens.create(
            name,
            scopes=tuple(scope or ("predict",)),
            endpoints=tuple(endpoint or ()),
            rate=rate,
            burst=burst,
            quota=quota,
            lifetime=_lifetime(expires),
            roles=tuple(role or ()),
        )
        now = workspace.clock.now()

    def tell() -> None:
        out.say(text)
        out.note("keep it: it cannot be shown again. Send it as `authorization: Bearer …`")

    out.answer({**_document(token, now), "token": text}, tell)


@app.command("revoke", epilog=examples("keepwell tokens revoke web-shop --why leaked"))
def revoke(
    name: Annotated[str, typer.Argument(help="The consumer, or the token's id.")],
    why: Annotated[str, typer.Option(help="For the record.", show_default=False)] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Take a token back; a running server refuses it within a second."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        token = workspace.tokens.revoke(name, why)
        now = workspace.clock.now()
    out.answer(_document(token, now), lambda: out.say(f"the token of '{token.name}' is revoked"))


def _document(token: Token, now: float) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "state": _state(token, now),
        "scopes": list(token.scopes),
        "endpoints": list(token.endpoints),
        "rate": token.rate,
        "burst": token.burst if token.rate is not None else None,
        "quota": token.quota,
        "roles": list(token.roles),
        "created": token.created,
        "expires": token.expires,
        "revoked": token.revoked,
    }


def _state(token: Token, now: float) -> str:
    if token.revoked is not None:
        return "revoked"
    return "expired" if token.expires is not None and token.expires <= now else "good"


def _limit(token: Token) -> str:
    limits = []
    if token.rate is not None:
        limits.append(f"{token.rate:g} requests/s")
    if token.quota is not None:
        limits.append(f"{token.quota:,} rows/day")
    return ", ".join(limits) or "none"


def _lifetime(text: str) -> float | None:
    if not text:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--expires {text}", why=str(error), now="for example 90d") from None
