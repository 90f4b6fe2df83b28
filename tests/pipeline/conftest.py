"""Fixtures of pipeline tests: a registered organization and short ways to bring a file in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PLANT = {
    "organization": "Test Energy",
    "projects": [
        {
            "name": "Plant",
            "time_zone": "Europe/Berlin",
            "latitude": 52.5,
            "longitude": 13.4,
            "installed_ac_capacity_kw": 100,
            "meters": [
                {"name": "M1", "devices": [{"source": "manual", "site": "P1"}]},
                {"name": "M2", "devices": [{"source": "manual", "site": "P1", "device": "INV-2"}]},
            ],
        }
    ],
}


@pytest.fixture
def organization(warehouse) -> int:
    """The id of a registered organization with one plant of two meters in Berlin."""
    from include.pipeline import registration

    return registration.apply(PLANT)["organization_id"]


@pytest.fixture
def ingest(organization, tmp_path) -> Callable[..., dict[str, Any]]:
    """Write a file and bring it through land, stage and judge; returns the ledger row."""
    from include.pipeline.land import land_file
    from include.pipeline.process import process

    def bring(content: bytes | str, name: str = "readings.csv", source: str = "manual", **hints: Any) -> dict[str, Any]:
        path: Path = tmp_path / "client" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        landed = land_file(path, name=name, organization_id=organization, source_system=source, hints=hints)
        return process(landed["load_id"])

    return bring
