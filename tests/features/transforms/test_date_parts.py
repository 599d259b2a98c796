from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone  # noqa: TID253

from keepwell.features.calendar import PARTS, calendar_parts
from keepwell.features.transforms import DateParts

TIMES = st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(TIMES)
def test_reads_the_calendar_as_the_standard_library_does(moment: datetime) -> None:
    parts = dict(zip(PARTS, calendar_parts(np.array([moment.timestamp()]))[0], strict=True))
    assert parts == {
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "weekday": moment.weekday(),
        "yearday": moment.timetuple().tm_yday,
        "hour": moment.hour,
        "minute": moment.minute,
    }


def test_keeps_the_parts_that_vary() -> None:
    days = np.array([[86400.0 * day] for day in range(20)])
    parts = DateParts().fit(days)
    assert parts.parts_ == [["day", "weekday", "yearday"]]
    assert parts.transform(days[:2]).tolist() == [[1.0, 3.0, 1.0], [2.0, 4.0, 2.0]]


def test_gives_a_gap_for_a_gap() -> None:
    parts = DateParts().fit(np.array([[0.0], [86400.0 * 40]]))
    assert np.isnan(parts.transform(np.array([[np.nan]]))).all()


def test_copes_with_a_column_of_gaps() -> None:
    parts = DateParts().fit(np.array([[np.nan], [np.nan]]))
    assert parts.transform(np.array([[np.nan]])).shape == (1, 1)


def test_can_be_cloned() -> None:
    assert clone(DateParts()).get_params() == {}
