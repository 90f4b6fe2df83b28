"""What the benchmark of scale concludes from its measurements."""

from datetime import timedelta

import pytest

from benchmarks.readings import Shape
from benchmarks.scale import exponent, growth_percent, parts, slow_statements


def test_twice_the_rows_for_twice_the_cost_is_an_exponent_of_one():
    assert exponent({100: 2.0, 200: 4.0, 400: 8.0}) == pytest.approx(1.0)
    assert exponent({100: 1.0, 1_000: 100.0}) == pytest.approx(2.0)


def test_growth_is_told_of_the_largest_batch_against_the_smallest():
    assert growth_percent({1_000: 220.0, 10: 200.0, 100: 400.0}) == pytest.approx(10.0)


def test_the_slowest_statements_of_a_log_come_first_and_on_one_line():
    log = (
        "2026 [1] LOG:  duration: 12.5 ms  statement: select 1\n"
        "2026 [1] LOG:  duration: 900.0 ms  execute <unnamed>: select\n\ttwo\n\tfrom three\n"
        "2026 [1] LOG:  checkpoint complete\n"
    )
    assert [" ".join(line.split()) for line in slow_statements(log)] == [
        "900 ms select two from three",
        "12 ms select 1",
    ]


def test_a_month_of_many_meters_comes_in_whole_days() -> None:
    month = Shape(rows=3_000 * 288 * 30, meters=3_000, interval_s=300)
    files = parts(month)
    assert [shape.rows // (3_000 * 288) for shape in files] == [8, 11, 11]
    assert all(shape.rows <= 10_000_000 for shape in files)
    ends = [shape.first_at() + timedelta(seconds=300 * shape.slots) for shape in files]
    assert [shape.first_at() for shape in files] == [month.first_at(), *ends[:-1]]


def test_ten_years_of_one_meter_are_one_file() -> None:
    assert parts(Shape(rows=96 * 3640, meters=1)) == [Shape(rows=96 * 3640, meters=1)]
