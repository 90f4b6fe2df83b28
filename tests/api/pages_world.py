"""The pages in a browser: the API and the console on one web server, as Airflow mounts them, and who is logged in."""

import shutil

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from include.api import console, oauth
from include.api.app import PREFIX
from simulators.server import running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
PHONE = {"viewport": {"width": 375, "height": 700}, "is_mobile": True, "has_touch": True}


browser_tests = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium, as .ci/packages.txt lists it"),
]


class Login:
    """Who is logged in; None is nobody."""

    name: str | None = "olga"

    async def user_of(self, request) -> str | None:
        return self.name


def mounted(api_app: FastAPI, login: Login) -> FastAPI:
    """The API, the connection and the pages together, with a page that frames one as Airflow's UI does."""
    outer = FastAPI()
    outer.mount(PREFIX, api_app)
    outer.mount(oauth.PREFIX, oauth.create_app(login.user_of))
    outer.mount(console.PREFIX, console.create_app(login.user_of))

    @outer.get("/api/v2/auth/login")
    def log_in(next: str) -> HTMLResponse:
        return HTMLResponse(f"<h1>Log in</h1><p>{next}</p>")

    @outer.get("/framed")
    def framed() -> HTMLResponse:
        sandbox = "allow-scripts allow-same-origin allow-forms allow-downloads"  # as Airflow's UI sets it
        return HTMLResponse(f'<iframe src="/sunledger/upload" sandbox="{sandbox}" width="900" height="700"></iframe>')

    return outer


@pytest.fixture(scope="module")
def chromium():
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def login(plant, neighbour) -> Login:
    """olga owns the plant and looks at the neighbour's; vera may only look."""
    from include.warehouse import members
    from include.warehouse.database import connect

    with connect() as connection:
        members.put(connection, plant.organization_id, "olga", "owner")
        members.put(connection, neighbour.organization_id, "olga", "viewer")
        members.put(connection, plant.organization_id, "vera", "viewer")
    return Login()


@pytest.fixture
def ledger(app, api, login, monkeypatch):
    """The address of the whole."""
    app.state.user_of = login.user_of
    with running(mounted(app, login)) as address:
        monkeypatch.setenv("SUNLEDGER_PUBLIC_URL", address)
        yield address


def opened(chromium, ledger, name: str, **options):
    """A page for the plant's organization."""
    page, complaints = watched(chromium, ledger, name, **options)
    page.get_by_label("Organization", exact=True).select_option(label="Test Energy")
    page.locator("main[aria-busy=false]").wait_for()
    return page, complaints


def watched(chromium, address: str, page_name: str, **options):
    """A page, opened, and everything that the browser complained about since."""
    page = chromium.new_context(accept_downloads=True, **options).new_page()
    complaints: list[str] = []
    page.context.on("console", lambda said: complaints.append(said.text) if _is_complaint(said) else None)
    page.context.on("weberror", lambda error: complaints.append(str(error.error)))
    page.goto(f"{address}/sunledger/{page_name}")
    page.locator("#organization option").first.wait_for(state="attached")
    return page, complaints


def _is_complaint(said) -> bool:
    """Errors and refusals of the policy; that an answer has an error status is told by the page itself."""
    return said.type in {"error", "warning"} and not said.text.startswith("Failed to load resource")


# what assistive technology gets to hear of each control that can be used
UNNAMED = """() => [...document.querySelectorAll("a, button, input, select, textarea, progress")]
  .filter((one) => one.checkVisibility())
  .filter((one) => {
    const labels = [...(one.labels || [])].map((label) => label.textContent).join("");
    return !(one.getAttribute("aria-label") || labels || one.matches("a, button") && one.textContent).trim();
  })
  .map((one) => one.outerHTML)"""
# text and ground of everything that shows text, as the browser computed them
COLOURS = """() => {
  const ground = (one) => {
    const colour = getComputedStyle(one).backgroundColor;
    return colour !== "rgba(0, 0, 0, 0)" || !one.parentElement ? colour : ground(one.parentElement);
  };
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.checkVisibility())
    .filter((one) => [...one.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
    .filter((one) => !one.matches(":disabled, option"))
    .map((one) => [one.outerHTML.slice(0, 80), getComputedStyle(one).color, ground(one)]);
}"""


def contrast(colour: str, ground: str) -> float:
    """WCAG's ratio of two colours as `rgb(r, g, b)`."""
    light, dark = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
