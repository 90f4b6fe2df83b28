import pytest

from include.sources.inverters.cells import Flaw, instant, number


@pytest.mark.parametrize(("cell", "value"), [(None, None), (0, 0.0), (-2.9, -2.9), ("1e3", 1000.0), (" 7 ", 7.0)])
def test_finite_numbers_and_nulls_pass(cell, value):
    assert number(cell) == value


@pytest.mark.parametrize("cell", ["abc", "", "1,5", "1_000", "0x10", True, False, [1], {"a": 1}, "٣"])
def test_what_is_no_number_is_named(cell):
    assert number(cell).code == "R201_NOT_NUMERIC"


@pytest.mark.parametrize("cell", [float("nan"), float("-inf"), "NaN", "-Infinity", "inf", "1e999", 10**400])
def test_what_is_not_finite_is_named(cell):
    assert number(cell).code == "R202_NOT_FINITE"


@pytest.mark.parametrize("cell", ["2026-11-20T10:15:00+01:00", "2026-11-20T09:15:00Z", "2026-11-20T09:15:00.000Z"])
def test_instants_need_an_offset(cell):
    assert instant(cell).isoformat() == "2026-11-20T09:15:00+00:00"


@pytest.mark.parametrize(
    "cell", ["2026-11-20T10:15:00", "2026-11-20", "2026-02-30T10:15:00Z", "0001-01-01T00:00:00+14:00", 1763630100]
)
def test_other_times_are_not_guessed_at(cell):
    assert instant(cell) == Flaw("R102_TS_FORMAT", str(cell))
