from keepwell.training.search import Budget


class Clock:
    time = 10.0

    def __call__(self) -> float:
        return self.time


def test_counts_down_and_never_below_zero() -> None:
    clock = Clock()
    budget = Budget(5.0, clock)
    clock.time = 12.0
    assert (budget.spent, budget.left) == (2.0, 3.0)
    clock.time = 99.0
    assert budget.left == 0.0


def test_gives_deadlines_within_what_is_left() -> None:
    clock = Clock()
    over = Budget(10.0, clock).deadline(0.5, reserve=4.0)
    clock.time = 12.9
    assert not over()
    clock.time = 13.0
    assert over()
