"""A year of an ERP's readings in one delivery, held against sums that are worked out from its rows alone."""

from decimal import Decimal

from tests.pipeline import erp_extract
from tests.pipeline.billing import push
from tests.pipeline.erp_extract import METERED, MID_MONTH

PERIOD = "name,start_on,end_on\nhalf of June,2025-06-01,2025-06-12\n"


def load(organization: int, tmp_path, kind: str, text: str) -> None:
    from include.pipeline import reference

    path = tmp_path / f"{kind}.csv"
    path.write_text(text)
    report = reference.load_file(path, kind, organization, actor="test")
    assert report.is_written, report.errors


def counting(rows: list[dict]) -> list[dict]:
    """The rows that count: of a line and day the last one."""
    return list({(row["CONTRACT_LINE_UNIQUE_ID"], row["BILL_DATE"]): row for row in rows}.values())


def production(rows: list[dict], word: str) -> Decimal:
    amounts = ("UTILIZED_READING", "DISCOUNT_READING", "SOURCED_ENERGY")
    found = [[Decimal(str(row[name])) for name in amounts] for row in rows if row["METERED_AVAILABLE"] == word]
    return sum((used - discount - sourced for used, discount, sourced in found), Decimal())


def sums(warehouse) -> tuple[int, Decimal, Decimal]:
    row = warehouse.execute(
        "select count(*) as months, sum(energy_kwh) as energy, sum(available_energy_kwh) as available "
        "from canonical.meter_aggregate where basis = 'billing'"
    ).fetchone()
    return row["months"], row["energy"], row["available"]


def test_a_year_of_604_rows_is_published_to_the_kilowatt_hour(warehouse, organization, tmp_path):
    from include.pipeline.publish import publish

    for kind, text in erp_extract.reference("Plant").items():
        load(organization, tmp_path, kind, text)
    rows = erp_extract.rows()
    delivered = push(organization, erp_extract.as_csv(rows), name="extract.csv")
    found = (delivered["rows_in"], delivered["rows_clean"], delivered["rows_rejected"], delivered["rows_duplicate"])
    assert (delivered["status"], *found) == ("accepted", 604, 601, 2, 1), "two wait for their period, one is repeated"
    codes = {code: about["rows"] for code, about in delivered["verdict"]["codes"].items()}
    # priced are 30 lines from January to June; the rest has no price, and the two that wait are not asked for one
    assert codes == {"B502_PERIOD_UNRESOLVED": 2, "B401_DUP_IN_BATCH": 1, "B601_NO_TARIFF": 602 - 30 * 6}
    publish()
    whole = [row for row in counting(rows) if row["BILL_DATE"] != MID_MONTH]
    assert sums(warehouse) == (601, production(whole, METERED), production(whole, "Available"))
    assert (production(whole, METERED), production(whole, "Available")) == (Decimal("7050008.5"), Decimal("4697304"))

    load(organization, tmp_path, "billing_period", PERIOD)
    publish()
    assert sums(warehouse) == (603, Decimal("7050032.5"), Decimal("4697304"))
    twice = warehouse.execute(
        "select utilized_reading_kwh as used, superseded_at is null as counts from canonical.billing_read "
        "inner join core.contract_line as l on billed_line_id = l.contract_line_id "
        "where l.external_line_id = 'L-005' and bill_on = '2025-12-31' order by row_number"
    ).fetchall()
    assert [(row["used"], row["counts"]) for row in twice] == [(5444, False), (5504, True)], "both versions are kept"
