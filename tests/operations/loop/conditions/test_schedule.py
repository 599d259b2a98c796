from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import UsageError
from keepwell.operations.loop.conditions.schedule import Schedule


def before(text: str, moment: str) -> str:
    time = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    return datetime.fromtimestamp(Schedule.parse(text).before(time), UTC).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("* * * * *", "2026-03-04T10:20:59", "2026-03-04 10:20"),
        ("0 3 * * 1", "2026-03-04T10:20", "2026-03-02 03:00"),  # a Wednesday; Monday before
        ("0 3 * * 1", "2026-03-02T02:59", "2026-02-23 03:00"),
        ("0 3 * * 1", "2026-03-02T03:00", "2026-03-02 03:00"),
        ("*/15 8-18 * * mon-fri", "2026-03-07T12:00", "2026-03-06 18:45"),  # Saturday
        ("30 2,14 * * *", "2026-03-04T14:29", "2026-03-04 02:30"),
        ("0 0 1,15 * *", "2026-03-14T00:00", "2026-03-01 00:00"),
        ("0 0 1 jan *", "2026-03-14T00:00", "2026-01-01 00:00"),
        ("0 0 29 2 *", "2103-03-14T00:00", "2096-02-29 00:00"),  # 2100 is no leap year
        ("0 0 13 * fri", "2026-03-12T00:00", "2026-03-06 00:00"),  # either day is enough
        ("0 0 13 * fri", "2026-04-14T00:00", "2026-04-13 00:00"),
        ("5/20 * * * *", "2026-03-04T10:44", "2026-03-04 10:25"),
        ("0 0 * * 7", "2026-03-04T10:00", "2026-03-01 00:00"),  # 7 is Sunday too
        ("0 0 * * fri-sun", "2026-03-05T10:00", "2026-03-01 00:00"),
    ],
)
def test_it_finds_the_last_time_that_is_not_later(text: str, moment: str, expected: str) -> None:
    assert before(text, moment) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0 3 * *", "it has 4 fields"),
        ("60 * * * *", "'60' is no minute: those go from 0 to 59"),
        ("0 24 * * *", "'24' is no hour: those go from 0 to 23"),
        ("0 0 0 * *", "'0' is no day of month: those go from 1 to 31"),
        ("0 0 * * someday", "'someday' is no day of week"),
        ("0 0 * * mon-", "'mon-' is no day of week"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("10-5 * * * *", "'10-5' is no minute"),
        ("0 0 30 2 *", "no such day ever comes"),
        ("", "it has 0 fields"),
    ],
)
def test_it_refuses_what_is_no_schedule_and_says_why(text: str, why: str) -> None:
    with pytest.raises(UsageError) as refusal:
        Schedule.parse(text)
    assert refusal.value.why.startswith(why)
    assert "minute hour day month weekday" in refusal.value.now


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["*", "0", "7,30", "*/20"]),
    st.sampled_from(["*", "3", "0-6/3"]),
    st.sampled_from(["*", "1", "13"]),
    st.sampled_from(["*", "sun", "1-5"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
)
def test_it_agrees_with_going_back_minute_by_minute(
    minute: str, hour: str, day: str, weekday: str, moment: datetime
) -> None:
    schedule = Schedule.parse(f"{minute} {hour} {day} * {weekday}")
    moment = moment.replace(tzinfo=UTC)
    found = datetime.fromtimestamp(schedule.before(moment.timestamp()), UTC)
    assert found <= moment
    assert schedule.before(found.timestamp()) == found.timestamp()
    assert found.minute in schedule.minutes
    assert found.hour in schedule.hours
    step = found + timedelta(minutes=1)
    last = min(moment, found + timedelta(hours=12))
    while step <= last:
        assert schedule.before(step.timestamp()) == found.timestamp()
        step += timedelta(minutes=37)
