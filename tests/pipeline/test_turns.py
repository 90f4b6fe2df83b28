"""Whose turn it is: few sites have a task each, many share one, and none stops another."""

from datetime import UTC, datetime

import pytest
import requests

from include.core.errors import SitesFailed, VendorUnavailable
from include.pipeline import turns
from simulators.solaredge_plants import DENVER_SITE
from tests.pipeline.oracle import count


def test_few_sites_have_a_task_each_and_many_share_fifty():
    def groups(sites: int) -> list[list[dict]]:
        return turns.in_groups([{"integration_site_id": site} for site in range(sites)])

    assert groups(0) == []
    assert [len(group) for group in groups(7)] == [1] * 7
    assert [len(group) for group in groups(1_000)] == [20] * 50
    shared = groups(73)
    assert len(shared) <= 50 and max(map(len, shared)) == 2
    assert [site["integration_site_id"] for group in shared for site in group] == list(range(73))


def test_a_failing_site_stops_none_of_its_group_and_another_try_asks_for_it_alone(sites, portal, warehouse, no_waiting):
    fault = {"path": f"/v2/sites/{DENVER_SITE}/meters/telemetry", "times": 50, "status": 503}
    requests.post(f"{portal}/_control/faults", json=[fault], timeout=10)
    began_at, group = datetime.now(UTC), turns.due_sites("solaredge")
    assert [reference["integration_site_id"] for reference in group] == sites
    with pytest.raises(SitesFailed, match=f"1 of 2 sites failed: Site {DENVER_SITE}: E401") as failed:
        turns.land_group(group, began_at)
    assert [type(cause) for cause in failed.value.causes] == [VendorUnavailable]
    assert count(warehouse, "ops.ingestion_log", f"integration_site_id = {sites[1]}") > 0

    requests.delete(f"{portal}/_control/faults", timeout=10)
    asked = len(requests.get(f"{portal}/_control/requests", timeout=10).json())
    assert turns.land_group(group, began_at)
    paths = [request["path"] for request in requests.get(f"{portal}/_control/requests", timeout=10).json()[asked:]]
    assert paths and all(str(DENVER_SITE) in path for path in paths)
    assert turns.land_group(group, began_at) == []


def test_the_time_of_a_task_is_shared_and_what_one_site_leaves_goes_to_the_next(warehouse, monkeypatch):
    now, shares = [0.0], {}

    def land(reference, longest_s):
        shares[reference["name"]] = longest_s
        now[0] += reference["takes_s"]
        return []

    monkeypatch.setattr(turns.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(turns, "land_reference", land)
    group = [
        {"integration_site_id": place, "name": name, "takes_s": takes_s}
        for place, (name, takes_s) in enumerate({"quick": 0, "slow": 600, "last": 5}.items())
    ]
    turns.land_group(group, datetime.now(UTC))
    assert shares == {"quick": 400.0, "slow": 600.0, "last": 600.0}


def test_of_an_error_that_is_not_ours_only_its_kind_is_told(warehouse, monkeypatch):
    def land(reference, longest_s):
        raise ValueError("a canary that nobody may read")

    monkeypatch.setattr(turns, "land_reference", land)
    group = [{"integration_site_id": place, "name": "Roof"} for place in range(2)]
    with pytest.raises(SitesFailed, match="2 of 2 sites failed: Roof: ValueError, see the log; Roof") as failed:
        turns.land_group(group, datetime.now(UTC))
    assert "canary" not in str(failed.value)
