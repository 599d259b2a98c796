"""Bringing a database to the present format, inside the caller's transaction."""

from pathlib import Path

import sqlalchemy as sa

from keepwell.core.errors import FormatError
from keepwell.infrastructure.metadata.schema import HEAD

_HOME = Path(__file__).with_name("migrations")


def migrate(connection: sa.Connection, place: str) -> None:
    """Make or upgrade the tables; Alembic is loaded only if there is something to do.

    Raises:
        FormatError: If a newer version of Keepwell has written the database at `place`.
    """
    present = _present(connection)
    if present == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_HOME).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if present is not None and present not in known:
        raise FormatError(
            f"the record at {place} was written by a newer version of Keepwell",
            why=f"its format is {present}; this version reads up to {HEAD}",
            now="pip install --upgrade keepwell",
            details={"format": present, "reads": HEAD},
        )
    command.upgrade(config, "head")


def _present(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version
