"""The page for people: what it says, and that it says it truly."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from fpdf import FPDF

from include.evidence import chart, summary, summary_html, summary_pdf
from include.evidence.summary import Integrity
from tests.unit.evidence.cases import a_case, readings

GOOD = Integrity(True, "ed25519-abc", "sealed now", "Intact: all verified", "data_hash 00")
AT = datetime(2026, 7, 6, tzinfo=UTC)


def page(drafted, integrity: Integrity = GOOD, **changes):
    texts = {**drafted.texts, **changes}
    return summary.of_documents(texts, integrity, ["Müller & Söhne, <b>Roof</b>"])


def test_it_says_what_was_promised_what_happened_and_the_difference(drafted):
    made = page(drafted)
    figures = {figure.label: (figure.value, figure.note) for figure in made.figures}
    assert figures["Promised"][0] == "98.00 %" and figures["Happened"][0] == "92.59 %"
    assert figures["Difference"] == ("5.41 points", "4.00 hours, 0.192 MWh lost")
    assert figures["Damages"][0] == "EUR 27,037.04"
    facts = dict(made.facts)
    assert facts["Completeness"].startswith("99.17 % measured (119 of 120 intervals)")
    assert facts["Excused"] == "1.00 h curtailment (events EV-11)" and facts["Estimated"] == "nothing"
    assert made.outcome == "Promise broken" and "1 – 5 June 2026 (UTC), revision 1" in made.lines


def test_energy_that_nobody_knows_is_not_nothing(drafted):
    aggregates = drafted.texts["aggregates"]
    first, *others = aggregates["days"]
    made = page(drafted, aggregates={**aggregates, "days": [{**first, "lost_energy_wh": None}, *others]})
    assert {figure.label: figure.note for figure in made.figures}["Difference"] == "4.00 hours, lost energy not known"
    assert "delivered; what was lost takes irradiance" in dict(made.facts)["Energy"]


def test_weighted_results_say_why_hours_alone_do_not_come_to_them(drafted):
    terms = drafted.texts["contract_terms"]
    weighed = {**terms, "obligation": {**terms["obligation"], "weighting": "capacity"}}
    assert dict(page(drafted).facts)["Hours"].endswith("missing")
    assert dict(page(drafted, contract_terms=weighed).facts)["Hours"].endswith("(the result weighs them by capacity)")


@pytest.mark.parametrize(
    ("actual", "shown"), [("97.995", "97.995 %"), ("97.9999996", "97.9999996 %"), ("98", "98.00 %")]
)
def test_a_breach_by_a_hair_does_not_look_like_none(actual, shown):
    assert summary.apart(Decimal(actual), Decimal(98), "%") == shown


def test_html_is_one_file_that_holds_no_markup_of_others(drafted):
    text = summary_html.render(page(drafted)).decode()
    assert "&lt;b&gt;Roof&lt;/b&gt;" in text and "Müller &amp; Söhne" in text
    assert not re.search(r"<(script|link|img|iframe)|src=|@import|url\(", text)


@pytest.mark.parametrize(("is_intact", "colour"), [(True, summary_html.GREEN), (False, summary_html.RED)])
def test_the_integrity_line_is_green_or_red(drafted, is_intact, colour):
    made = page(drafted, Integrity(is_intact, "s", "t", "words of it", "h"))
    assert f"color:{colour}" in summary_html.render(made).decode()


def test_the_pdf_is_one_page_and_the_same_bytes_for_the_same_words(drafted):
    odd = page(drafted)
    one, two = (summary_pdf.render(odd, AT) for _ in range(2))
    assert one == two and one.count(b"/Type /Page\n") == 1
    # letters that its fonts lack lose their marks
    assert summary_pdf._known("Łódź – Σ ‘x’") == "?ódz - ? 'x'"


def test_words_and_amounts_stay_in_their_place_on_paper():
    written = []
    paper = FPDF()
    paper.add_page()
    paper.text = lambda x, y, text: written.append((text, paper.get_string_width(text)))
    for note in ("1,234.25 hours, 12,345.678 MWh lost", "before the cap EUR 123,456,789.00"):
        summary_pdf._figure(paper, summary.Figure("Damages", "EUR 123,456,789.00", note), 0, 0, 39, False)
    assert len(written) == 6 and all(width <= 39 for _, width in written), written


def test_days_become_weeks_and_months_in_a_long_period():
    def labels(days: int) -> list[str]:
        on = [date(2026, 1, 1) + timedelta(days=n) for n in range(days)]
        row = {f"{name}_hours": "1" for name in chart.COLOURS}
        return [bar.label for bar in chart.bars([{**row, "day_on": day.isoformat()} for day in on])]

    assert labels(31) == [str(n) for n in range(1, 32)]
    assert labels(59)[-1] == "28.2." and len(labels(365)) == 53
    assert labels(730)[0] == "1/26" and labels(730)[-1] == "12/27" and chart.bars([]) == []


def test_the_chart_stacks_the_hours_of_a_day():
    drawn = ElementTree.fromstring(chart.svg(_texts(a_case(1, readings(1, zero=("2026-06-01T10",))))))
    bars = [node for node in drawn.iter("{http://www.w3.org/2000/svg}rect") if node.get("y") != "6"]
    assert [bar.get("fill") for bar in bars] == [chart.COLOURS["produced"], chart.COLOURS["not_producing"]]
    made, stood = (float(bar.get("height")) for bar in bars)
    assert made / stood == pytest.approx(10, rel=0.01)


def _texts(case) -> list[dict]:
    from include.evidence.documents import texts

    return texts(case)["aggregates"]["days"]
