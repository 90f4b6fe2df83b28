"""What holds for the sites of every vendor: waits, the mark behind a failed part, budgets, and dry runs."""

from include.core.errors import QuotaExhausted, VendorUnavailable
from tests.pipeline.oracle import count


def row_of(warehouse) -> dict:
    return warehouse.execute("select * from ops.integration_site").fetchone()


def test_an_outage_is_waited_for_three_times_and_holds_the_mark_until_the_part_has_come(account, warehouse, no_waiting):
    assert account.run() is None
    reached = row_of(warehouse)["high_water_mark"]
    warehouse.execute("update ops.integration_site set high_water_mark = high_water_mark - interval '2 days'")
    account.script({"status": 503, "times": 500, "body": "{}"})
    no_waiting.clear()
    assert isinstance(account.run(hours=None), VendorUnavailable)
    row = row_of(warehouse)
    assert (row["last_sync_status"], row["consecutive_failures"]) == ("error", 1) and "E401" in row["last_sync_error"]
    assert row["failed_from"] < row["high_water_mark"] < row["failed_until"]
    pauses = [pause for pause in no_waiting if pause >= 2]  # shorter ones pace the calls
    assert [base <= pause <= base + 1 for base, pause in zip((2, 4, 8), pauses, strict=True)] == [True] * 3
    account.script(None)
    assert account.run(hours=None) is None
    row = row_of(warehouse)
    assert row["last_sync_status"] == "success" and row["failed_from"] is None
    assert row["high_water_mark"] >= reached


def test_no_call_is_made_beyond_the_months_budget(account, warehouse, no_waiting, monkeypatch):
    monkeypatch.setenv(f"{account.source}_CALLS_PER_MONTH".upper(), "2")
    error = account.run(hours=24 * 10)
    assert isinstance(error, QuotaExhausted)
    used = warehouse.execute("select max(calls) as n from ops.api_usage where span = 'month'").fetchone()["n"]
    assert used == 2 and account.data_calls() <= 2
    assert row_of(warehouse)["last_sync_status"] in {"partial", "error"}


def test_a_dry_run_gives_the_verdicts_of_the_real_one(account, warehouse, no_waiting):
    def verdicts(report) -> list[tuple]:
        return [(load["status"], load["rows_in"], load["rows_rejected"], load["verdict"]) for load in report.loads]

    dry = account.report(is_dry=True)
    assert count(warehouse, "ops.ingestion_log") == count(warehouse, "quarantine.rejected_row") == 0
    real = account.report()
    assert verdicts(dry) == verdicts(real) and dry.loads
