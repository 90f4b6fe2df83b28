"""People in a real browser: they upload and look after deliveries; also on a phone and with a keyboard alone."""

import csv as csv_module

import pytest

from simulators.solaredge import DEMO_KEY
from tests.api.pages_world import COLOURS, PHONE, UNNAMED, browser_tests, contrast, opened
from tests.pipeline.files import csv

pytestmark = browser_tests

GOOD = [(100 + n, "measured", "fine") for n in range(30)]
ODD = [("lots", "measured", "=1+1"), (100, "guessed", "<img src=x onerror=alert(1)>")]
BAD = "timestamp,site_id,energy_wh,quality,note\n" + "".join(
    f"2026-06-01T{8 + n // 4:02}:{15 * (n % 4):02}:00Z,P1,{energy},{quality},{note}\n"
    for n, (energy, quality, note) in enumerate(GOOD + ODD)
)
HELD = csv([100, -90000, -90001, 100])


def send(page, name: str, text: str) -> None:
    page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Upload").click()


def held_load(plant) -> int:
    """A load that waits for a person."""
    from include.pipeline.land import land_file
    from include.pipeline.process import process

    landed = land_file(HELD.encode(), name="held.csv", organization_id=plant.organization_id, source_system="manual")
    return process(landed["load_id"])["load_id"]


def audited(warehouse, load_id: int) -> list[tuple[str, str, str]]:
    rows = warehouse.execute(
        "select action, actor, reason from ops.audit_entry where subject like %s and actor <> 'pipeline' order by seq",
        [f"load {load_id}%"],
    ).fetchall()
    return [(row["action"], row["actor"], row["reason"]) for row in rows]


def test_a_file_with_bad_rows_is_uploaded_and_each_bad_row_explained(chromium, ledger, tmp_path):
    page, complaints = opened(chromium, ledger, "upload")
    send(page, "june.csv", BAD)
    page.get_by_role("table", name="Refused rows").wait_for()
    counts = page.locator("dl.counts").inner_text().split()
    assert counts == ["Rows", "32", "Accepted", "30", "Refused", "2", "Repeated", "0"]
    rows = [[cell.inner_text() for cell in row.get_by_role("cell").all()] for row in page.locator("tbody").all()]
    assert [row[0].strip() for row in rows] == ["31", "32"]
    assert "R201_NOT_NUMERIC" in rows[0][1] and "R503_QUALITY_VALUE" in rows[1][1]
    assert [row[2] for row in rows] == ["energy_wh lots", "quality guessed"]
    assert all(row[3] for row in rows), "what to do"
    delivered = page.locator("tr.delivered").first.locator(".cell").all_inner_texts()
    assert delivered == [
        "timestamp 2026-06-01T15:30:00Z",
        "site_id P1",
        "energy_wh lots",
        "quality measured",
        "note =1+1",
    ]
    assert page.locator(".cell.bad").all_inner_texts() == ["energy_wh lots", "quality guessed"]
    assert ODD[1][2] in rows[1][-1]
    assert page.get_by_role("status").inner_text() == "Judged. The verdict is below."
    with page.expect_download() as download:
        page.get_by_role("button", name="Download refused rows (CSV)").click()
    download.value.save_as(tmp_path / "rejected.csv")
    assert download.value.suggested_filename.startswith("rejected-")
    with (tmp_path / "rejected.csv").open(newline="", encoding="utf-8-sig") as file:
        assert [row["note"] for row in csv_module.DictReader(file)] == ["'=1+1", "<img src=x onerror=alert(1)>"]
    assert complaints == []


def test_known_content_and_refused_files_are_told_in_words(chromium, ledger):
    page, complaints = opened(chromium, ledger, "upload")
    send(page, "june.csv", csv(range(4)))
    page.get_by_text("Accepted: every row will be published").wait_for()
    send(page, "again.csv", csv(range(4)))
    page.get_by_text("The same content was delivered before").wait_for()
    page.get_by_role("link", name="Load 1").click()
    page.get_by_role("heading", name="Load 1", exact=True).wait_for()
    page.go_back()
    page.locator("#organization:enabled").wait_for()
    send(page, "nothing.csv", "hello\n")
    page.locator(".state.bad").wait_for()
    assert "F00" in page.locator("#verdict").inner_text()
    assert complaints == []


def test_a_large_file_is_followed_until_it_is_judged(chromium, ledger):
    from tests.api.files import large

    page, complaints = opened(chromium, ledger, "upload")
    with page.expect_response("**/upload") as answer:
        send(page, "large.csv", large())
    assert answer.value.status == 202
    page.get_by_text("Accepted: every row will be published").wait_for(timeout=120_000)
    assert complaints == []


def test_a_file_can_be_dropped(chromium, ledger):
    page, _ = opened(chromium, ledger, "upload")
    page.evaluate(
        """(text) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text], "dropped.csv"));
          document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }""",
        csv(range(4)),
    )
    page.get_by_role("status").get_by_text("dropped.csv is chosen.").wait_for()
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("Accepted: every row will be published").wait_for()


def test_loads_are_filtered_paged_replayed_and_released_with_a_reason(chromium, ledger, plant, warehouse):
    load_id = held_load(plant)
    from include.pipeline.land import land_file

    for day in range(1, 29):
        text = csv(range(4)).replace("2026-06-01", f"2026-05-{day:02}")
        land_file(text.encode(), name=f"{day}.csv", organization_id=plant.organization_id, source_system="manual")
    page, complaints = opened(chromium, ledger, "loads")
    items = page.locator("#list > li")
    page.get_by_text("28.csv").wait_for()
    assert items.count() == 25
    page.get_by_role("button", name="Older loads").click()
    page.get_by_text("held.csv").wait_for()
    assert items.count() == 29 and not page.get_by_role("button", name="Older loads").is_visible()
    page.get_by_label("Status", exact=True).select_option("held")
    page.locator("#list > li:only-child").wait_for()
    page.get_by_role("link", name="held.csv").click()
    detail = page.get_by_role("region", name="Load", exact=True)
    detail.get_by_text("Held: a person has to look at it").wait_for()

    page.get_by_role("button", name="Let the load pass").click()
    assert audited(warehouse, load_id) == []  # no reason, no action
    page.get_by_label("Reason").fill("the columns were mapped")
    page.get_by_role("button", name="Judge again").click()
    page.get_by_role("status").get_by_text("Judged again.").wait_for()
    page.get_by_label("Reason").fill("confirmed by the plant")
    page.get_by_role("button", name="Let the load pass").click()
    page.get_by_role("status").get_by_text("The load passes").wait_for()
    detail.get_by_text("Accepted, without the refused rows").wait_for()
    page.get_by_label("Reason").fill("a meter that runs backwards")
    page.get_by_label("Choose row 2").check()
    page.get_by_role("button", name="Let the chosen rows pass").click()
    page.get_by_role("status").get_by_text("The chosen rows pass.").wait_for()
    assert detail.get_by_text("2 (released)").is_visible() and page.get_by_label("Choose row 3").is_visible()
    trail = audited(warehouse, load_id)
    assert {actor for _, actor, _ in trail} == {"user:olga"}
    reasons = ["the columns were mapped", "confirmed by the plant", "a meter that runs backwards"]
    assert [reason for *_, reason in trail] == reasons
    assert complaints == []


def test_rows_that_wait_or_cannot_pass_are_told_and_not_offered(chromium, ledger, plant):
    """A load of an unmapped site is not called published, and a row that could not be read has no box to tick."""
    from include.pipeline.land import land_file
    from include.pipeline.process import process

    for name, text in (("unmapped.csv", csv(range(4)).replace("P1", "P9")), ("odd.csv", csv([1, "lots", -90000]))):
        landed = land_file(text.encode(), name=name, organization_id=plant.organization_id, source_system="manual")
        process(landed["load_id"])
    page, complaints = opened(chromium, ledger, "loads")
    page.get_by_role("listitem").filter(has_text="unmapped.csv").get_by_text("no row can be used yet").wait_for()
    page.get_by_role("link", name="unmapped.csv").click()
    detail = page.get_by_role("region", name="Load", exact=True)
    detail.get_by_text("(waits)").first.wait_for()
    assert detail.get_by_role("checkbox").count() == 0
    page.go_back()
    page.get_by_role("link", name="odd.csv").click()
    detail.get_by_role("checkbox").wait_for()
    assert detail.get_by_role("checkbox").get_attribute("aria-label") == "Choose row 3"
    assert complaints == []


def test_a_viewer_looks_and_is_offered_nothing_else(chromium, ledger, plant, login):
    held_load(plant)
    login.name = "vera"
    page, _ = opened(chromium, ledger, "loads")
    page.get_by_role("link", name="held.csv").click()
    page.get_by_role("region", name="Load", exact=True).get_by_text("Held: a person has to look at it").wait_for()
    assert page.get_by_label("Reason").count() == page.get_by_role("checkbox").count() == 0
    page.get_by_role("link", name="Upload").click()
    page.get_by_text("Your role is viewer: you may look at loads, but not upload.").wait_for()
    assert page.get_by_role("button", name="Upload").is_disabled()


def test_another_organization_shows_its_own(chromium, ledger, plant):
    held_load(plant)
    page, _ = opened(chromium, ledger, "loads")
    page.get_by_text("held.csv").wait_for()
    page.get_by_label("Organization", exact=True).select_option(label="Neighbour")
    page.get_by_text("No load fits.").wait_for()
    assert page.get_by_text("held.csv").count() == 0
    page.reload()  # the choice is kept
    page.get_by_text("No load fits.").wait_for()


def test_who_changes_the_organization_quickly_sees_the_last_one_once(chromium, ledger, plant):
    held_load(plant)
    page, complaints = opened(chromium, ledger, "loads")
    for name in ("Neighbour", "Test Energy", "Neighbour", "Test Energy"):
        page.get_by_label("Organization", exact=True).select_option(label=name)
    page.locator("main[aria-busy=false]").wait_for()
    assert page.locator("#list > li").count() == 1
    page.get_by_label("Source", exact=True).select_option("manual")
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["upload", "connect", "loads"])
def test_every_page_fits_a_phone_and_can_be_read_and_used_by_everybody(chromium, ledger, plant, portal, name, scheme):
    load_id = held_load(plant)
    fragment = f"#{load_id}" if name == "loads" else ""
    page, complaints = opened(chromium, ledger, f"{name}{fragment}", color_scheme=scheme, **PHONE)
    if name == "upload":
        send(page, "june.csv", BAD)
        page.get_by_role("table", name="Refused rows").wait_for()
    elif name == "loads":
        page.get_by_role("link", name="held.csv").click()
        page.get_by_role("table", name="Refused rows").wait_for()
    else:
        page.get_by_label("Vendor").select_option("solaredge")
        page.get_by_label("Way to connect").select_option("api_key")
        page.get_by_label("api key", exact=True).fill(DEMO_KEY)
        page.get_by_role("button", name="Connect").click()
        page.get_by_role("region", name="Sites found").get_by_role("button").first.click()
        page.get_by_role("button", name="Map this site").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    assert page.evaluate(UNNAMED) == []
    pale = [(what, text, ground) for what, text, ground in page.evaluate(COLOURS) if contrast(text, ground) < 4.5]
    assert pale == []
    for control in page.locator("nav a, button, select").all():
        assert not control.is_visible() or control.bounding_box()["height"] >= 44
    assert complaints == []


def test_a_page_can_be_used_with_the_keyboard_alone(chromium, ledger, plant):
    load_id = held_load(plant)
    page, _ = opened(chromium, ledger, "loads")
    page.get_by_text("held.csv").wait_for()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == f"#{load_id}":
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Load", exact=True).get_by_text("Held: a person has to look at it").wait_for()
    page.locator("#detail h2:focus").wait_for()  # the focus goes with the content
    assert not page.get_by_label("Status", exact=True).is_visible()
    page.get_by_role("link", name="All loads").click()
    page.get_by_role("link", name="held.csv").wait_for()


def test_inside_airflows_frame_the_page_works_without_its_own_navigation(chromium, ledger, plant):
    page = chromium.new_context(accept_downloads=True).new_page()
    page.goto(f"{ledger}/framed")
    frame = page.frame_locator("iframe")
    frame.get_by_label("Organization").select_option(label="Test Energy")
    send(frame, "june.csv", BAD)
    frame.get_by_role("table", name="Refused rows").wait_for()
    assert not frame.get_by_role("navigation").is_visible()
    with page.expect_download() as download:
        frame.get_by_role("button", name="Download refused rows (CSV)").click()
    assert download.value.suggested_filename.endswith(".csv")
