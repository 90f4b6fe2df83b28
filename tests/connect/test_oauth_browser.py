"""A person connects accounts in a real browser: the popup, the vendor's consent page, and the way back."""

import re
import shutil

import pytest
from fastapi import Request
from fastapi.responses import RedirectResponse

from simulators import enphase, enphase_plants, sma, sma_plants, solaredge, solaredge_plants
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulators.server import running
from tests.connect.edge import Login, mounted

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
PHONE = {"viewport": {"width": 360, "height": 640}, "is_mobile": True, "has_touch": True}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium, as .ci/packages.txt lists it"),
]

VENDORS = {
    "enphase": (
        enphase.create_app,
        lambda url: {"ENPHASE_BASE_URL": url, "ENPHASE_API_KEY": enphase.DEMO_KEY},
        enphase_plants.PLANTS,
    ),
    "sma": (sma.create_app, sma.environment, sma_plants.PLANTS),
    "solaredge": (
        solaredge.create_app,
        lambda url: {"SOLAREDGE_BASE_URL": url, "SOLAREDGE_AUTHORIZE_URL": f"{url}/authorize"},
        # the owner grants one site
        dict(list(solaredge_plants.PLANTS.items())[:1]),
    ),
}


@pytest.fixture(scope="module")
def chromium():
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def login():
    """Who is logged in; logging in again makes it ann."""
    return Login()


@pytest.fixture
def ledger(organization, login, monkeypatch):
    """The app under its prefix on a web server, with a login page that lets everybody in; yields its address."""
    outer = mounted(login)

    @outer.get("/api/v2/auth/login")
    def log_in(request: Request) -> RedirectResponse:
        assert "code" not in str(request.url) and "state" not in str(request.url)
        login.name = "ann"
        return RedirectResponse(request.query_params["next"])

    with running(outer) as address:
        monkeypatch.setenv("SUNLEDGER_PUBLIC_URL", address)
        yield address


@pytest.fixture
def simulator(request, monkeypatch):
    """A vendor's simulator and the settings of our application there; yields the vendor and the names of its sites."""
    source = getattr(request, "param", "enphase")
    create_app, settings, plants = VENDORS[source]
    app = create_app()
    if source == "solaredge":
        app.state.authority.echoes_state = False  # whether SolarEdge does is not documented
    with running(app) as url:
        application = {"CLIENT_ID": DEMO_CLIENT_ID, "CLIENT_SECRET": DEMO_CLIENT_SECRET}
        for name, value in {f"{source.upper()}_{name}": value for name, value in application.items()}.items():
            monkeypatch.setenv(name, value)
        for name, value in settings(url).items():
            monkeypatch.setenv(name, value)
        yield source, {plant.name for plant in plants.values()}


def is_ours(message, ledger: str) -> bool:
    """Errors on our pages; that a page says 403 is told by the page itself, and the vendor has no icon."""
    is_status = message.text.startswith("Failed to load resource")
    return message.type == "error" and message.location["url"].startswith(ledger) and not is_status


def opened(chromium, ledger, **options):
    """The start page, and what the browser complained about since."""
    page = chromium.new_context(**options).new_page()
    complaints: list[str] = []
    page.context.on("console", lambda message: complaints.append(message.text) if is_ours(message, ledger) else None)
    page.context.on("weberror", lambda error: complaints.append(str(error.error)))
    page.goto(f"{ledger}/api/oauth/")
    return page, complaints


def asked(page, source: str, label: str = "roof"):
    """Fill the form and press the button; returns the window that opens."""
    page.get_by_label("Vendor").select_option(source)
    page.get_by_label("Name of the account").fill(label)
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Connect").click()
    popup.value.get_by_role("button", name="Allow").wait_for()
    return popup.value


@pytest.mark.parametrize("simulator", VENDORS, indirect=True)
def test_an_account_is_connected_in_a_popup_and_lists_its_sites(chromium, ledger, simulator, warehouse):
    from include.pipeline.accounts import connect_account

    source, names = simulator
    page, complaints = opened(chromium, ledger)
    popup = asked(page, source)
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Allow").click()
    page.get_by_text(f"Connected: {source} “roof”.").wait_for()
    assert complaints == []
    [row] = warehouse.execute("select * from ops.integration_credential").fetchall()
    assert (row["source_system"], row["auth_type"], row["label"]) == (source, "oauth2", "roof")
    assert {site.name for site in connect_account(row).sites()} == names


def test_who_denies_reads_why_nothing_was_connected(chromium, ledger, simulator, warehouse):
    page, complaints = opened(chromium, ledger)
    popup = asked(page, "enphase")
    popup.get_by_role("button", name="Deny").click()
    popup.get_by_role("alert").get_by_text("Access was not granted at the vendor.").wait_for()
    page.get_by_text("Not connected; the other window says why.").wait_for()
    # the vendor's answer does not stay in the address or the history
    assert popup.url == f"{ledger}/api/oauth/callback"
    assert warehouse.execute("select count(*) as n from ops.integration_credential").fetchone()["n"] == 0
    popup.get_by_role("link", name="Begin again").click()
    popup.get_by_role("heading", name="Connect an account").wait_for()
    assert complaints == []


def test_a_login_that_expired_meanwhile_costs_one_more_click(chromium, ledger, login, simulator):
    page, _ = opened(chromium, ledger)
    popup = asked(page, "enphase")
    login.name = None
    popup.get_by_role("button", name="Allow").click()
    popup.get_by_role("heading", name="You are not logged in").wait_for()
    page.get_by_text("Log in again in the other window.").wait_for()
    with popup.expect_event("close"):
        popup.get_by_role("link", name="Log in").click()
    page.get_by_text("Connected: enphase “roof”.").wait_for()


def test_on_a_phone_everything_fits_and_can_be_touched(chromium, ledger, simulator):
    page, _ = opened(chromium, ledger, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    for control in page.locator("select, input, button").all():
        assert control.bounding_box()["height"] >= 44
    popup = asked(page, "enphase", "a name without blanks that is " + "long" * 17)
    popup.set_viewport_size(PHONE["viewport"])
    popup.get_by_role("button", name="Deny").click()
    popup.get_by_role("alert").wait_for()
    assert popup.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]


def test_without_popups_the_page_itself_goes_to_the_vendor_and_back(chromium, ledger, simulator):
    page, _ = opened(chromium, ledger)
    page.evaluate("window.open = () => null")
    page.get_by_label("Vendor").select_option("enphase")
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("status").get_by_text("Sunledger reads enphase from now on.").wait_for()
    assert page.url == f"{ledger}/api/oauth/callback"


def test_another_page_cannot_speak_for_the_popup_or_hear_it(chromium, ledger, simulator):
    source, _ = simulator
    page, _ = opened(chromium, ledger)
    forged = {"type": "sunledger:connect", "outcome": "connected", "source": "forged", "label": ""}
    popup = asked(page, source)
    popup.evaluate("message => window.opener.postMessage(message, '*')", forged)
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Allow").click()
    page.get_by_text(re.compile("Connected: enphase")).wait_for()
    # a foreign opener hears nothing
    stranger = chromium.new_context().new_page()
    stranger.goto("data:text/html,<script>addEventListener('message', e => { document.title = 'heard' })</script>")
    with stranger.expect_popup() as window:
        stranger.evaluate("address => { window.open(address) }", f"{ledger}/api/oauth/callback")
    window.value.get_by_role("alert").wait_for()
    assert stranger.title() != "heard"


def test_the_page_says_when_something_is_not_set_up(chromium, ledger, simulator, monkeypatch):
    page, _ = opened(chromium, ledger)
    monkeypatch.delenv("ENPHASE_CLIENT_ID")
    page.get_by_label("Vendor").select_option("enphase")
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Connect").click()
    page.get_by_role("status").get_by_text("ENPHASE_CLIENT_ID is not set.").wait_for()
    assert popup.value.is_closed()
