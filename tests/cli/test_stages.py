"""What a viewer of the demo sees, in a terminal and in a pipe."""

import io
import time

import pytest
from rich.console import Console
from rich.text import Text

from keepwell.cli.demo.news import News
from keepwell.cli.demo.plain import Lines
from keepwell.cli.demo.screen import Screen
from keepwell.cli.demo.stage import Scene


@pytest.fixture
def scene() -> Scene:
    scene = Scene(
        act="heal",
        now="training a challenger",
        command="keepwell up",
        started=time.monotonic(),
        url="http://127.0.0.1:4400/",
        day=54.6,
        first_day=35,
        asked=4_000,
        told=3_800,
        version=1,
    )
    for day in range(35, 53):
        for place in range(20):
            scene.ledger.add(day, served=place < 18, frozen=day < 49 or place < 11)
    scene.events = [
        (0.0, News(0.0, "note", "version 1 trained")),
        (49.0, News(1.0, "change", "the bridge closes")),
        (50.9, News(2.0, "incident", "incident opened: accuracy fell [of harbour]")),
    ]
    return scene


def shown(scene: Scene, *, width: int, height: int) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, no_color=True)
    screen = Screen(console)
    screen.show(scene)
    screen.close()
    picture = out.getvalue().split("\x1b[2K")[-1]
    return Text.from_ansi(picture).plain.splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_the_picture_fits_the_terminal(scene: Scene, width: int, height: int) -> None:
    lines = shown(scene, width=width, height=height)
    assert len(lines) <= height
    text = "\n".join(lines)
    for words in (
        "does not exist", "is simulated", "training a challenger", "http://127.0.0.1:4400/",
        "4,000 parcels asked", "the bridge closes", "accuracy fell [of harbour]",
    ):  # fmt: skip
        assert words in text


def test_the_chart_marks_the_days_of_events(scene: Scene) -> None:
    lines = shown(scene, width=120, height=40)
    (axis,) = [line for line in lines if line.strip().startswith("└")]
    marks = lines[lines.index(axis) + 1]
    left = axis.index("└") + 1
    assert (marks.index("C") - left, marks.index("I") - left) == (49 - 35, 50 - 35)


def test_a_pipe_gets_each_thing_once(scene: Scene) -> None:
    out = io.StringIO()
    lines = Lines(out)
    lines.event(49.0, News(1.0, "change", "the bridge closes"))
    lines.show(scene)
    lines.show(scene)
    lines.close()
    text = out.getvalue()
    assert "\x1b" not in text
    assert text.count("training a challenger") == 1
    assert "day  49  the bridge closes" in text
    assert "accuracy 90.0%, frozen 70.0%" in text
    assert "is simulated" in text
