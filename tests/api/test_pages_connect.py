"""People connect accounts in a real browser and map the sites that these may read."""

from simulators import enphase, enphase_plants
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulators.server import running
from simulators.solaredge import DEMO_KEY
from tests.api.pages_world import browser_tests, opened

pytestmark = browser_tests


def test_an_account_is_entered_and_a_site_of_it_mapped(chromium, ledger, plant, portal, warehouse):
    page, complaints = opened(chromium, ledger, "connect")
    page.get_by_label("Vendor").select_option("solaredge")
    page.get_by_label("Way to connect").select_option("api_key")
    page.get_by_label("Name of the account").fill("fleet")
    secret = page.get_by_label("api key", exact=True)
    secret.fill(DEMO_KEY)
    assert secret.get_attribute("type") == "password"
    page.get_by_role("button", name="Connect").click()
    found = page.get_by_role("region", name="Sites found")
    found.get_by_role("heading", name="Sites found").wait_for()
    assert secret.input_value() == ""
    assert found.get_by_role("listitem").count() >= 2
    first = found.get_by_role("listitem").filter(has_text="2016001")
    first.get_by_role("button").click()
    first.get_by_label("Project").select_option(label="Plant")
    first.get_by_label("5E10A160-01").select_option(label="M1")
    first.get_by_label("5E10AE00-M1").select_option(label="none: it is not read")
    first.get_by_role("button", name="Map this site").click()
    first.get_by_text("Mapped to Plant, 2 devices.").wait_for()
    rows = warehouse.execute(
        "select d.external_device_id as device, m.name from core.meter_device as d inner join core.meter as m "
        "using (organization_id, meter_id) where d.source_system = 'solaredge' and d.external_site_id = '2016001'"
    ).fetchall()
    assert {row["device"]: row["name"] for row in rows} == {"5E10A160-01": "M1", "5E10A140-02": "5E10A140-02"}
    page.reload()
    page.get_by_role("button", name="Find sites of SolarEdge “fleet”").click()
    first.get_by_text("Mapped to Plant, 2 devices.").wait_for()
    assert DEMO_KEY not in page.content()
    assert complaints == []


def test_a_key_that_the_vendor_refuses_is_told(chromium, ledger, plant, portal):
    page, _ = opened(chromium, ledger, "connect")
    page.get_by_label("Vendor").select_option("solaredge")
    page.get_by_label("Way to connect").select_option("api_key")
    page.get_by_label("api key", exact=True).fill("wrong")
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("alert").get_by_text("E404_AUTH_FAILED").wait_for()


def test_an_account_connected_at_the_vendor_shows_its_sites(chromium, ledger, plant, monkeypatch):
    with running(enphase.create_app()) as url:
        settings = {"CLIENT_ID": DEMO_CLIENT_ID, "CLIENT_SECRET": DEMO_CLIENT_SECRET, "BASE_URL": url}
        for name, value in {**settings, "API_KEY": enphase.DEMO_KEY}.items():
            monkeypatch.setenv(f"ENPHASE_{name}", value)
        page, complaints = opened(chromium, ledger, "connect")
        page.get_by_label("Vendor").select_option("enphase")
        page.get_by_label("Name of the account").fill("roof")
        with page.expect_popup() as popup:
            page.get_by_role("button", name="Connect").click()
        with popup.value.expect_event("close"):
            popup.value.get_by_role("button", name="Allow").click()
        found = page.get_by_role("region", name="Sites found")
        for site in enphase_plants.PLANTS.values():
            found.get_by_role("heading", name=site.name).wait_for()
        assert complaints == []


def test_a_member_connects_at_the_vendor_and_is_not_asked_for_secrets(chromium, ledger, plant, login):
    from include.warehouse import members
    from include.warehouse.database import connect

    with connect() as connection:
        members.put(connection, plant.organization_id, "mia", "member")
    login.name = "mia"
    page, complaints = opened(chromium, ledger, "connect")
    page.get_by_label("Vendor").select_option("enphase")
    assert page.get_by_label("Way to connect").locator("option").all_inner_texts() == ["in the browser, at the vendor"]
    page.get_by_label("Vendor").select_option("goodwe")
    page.get_by_text("Ask an administrator of your organization to enter this account.").wait_for()
    assert page.get_by_role("button", name="Connect").is_disabled()
    assert complaints == []
