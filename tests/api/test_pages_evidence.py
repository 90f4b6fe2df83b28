"""People read of broken promises in a real browser, and take the packs away."""

import pytest

from include.pipeline import preserve
from simulators.server import running
from tests.api.pages_world import PHONE, Login, browser_tests, mounted, watched
from tests.pipeline import evidence_world

pytestmark = browser_tests


@pytest.fixture
def address(app, api, warehouse, monkeypatch):
    """Where the pages of an organization with one broken promise are served to its owner."""
    from include.warehouse import members
    from include.warehouse.database import connect

    world = evidence_world.build(warehouse)
    with connect() as connection:
        members.put(connection, world.event()["organization_id"], "olga", "owner")
    login = Login()
    app.state.user_of = login.user_of
    with running(mounted(app, login)) as served:
        monkeypatch.setenv("SUNLEDGER_PUBLIC_URL", served)
        yield served


def test_a_broken_promise_is_told_in_words_and_its_pack_taken_away(chromium, address):
    page, complaints = watched(chromium, address, "evidence", **PHONE)
    page.get_by_text("The pack is not made yet").wait_for()
    preserve.preserve_all()
    page.reload()
    page.get_by_text("intact, verified").wait_for()
    told = page.get_by_role("listitem").inner_text()
    assert "Promised " in told and "; happened " in told and "–" not in told
    with page.expect_download() as download:
        page.get_by_role("button", name="Signed pack (zip)").click()
    assert download.value.path().read_bytes()[:2] == b"PK"
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["viewport"]["width"]
    assert complaints == []
