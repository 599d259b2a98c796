"""Features and windows of the project file: read, written back, refused with line and reason."""

from pathlib import Path

import pytest
from project_files import complaint as _complaint
from project_files import complaints as _complaints
from project_files import load as _load

from keepwell.infrastructure.project_file import render_project

WINDOW = "{name: spent_7d, aggregate: sum, of: amount, by: customer, over: 7d}"


def test_features_are_read_and_written_back(file: Path) -> None:
    spec = _load(
        file,
        "project: x\ndata: {source: x.csv}\n"
        "features:\n"
        "  numbers: {impute: 0, clip: [0.01, 0.99], scale: robust, drop_low_variance: 0.5}\n"
        "  categories: {impute: unknown, encode: target}\n"
        "  columns: {charges: {log: true, bins: 10}, city: {encode: frequency}}\n"
        "  derive:\n"
        "    per_month: charges / tenure\n"
        '    gap: "`first price` - last"\n'
        "    usual: {mean: charges, by: plan, difference: true}\n"
        "    often: {share: city}\n"
        "    days_open: {days: closed - opened}\n",
    )
    found = spec.features
    assert found.numbers.impute == 0.0
    assert found.numbers.clip == (0.01, 0.99)
    assert found.categories.impute == "unknown"
    assert found.columns["charges"].bins == 10
    derived = {one.name: one for one in found.derive}
    assert derived["gap"].columns == ("first price", "last")
    assert derived["usual"].columns == ("plan", "charges")
    assert derived["usual"].difference
    assert derived["days_open"].detail == "(closed - opened) / 86400"
    assert _load(file, render_project(spec)).features == found


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ("numbers: {inpute: median}", "did you mean 'impute'"),
        ("numbers: {impute: medain}", "did you mean 'median'"),
        ("numbers: {scale: standart}", "did you mean 'standard'"),
        ("numbers: {clip: [0.9, 0.1]}", "the lower first"),
        ("numbers: {clip: 3}", "two shares"),
        ("numbers: {log: maybe}", "log is true or false"),
        ("numbers: {bins: 5, scale: robust}", "exclude each other"),
        ("numbers: {smooth: 3}", "moving average"),
        ("categories: {encode: hash}", "hashed categories are not offered"),
        ("columns: {a: {drop_low_variance: 1}}", "unknown key 'drop_low_variance'"),
        ("derive: {a: {window: 7d}}", "earlier rows of a key stands under features.windows"),
        ("derive: {a: __import__('os')}", "formula"),
        ("derive: {a: {mean: b}}", "aggregate such as"),
        ("derive: {a: b / c, a: c / b}", "twice"),
        ("nubmers: {impute: median}", "did you mean 'numbers'"),
    ],
)
def test_features_that_cannot_be_are_refused(file: Path, features: str, words: str) -> None:
    assert words in _complaint(file, f"features:\n  {features}\n")


def test_windows_are_read_and_written_back(file: Path) -> None:
    spec = _load(
        file,
        "project: x\ndata: {source: x.csv, time: at, target: fraud}\nfeatures:\n  windows:\n"
        f"    - {WINDOW}\n    - {{name: often, aggregate: count, by: customer, over: 90m}}\n",
    )
    assert [(one.name, one.of, one.over) for one in spec.features.windows] == [
        ("spent_7d", "amount", 7 * 86_400.0),
        ("often", "", 5_400.0),
    ]
    assert _load(file, render_project(spec)).features == spec.features


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ("[{aggregate: sum, of: a, by: b, over: 7d}]", "a window lacks `name:`"),
        ("[{name: w, aggregate: sum, by: b, over: 7d}]", "the window 'w' lacks `of:`"),
        ("[{name: w, aggregate: count, over: 7d}]", "the window 'w' lacks `by:`"),
        ("[{name: w, aggregate: meen, of: a, by: b, over: 7d}]", "did you mean 'mean'"),
        ("[{name: w, aggregate: count, by: b, over: soon}]", "is not a duration"),
        ("[{name: w, aggregate: count, by: b, over: 0s}]", "the window 'w' is empty"),
        ("[{name: w, aggregate: count, by: b, over: 9999999w}]", "longer than a hundred years"),
        ("[{name: w, aggregate: count, bye: b, over: 7d}]", "unknown key 'bye'"),
        ("{spent: 7d}", "it is a list of windows"),
        (f"[{WINDOW}, {WINDOW}]", "the name 'spent_7d' stands there twice"),
        (f"[{WINDOW.replace('amount', 'fraud')}]", "calculated from the target"),
        (f"[{WINDOW.replace('customer', 'fraud')}]", "calculated from the target"),
        (f"[{WINDOW.replace('spent_7d', 'amount')}]", "'amount' is a column already"),
    ],
)
def test_windows_that_cannot_be_are_refused(file: Path, windows: str, words: str) -> None:
    data = "data: {source: x.csv, time: at, target: fraud}"
    (line,) = _complaints(file, f"{data}\nfeatures:\n  windows: {windows}\n")
    assert words in line


def test_windows_need_the_time_of_a_row(file: Path) -> None:
    assert "needs the time of each row" in _complaint(file, f"features: {{windows: [{WINDOW}]}}\n")
