import io

import pytest
from rich.console import Console

from include.local import progress, summary

FACTS = {
    "loads": {"published": 3, "duplicate": 1},
    "rows": {"in": 1200, "clean": 1100, "rejected": 60, "duplicate": 40},
    "readings": 1100,
    "aggregates": {"hourly": 300, "daily": 12, "monthly": 1},
    "rejected_by_code": {"R101": 60},
    "publications": 2,
}


@pytest.fixture
def printed(monkeypatch):
    output = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=output, width=120, highlight=False))
    return output


def test_the_summary_shows_every_figure_and_link(printed):
    summary.show(FACTS, {"Airflow": "http://127.0.0.1:8080", "login": "admin / secret"})
    text = printed.getvalue()
    for expected in ("loads published", "1,200", "aggregates monthly", "rejected R101", "http://127.0.0.1:8080"):
        assert expected in text
    assert "rows add up: 1,200 = 1,100 + 60 + 40" in text


def test_rows_that_do_not_add_up_are_said_loudly(printed):
    summary.show({**FACTS, "rows": {**FACTS["rows"], "clean": 1099}}, {})
    assert "rows do NOT add up" in printed.getvalue()


def test_a_step_shows_how_it_ended_also_without_a_terminal(printed):
    with progress.step("first [odd] step"):
        pass
    with pytest.raises(ValueError, match="broken"), progress.step("second step"):
        raise ValueError("broken")
    lines = [line.split() for line in printed.getvalue().splitlines()]
    assert [line[0] for line in lines] == ["...", "done", "...", "failed"]
    assert lines[1][1:4] == ["first", "[odd]", "step"]
