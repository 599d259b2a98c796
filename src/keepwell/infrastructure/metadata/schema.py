"""The tables of the record and of the measurements, as the newest migration leaves them.

`events` is the truth; `states` is the last event of each subject, kept for speed; both hold `data` as
the very text that was hashed. `series`, `points`, `reports` and `leases` are outside the chain.
"""

import sqlalchemy as sa

HEAD = "0002"
"""The newest migration."""

metadata = sa.MetaData()

name_type = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text that sorts by code point, so that a prefix is a range."""

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("time", sa.Double, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("kind", name_type, nullable=False),
    sa.Column("name", name_type, nullable=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("data", sa.Text),
    sa.Column("prior", sa.BigInteger, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index("events_by_name", "kind", "name", "seq"),
    sa.Index("events_by_kind", "kind", "seq"),
    sa.Index("events_by_time", "time"),
)

states = sa.Table(
    "states",
    metadata,
    sa.Column("kind", name_type, primary_key=True),
    sa.Column("name", name_type, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("time", sa.Double, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Index("states_by_change", "kind", "seq"),
)

identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""An integer that the database counts up by itself."""

series = sa.Table(
    "series",
    metadata,
    sa.Column("id", identity, primary_key=True),
    sa.Column("subject", name_type, nullable=False),
    sa.Column("name", name_type, nullable=False),
    sa.UniqueConstraint("subject", "name"),
)

points = sa.Table(
    "points",
    metadata,
    sa.Column("id", identity, primary_key=True),
    sa.Column("series", sa.BigInteger, sa.ForeignKey("series.id"), nullable=False),
    sa.Column("time", sa.Double, nullable=False),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.Column("value", sa.Double),
    sa.Index("points_by_time", "series", "time", "id"),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", identity, primary_key=True),
    sa.Column("subject", name_type, nullable=False),
    sa.Column("time", sa.Double, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("reports_by_time", "subject", "time", "id"),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", name_type, primary_key=True),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("beats", sa.BigInteger, nullable=False),
    sa.Column("told", sa.Text, nullable=False),
    sa.Column("since", sa.Double, nullable=False),
    sa.Column("renewed", sa.Double, nullable=False),
)
