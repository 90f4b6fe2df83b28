"""Small loads are staged and judged together, and one that cannot be read takes no other with it."""

from datetime import UTC, datetime, timedelta

from tests.pipeline.files import csv

UNREADABLE = b"colour,shape\nred,round\n"


def landed(organization: int, contents: dict[str, bytes]) -> list[int]:
    from include.pipeline.land import land_file

    return [
        land_file(content, name=name, organization_id=organization, source_system="manual")["load_id"]
        for name, content in contents.items()
    ]


def days(count: int) -> dict[str, bytes]:
    first = datetime(2026, 3, 10, tzinfo=UTC)
    return {f"{day}.csv": csv(range(4), first + timedelta(days=day)).encode() for day in range(count)}


def test_small_loads_share_a_copy_and_a_judgement(organization, warehouse, monkeypatch):
    from include.pipeline import process

    groups = []
    together = process.judge_together
    monkeypatch.setattr(process, "judge_together", lambda ids: groups.append(list(ids)) or together(ids))
    load_ids = landed(organization, days(3))
    assert process.process_all(load_ids) == {"accepted": 3}
    assert groups == [load_ids]
    disposed = warehouse.execute("select count(*) as n from ops.ingestion_log where disposition_key like 'validated/%'")
    assert disposed.fetchone()["n"] == 3


def test_an_unreadable_load_is_rejected_and_its_neighbours_are_accepted(organization, warehouse):
    from include.pipeline.process import process_all

    contents = {"first.csv": UNREADABLE, **days(2)}
    assert process_all(landed(organization, contents)) == {"rejected": 1, "accepted": 2}
    codes = warehouse.execute("select code from ops.ingestion_log where original_name = 'first.csv'").fetchone()
    assert codes["code"].startswith("F0")


def test_what_somebody_else_judged_meanwhile_is_left_alone(organization, warehouse):
    from include.pipeline import process

    load_ids = landed(organization, days(2))
    process.process(load_ids[0])
    epoch = "select lease_epoch from ops.ingestion_log where load_id = %s"
    before = warehouse.execute(epoch, [load_ids[0]]).fetchone()
    assert process.process_all(load_ids) == {"accepted": 2}
    assert warehouse.execute(epoch, [load_ids[0]]).fetchone() == before


def test_large_loads_go_alone(organization, warehouse, monkeypatch):
    from include.pipeline import process

    monkeypatch.setattr(process, "SMALL_BYTES", 10)
    monkeypatch.setattr(process, "judge_together", None)
    assert process.process_all(landed(organization, days(1))) == {"accepted": 1}
