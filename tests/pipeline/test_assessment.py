"""Contracts open publications by themselves: terms that changed, and periods of a plant that says nothing."""

from tests.pipeline.contract_world import changed
from tests.pipeline.test_unattended import PUBLICATION, signs

ENDED = changed(starts_on="2026-01-01", ends_on="2026-02-28")


def test_a_plant_that_says_nothing_is_judged_and_not_condemned(apply, rows, warehouse):
    from include.pipeline import publish

    assert publish.publish() is None
    apply(ENDED)
    warehouse.execute("update ops.reassessment set requested_at = requested_at - interval '1 minute'")
    assert signs() == {(PUBLICATION, "")}
    closed = publish.publish()
    assert (closed["loads"], closed["reassessments"], closed["periods"]) == (0, 1, 4)
    found = rows("select obligation_code as code, status, count(*) as n from canonical.default_event group by 1, 2")
    assert sorted((row["code"], row["status"], row["n"]) for row in found) == [
        ("availability", "inconclusive", 2),
        ("data", "detected", 2),
    ]
    assert not rows("select from canonical.default_event where obligation_code = 'availability' and ld_payable > 0")
    assert rows("select distinct publication_id from ops.reassessment") == [
        {"publication_id": closed["publication_id"]}
    ]
    assert (publish.publish(), signs()) == (None, set())

    # months that settled since, without a reading or a request
    warehouse.execute("delete from canonical.obligation_period where period_start_on = '2026-02-01'")
    closed = publish.publish()
    assert (closed["loads"], closed["reassessments"], closed["periods"], closed["default_events"]) == (0, 0, 2, 0)
    assert publish.publish() is None


def test_a_build_without_contracts_leaves_their_models_alone(ingest, warehouse):
    from include.pipeline import publish
    from tests.pipeline.files import csv

    before = warehouse.execute("select 'intermediate.int_obligation_periods__touched'::regclass::oid as oid").fetchone()
    ingest(csv(range(8)))
    assert publish.publish()["readings"] == 8
    after = warehouse.execute("select 'intermediate.int_obligation_periods__touched'::regclass::oid as oid").fetchone()
    assert after == before
