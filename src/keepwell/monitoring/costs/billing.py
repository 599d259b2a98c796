"""Bills of a cloud: what it charged beside the use that is measured here.

Read from the files that the clouds export: AWS (Cost and Usage Report, Cost Explorer), Google Cloud (billing
export) and Azure (cost details); or any CSV with columns for a date, a service and a cost.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from keepwell.core.errors import InvalidDataError, NotFoundError
from keepwell.core.ports import MeasurementStore, Point

SUBJECT = "bill"

COLUMNS = {
    "date": (
        "date", "usagedate", "lineitem/usagestartdate", "line_item_usage_start_date",
        "usage_start_time", "usage start date", "start date",
    ),
    "service": (
        "service", "lineitem/productcode", "line_item_product_code", "service.description",
        "service description", "metercategory", "consumedservice",
    ),
    "cost": (
        "cost", "lineitem/unblendedcost", "line_item_unblended_cost", "costinbillingcurrency",
        "pretaxcost", "amount", "total costs",
    ),
}  # fmt: skip
"""What the columns are called, in small letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """What a file charges.

    Attributes:
        days: Amounts by day (Unix seconds of its start, UTC) and service.
        rows: Rows that were read.
    """

    days: Mapping[tuple[float, str], float]
    rows: int

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.days.values())


def read_charges(path: Path) -> Charges:
    """Return what a file charges.

    Raises:
        NotFoundError: If there is no such file.
        InvalidDataError: If a column is missing, or a row cannot be read.
    """
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}", now="keepwell costs import FILE.csv")
    days: dict[tuple[float, str], float] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        places = {what: _column(path, what, reader.fieldnames or ()) for what in COLUMNS}
        rows = 0
        for rows, row in enumerate(reader, start=1):
            try:
                day = _day(row[places["date"]])
                cost = float(row[places["cost"]])
            except (ValueError, TypeError):
                raise InvalidDataError(
                    f"{path.name}, row {rows}: the date or the cost cannot be read",
                    why=f"{places['date']} is '{row[places['date']]}', "
                    f"{places['cost']} is '{row[places['cost']]}'",
                    now="a date is 2026-01-31, a cost is 12.34",
                ) from None
            key = day, (row[places["service"]] or "other").strip()
            days[key] = days.get(key, 0.0) + cost
    return Charges(days=days, rows=rows)


def keep_charges(measurements: MeasurementStore, charges: Charges) -> None:
    """Keep what a file charges; a day and service that is there already is replaced."""
    points = [
        Point(service, day, amount) for (day, service), amount in sorted(charges.days.items())
    ]
    measurements.append(SUBJECT, points)


def imported(measurements: MeasurementStore, since: float, until: float) -> dict[str, float]:
    """Return what was charged in a stretch of time, by service; the last import of a day counts."""
    found = {}
    for service, points in measurements.series(SUBJECT).items():
        days = {point.time: point.value for point in points if since <= point.time <= until}
        if days:
            found[service] = sum(days.values())
    return found


def _column(path: Path, what: str, names: Sequence[str]) -> str:
    plain = {name.strip().lower(): name for name in names}
    for known in COLUMNS[what]:
        if known in plain:
            return plain[known]
    raise InvalidDataError(
        f"{path.name} has no column for the {what}",
        why=f"it has: {', '.join(names) or 'no columns'}",
        now=f"name one of them '{what}'; also known: {', '.join(COLUMNS[what][1:4])}",
    )


def _day(text: str) -> float:
    for form in ("%Y-%m-%d", "%m/%d/%Y"):
        try:
            return datetime.strptime(text.strip()[:10], form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    raise ValueError(text)
