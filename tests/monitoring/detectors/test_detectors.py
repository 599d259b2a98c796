import numpy as np
import pytest

from keepwell.core.errors import NotFoundError
from keepwell.monitoring.detectors import Sample, detector
from keepwell.monitoring.detectors.base import merged, without_rare
from keepwell.monitoring.detectors.jensen_shannon import divergence


def of(*counts: int) -> Sample:
    return Sample.of(np.asarray(counts))


def test_an_unknown_detector_is_suggested() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'chi-squared'"):
        detector("chi-square")


def test_two_worlds_without_overlap_are_one_bit_apart() -> None:
    assert divergence(of(5, 0), of(0, 9)) == pytest.approx(1.0)


def test_chi_squared_agrees_with_scipy() -> None:
    from scipy import stats

    first, second = of(310, 95, 595), of(120, 70, 310)
    expected = stats.chi2_contingency([first.counts, second.counts], correction=False)
    assert detector("chi-squared").compare(first, second).p_value == pytest.approx(expected.pvalue)


def test_the_gap_agrees_with_scipy_where_every_value_has_a_bin() -> None:
    from scipy import stats

    random = np.random.default_rng(1)
    first, second = random.integers(0, 20, 900), random.integers(0, 22, 400)
    counted = [Sample.of(np.bincount(values, minlength=22)) for values in (first, second)]
    seen = detector("kolmogorov-smirnov").compare(*counted)
    assert seen.effect == pytest.approx(stats.ks_2samp(first, second).statistic)


def test_the_stability_index_is_the_banks() -> None:
    first, second = of(1000, 2000, 3000, 4000), of(1500, 2000, 3000, 3500)
    shares = [(0.1, 0.15), (0.2, 0.2), (0.3, 0.3), (0.4, 0.35)]
    index = sum((p - q) * np.log(p / q) for p, q in shares)
    seen = detector("population-stability").compare(first, second)
    assert seen.effect == pytest.approx(index, rel=0.05)


def test_merging_keeps_mass_and_order() -> None:
    first, second = merged(of(*range(1, 21)), of(*range(20, 0, -1)), 4)
    assert len(first.counts) == 4
    assert first.counts.sum() == second.counts.sum() == 210
    assert list(first.counts) == sorted(first.counts)


def test_rare_bins_are_put_together() -> None:
    first, second = without_rare(of(900, 95, 3, 1, 1), of(90, 8, 0, 1, 1))
    assert list(first.counts) == [900, 95, 5]
    assert list(second.counts) == [90, 8, 2]


def test_the_distance_carried_is_scipys_in_trainings_deviations() -> None:
    import pyarrow as pa
    from scipy import stats

    from keepwell.core.records import Column, ColumnType
    from keepwell.data.profiles import profile_table
    from keepwell.monitoring.counting import count_column

    random = np.random.default_rng(0)
    before, after = random.normal(50, 10, 20_000), random.normal(58, 12, 5_000)
    profile = profile_table(
        pa.table({"x": before}), [Column(name="x", type=ColumnType.NUMBER)]
    ).columns[0]
    counted = count_column(profile, pa.array(after))
    assert counted.reference is not None
    assert counted.current is not None
    seen = detector("wasserstein").compare(counted.reference, counted.current)
    expected = stats.wasserstein_distance(before, after) / before.std()
    assert seen.effect == pytest.approx(expected, rel=0.25)  # seen from bins
    assert seen.exceeds
    assert seen.p_value < 1e-9
