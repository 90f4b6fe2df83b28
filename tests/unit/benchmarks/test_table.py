"""The table of the benchmark says what was missed, and what was not measured and why."""

from benchmarks.__main__ import figures_of, tabulated
from benchmarks.targets import TARGETS


def reading(seconds: float) -> dict:
    return {"wall_s": seconds, "cpu_s": seconds}


def one_round(whole_s: float, **more) -> dict:
    path = {
        "first.whole": reading(whole_s), "first.stage": reading(1), "first.judge": reading(1), "again": reading(1),
        "small": reading(1), "peak_mib": 100, "replay_changed": {"changed_readings": 0, "wal_mb": 1},
    }  # fmt: skip
    floors = {"floor_a": reading(2), "floor_b": reading(10)}
    return {**floors, "parquet": path, "csv": path, "ndjson": path, **more}


def line_of(figure: str, rounds: list[dict]) -> str:
    pushes = {target.figure: 0.1 for target in TARGETS if target.figure.startswith("push")}
    return next(line for line in tabulated(figures_of(rounds) | pushes) if line.startswith(figure))


def test_peers_that_are_not_installed_are_not_measured_and_the_line_says_so():
    line = line_of("whole path / naive stack: CPU", [one_round(20)])
    assert "not measured: the peers are not installed" in line
    assert "missed" not in line


def test_a_peer_is_compared_with_our_whole_path_in_the_same_round():
    peers = {"dlt": reading(50), "dlt_arrow": reading(5), "naive": reading(40)}
    rounds = [one_round(whole_s, peers=peers) for whole_s in (10, 20, 60)]
    assert line_of("whole path / dlt default, load only: wall", rounds).split()[-3:] == ["0.4", "0.9", "0.6"]
    assert line_of("whole path / naive stack: CPU", rounds).split()[-4:] == ["0.5", "0.35", "0.2", "missed"]
    assert line_of("whole path / dlt Arrow, load only: wall", rounds).split()[-1] == "4"
