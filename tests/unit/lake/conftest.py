"""Every test of the lake runs on a folder and on a real S3 protocol server."""

import pytest


@pytest.fixture(params=["file", "s3"])
def lake(request, tmp_path):
    """An empty lake."""
    from include.lake.store import Lake

    if request.param == "file":
        return Lake(f"file://{tmp_path / 'lake'}")
    return Lake(request.getfixturevalue("s3_lake"))
