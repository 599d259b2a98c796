"""Places follow a wish: who may stay stays, and no two workers have the same number."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.deployment.server.places import GATEWAY, Place, rearranged, roster_of
from keepwell.deployment.server.pools.files import Wish

POOLS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 3), max_size=3)
WISHES = st.builds(Wish, workers=st.integers(1, 4), pools=POOLS)


@settings(max_examples=100)
@given(wishes=st.lists(WISHES, min_size=1, max_size=5), gateway=st.booleans())
def test_there_are_as_many_as_are_wished_for_and_nobody_moves(
    wishes: list[Wish], gateway: bool
) -> None:
    places = [Place(GATEWAY)] if gateway else []
    leaving: list[Place] = []
    for wish in wishes:
        before = {id(place) for place in places}
        stay, go = rearranged(places, wish, [place.index for place in leaving])
        leaving += go

        counts = Counter(place.pool for place in stay if place.index != GATEWAY)
        wanted = {"": wish.workers} | {name: count for name, count in wish.pools.items() if count}
        assert counts == wanted
        assert [place.index for place in stay].count(GATEWAY) == gateway
        indexes = [place.index for place in (*stay, *leaving)]
        assert len(set(indexes)) == len(indexes)
        kept = {id(place) for place in stay} & before
        assert kept | {id(place) for place in go} == before
        for name in {place.pool for place in go}:  # nobody starts where another is sent away
            assert all(id(place) in before for place in stay if place.pool == name)
        assert roster_of(stay).keys() == wanted.keys() - {""}
        places = stay
