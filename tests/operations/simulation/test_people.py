"""What people did happens under every policy; what the real loop did does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from standing_world import START, open_shop

from keepwell.core.clock import ManualClock
from keepwell.core.events import acting_as
from keepwell.core.records import Flags, Rollout, Route
from keepwell.infrastructure.metadata import Collection
from keepwell.operations.simulation.rows import PastLog, read_rows
from keepwell.operations.simulation.world import PastWorld, past_world
from keepwell.workspace import Workspace


def more_versions(shop: Workspace, until: int) -> None:
    first = shop.registry.get("shop", 1)
    for number in range(2, until + 1):
        shop.registry.register(
            "shop",
            run=f"run {number}",
            bundle=first.bundle,
            signature=first.signature,
            metric=first.metric,
        )


def later(shop: Workspace) -> float:
    assert isinstance(shop.clock, ManualClock)
    shop.clock.advance(60.0)
    return shop.clock.now()


def rolled_out(shop: Workspace, candidate: int, by: str) -> float:
    """Let somebody begin a rollout, whom the loop follows to its end; return when it ended."""
    later(shop)
    champion = shop.endpoints.read("shop").champion or 0
    name = f"r{candidate}"
    with acting_as(by):
        begun = Rollout(
            id=name,
            endpoint="shop",
            candidate=candidate,
            baseline=champion,
            strategy="canary",
            steps=(50.0,),
            hold=60.0,
        )
        Collection(shop.metadata, "rollout", Rollout, name=lambda one: one.id).write(begun, "begun")
        both = (
            Route(version=champion, weight=50.0),
            Route(version=candidate, weight=50.0, role="challenger"),
        )
        shop.endpoints.set_routes("shop", both, rollout=name)
    ended = later(shop)
    with acting_as("loop"):
        shop.endpoints.set_routes("shop", (Route(version=candidate, weight=100.0),), rollout="")
    return ended


@contextmanager
def followed(shop: Workspace) -> Iterator[PastWorld]:
    rows = PastLog(*read_rows(shop.predictions, "shop"))
    endpoint = shop.endpoints.read("shop")
    with past_world(
        shop.bench, shop.tables, shop.spec, rows, endpoint, since=START + 1, takeover=True
    ) as world:
        yield world


def test_only_what_people_did_is_repeated(tmp_path: Path) -> None:
    with open_shop(tmp_path / "shop", ManualClock(START)) as shop:
        more_versions(shop, 4)
        theirs = rolled_out(shop, 2, by="user:ana")
        rolled_out(shop, 3, by="loop")
        with acting_as("user:ben"):
            shop.endpoints.switch("shop", Flags(fallback=('"no"',)), "set")
        switched = shop.clock.now()
        by_hand = later(shop)
        with acting_as("api"):
            shop.endpoints.deploy("shop", "shop", 4, "by hand")
        taken_back = later(shop)
        with acting_as("rollouts"):  # its watch ended badly
            shop.endpoints.set_routes("shop", (Route(version=2, weight=100.0),), "worse")
        later(shop)
        with acting_as("loop"):
            shop.endpoints.deploy("shop", "shop", 3, "the loop's own")
        with followed(shop) as world:
            end = shop.clock.now()
            stops = world.record.stops(end)
            assert {theirs, switched, by_hand, taken_back} <= set(stops) <= {
                *stops[:1], theirs, switched, by_hand, taken_back
            }  # fmt: skip
            seen = []
            for stop in (*stops, end):
                world.record.follow(stop)
                found = world.bench.endpoints.read("shop")
                seen.append((found.champion, len(found.flags.fallback)))
            assert seen[-4:] == [(2, 1), (4, 1), (2, 1), (2, 1)]
            assert (2, 0) in seen
            assert all(champion != 3 for champion, _ in seen), "that was the real loop's"
            assert world.bench.registry.resolve("shop", "champion") == 2
            assert world.bench.endpoints.read("shop").rollout == ""
            made = world.bench.registry.register(
                "shop",
                run="own",
                bundle=shop.registry.get("shop", 1).bundle,
                signature=shop.registry.get("shop", 1).signature,
                metric="roc_auc",
            )
            assert made.version == 5, "above every real one"
