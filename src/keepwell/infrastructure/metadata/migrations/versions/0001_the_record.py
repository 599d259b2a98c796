"""The record and the measurements."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("data", sa.Text),
        sa.Column("prior", sa.BigInteger, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_index("events_by_name", "events", ["kind", "name", "seq"])
    op.create_index("events_by_kind", "events", ["kind", "seq"])
    op.create_index("events_by_time", "events", ["time"])
    op.create_table(
        "states",
        sa.Column("kind", NAME, primary_key=True),
        sa.Column("name", NAME, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("states_by_change", "states", ["kind", "seq"])
    op.create_table(
        "series",
        sa.Column("id", IDENTITY, primary_key=True),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.UniqueConstraint("subject", "name"),
    )
    op.create_table(
        "points",
        sa.Column("id", IDENTITY, primary_key=True),
        sa.Column("series", sa.BigInteger, sa.ForeignKey("series.id"), nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double),
    )
    op.create_index("points_by_time", "points", ["series", "time", "id"])
    op.create_table(
        "reports",
        sa.Column("id", IDENTITY, primary_key=True),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("reports_by_time", "reports", ["subject", "time", "id"])
