"""The Evidence page in a real browser: what is broken, whether its pack holds, and taking it away."""

import pytest

from include.evidence.offline import verify
from include.pipeline import preserve
from tests.api.pages_world import COLOURS, PHONE, UNNAMED, browser_tests, contrast, opened
from tests.pipeline import evidence_world

pytestmark = browser_tests


@pytest.fixture
def world(warehouse):
    """A broken promise of an organization that olga is a viewer of; made before the others get their ids."""
    from include.warehouse import members
    from include.warehouse.database import connect

    made = evidence_world.build(warehouse)
    with connect() as connection:
        members.put(connection, 1, "olga", "viewer")
    return made


def of_owner(chromium, ledger, **options):
    page, complaints = opened(chromium, ledger, "evidence", **options)
    page.get_by_label("Organization", exact=True).select_option(label="Owner 1")
    page.get_by_role("heading", name="PPA-1: availability, 2026-06-01 to 2026-06-05").wait_for()
    return page, complaints


def test_a_waiting_pack_is_named_and_a_stored_one_can_be_taken(chromium, world, ledger, tmp_path):
    page, _ = of_owner(chromium, ledger)
    card = page.locator("#list > li")
    assert "waiting" in card.inner_text() and not card.get_by_role("button").count()
    preserve.preserve_all()
    page, complaints = of_owner(chromium, ledger)
    assert "intact, verified" in page.locator("#list > li").inner_text()
    assert "damages EUR 27,037.04" in page.locator("#list > li").inner_text()
    for button, suffix in (("Page (PDF)", "pdf"), ("Page (HTML)", "html"), ("Signed pack (zip)", "zip")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        download.value.save_as(tmp_path / f"taken.{suffix}")
        assert download.value.suggested_filename.endswith(f".{suffix}")
    assert verify.unzip((tmp_path / "taken.zip").read_bytes())["manifest.json"]
    assert (tmp_path / "taken.pdf").read_bytes().startswith(b"%PDF")
    actions = world.rows("select action from ops.audit_entry where actor = 'user:olga' order by seq")
    assert [row["action"] for row in actions] == ["view evidence", "view evidence", "export evidence"]
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_can_be_read_by_everybody(chromium, world, ledger, scheme):
    preserve.preserve_all()
    page, complaints = of_owner(chromium, ledger, color_scheme=scheme, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.evaluate(UNNAMED) == []
    assert [what for what, text, ground in page.evaluate(COLOURS) if contrast(text, ground) < 4.5] == []
    for control in page.locator("nav a, button, select").all():
        assert not control.is_visible() or control.bounding_box()["height"] >= 44
    assert complaints == []
