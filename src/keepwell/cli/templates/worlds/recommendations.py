"""Which films a viewer would like to see next."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from keepwell.cli.templates.template import Row, Template
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, GateSpec, MonitorSpec, ProjectSpec, TrainSpec

_GENRES = ["crime", "comedy", "space", "romance", "western"]
_FILMS = [f"{genre}-{number:02d}" for genre in _GENRES for number in range(1, 17)]
_VIEWERS = 300
_START = datetime(2026, 1, 1, 18)


def views(random: Random, later: bool) -> Iterator[Row]:
    """Yield who watched what; later, who asks: viewers that are known, and some that are not."""
    tastes = [random.choices(_GENRES, [3, 4, 2, 2, 1], k=2) for _ in range(_VIEWERS)]
    seen: set[tuple[int, str]] = set()
    now = _START
    while True:
        viewer = random.randrange(_VIEWERS)
        if later:
            known = random.random() < 0.9
            yield {"viewer": f"V{viewer:04d}" if known else f"N{viewer:04d}", "k": 5}
            continue
        genre = random.choice(tastes[viewer]) if random.random() < 0.85 else random.choice(_GENRES)
        number = min(int(random.expovariate(1 / 4)), 15) + 1  # some films are watched by everybody
        film = f"{genre}-{number:02d}"
        if (viewer, film) in seen:
            continue
        seen.add((viewer, film))
        now += timedelta(minutes=random.randint(1, 40))
        stars = min(5, max(1, round(random.gauss(4 if genre in tastes[viewer] else 2.5, 0.8))))
        yield {"viewer": f"V{viewer:04d}", "film": film, "at": now.isoformat(), "stars": stars}


TEMPLATE = Template(
    name="recommendations",
    title="Which films a viewer would like to see next",
    mode="real-time",
    origin="5,000 invented views of 80 films by 300 viewers, made by Keepwell itself on your machine.",
    change="They hold who asks next, some of them new; you get a list of films for each, with reasons.",
    world=views,
    rows=5_000,
    later=500,
    outcomes=False,
    project=lambda name: ProjectSpec(
        name=name,
        root=Path(),
        data=DataSpec(
            source="data/views.csv", user="viewer", item="film", time="at", weight="stars"
        ),
        train=TrainSpec(task=Task.RANKING, metric="ndcg_at_10", budget=20.0),
        gate=GateSpec(min={"ndcg_at_10": 0.05}),
        monitor=MonitorSpec(window_seconds=None, window_rows=300),
    ),
    notes=(
        "Step 4 shows NDCG and MRR at 5, 10 and 20, and how much of the catalogue anybody is offered.\n\n"
        "What viewers do next goes into `data/views.csv`; `keepwell run` learns from it. Nobody is offered "
        "what they have seen, unless `repeat: true` stands under `train:`."
    ),
)
