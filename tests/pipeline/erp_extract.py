"""A year of an ERP's meter readings, made up in the shape of a real extract, and the reference data it refers to.

604 rows of 75 lines: twelve month ends and one day in the middle of a month, 404 metered, 121 available, 78 N/A and one
blank, all in KWH but one blank, four currencies, opening 0 in 230, nothing used in 15, a discount in 56, sourced energy
in 23, one line twice on one day. Closing minus opening is what was used, always.
"""

import csv
import io
from calendar import monthrange
from dataclasses import dataclass
from typing import Any

CURRENCIES = ("USD", "KES", "GHS", "NGN")
METERED, AVAILABLE, NOT_ENERGY = "Metered", "Available", "N/A"
MID_MONTH = "2025/06/12"
LARGEST_REGISTER = 30_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One contract line: what it sells and for how many of the year's last months."""

    number: int
    word: str
    months: int

    @property
    def name(self) -> str:
        return f"L-{self.number:03}"

    @property
    def currency(self) -> str:
        return CURRENCIES[self.number % len(CURRENCIES)]


def lines() -> list[Line]:
    """The 75 lines, 45 of them for the whole year."""
    terms = [(METERED, 12)] * 33 + [(AVAILABLE, 12)] * 10 + [(NOT_ENERGY, 12)] * 2
    terms += [(METERED, 3), (METERED, 2), (AVAILABLE, 1)] + [(NOT_ENERGY, 2)] * 26 + [(NOT_ENERGY, 3)]
    return [Line(number, word, months) for number, (word, months) in enumerate(terms, 1)]


def rows() -> list[dict[str, Any]]:
    """The rows as the ERP writes them."""
    made: list[dict[str, Any]] = []
    for line in lines():
        register = 0 if line.word != METERED or line.number <= 30 else LARGEST_REGISTER - 4_000_000
        for month in range(13 - line.months, 13):
            day = f"2025/{month:02}/{monthrange(2025, month)[1]}"
            used = 1000 * line.number + 37 * month
            made.append(_row(line, day, register, used))
            register = register + used if line.word == METERED else 0
    by_place = {(row["CONTRACT_LINE_UNIQUE_ID"], row["BILL_DATE"]): row for row in made}
    # the same line twice on one day, with another value
    first = by_place["L-005", "2025/12/31"]
    made.append(
        {**first, "CLOSING_READING": first["CLOSING_READING"] + 60, "UTILIZED_READING": first["UTILIZED_READING"] + 60}
    )
    # bills in the middle of a month
    for name in ("L-006", "L-007"):
        june = by_place[name, "2025/06/30"]
        made.append(
            {**june, "BILL_DATE": MID_MONTH, "CLOSING_READING": june["OPENING_READING"] + 12, "UTILIZED_READING": 12}
        )
    _mark(made)
    return made


def _row(line: Line, day: str, opening: int, used: int) -> dict[str, Any]:
    return {
        "METER_READING_UNIQUE_ID": f"{line.name}-{day}",
        "CUSTOMER_NUMBER": f"CUST{line.number % 20:02}",
        "FACILITY": f"FAC{line.number % 9}",
        "OPENING_READING": opening,
        "CLOSING_READING": opening + used,
        "UTILIZED_READING": used,
        "DISCOUNT_READING": 0,
        "SOURCED_ENERGY": 0,
        "PRODUCT_DESC": {METERED: "Metered energy", AVAILABLE: "Available energy"}.get(line.word, "O&M Service"),
        "METERED_AVAILABLE": line.word,
        "QUANTITY_UNIT": "KWH",
        "CONTRACT_NUMBER": f"C-{line.currency}",
        "CONTRACT_LINE": line.number,
        "BILL_DATE": day,
        "CONTRACT_CURRENCY": line.currency,
        "TAX_RULE": "VAT",
        "PAYMENT_TERMS": "30NET",
        "CONTRACT_LINE_UNIQUE_ID": line.name,
    }


def _mark(made: list[dict[str, Any]]) -> None:
    """Blanks, deductions and months in which nothing was used."""
    metered = [row for row in made if row["METERED_AVAILABLE"] == METERED and row["CONTRACT_LINE_UNIQUE_ID"] > "L-010"]
    for row in metered[:56]:
        row["DISCOUNT_READING"] = 100
    for row in metered[50:73]:
        row["SOURCED_ENERGY"] = 250.5
    no_energy = [row for row in made if row["METERED_AVAILABLE"] == NOT_ENERGY]
    for row in no_energy[:15]:
        row["UTILIZED_READING"], row["CLOSING_READING"] = 0, row["OPENING_READING"]
    no_energy[20]["METERED_AVAILABLE"] = ""
    no_energy[21]["QUANTITY_UNIT"] = ""


def as_csv(made: list[dict[str, Any]]) -> bytes:
    """As the ERP exports it: UTF-8 with a byte order mark and CRLF."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, made[0].keys())
    writer.writeheader()
    writer.writerows(made)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def reference(project: str) -> dict[str, str]:
    """Reference data by kind, as CSV: meters, contracts, lines and the tariffs of the first 30 lines."""
    metered = [line for line in lines() if line.word == METERED]
    categories = {METERED: "metered", AVAILABLE: "available"}
    return {
        "meter": "project,name,meter_type\n" + "".join(f"{project},M-{line.number:03},REVENUE\n" for line in metered),
        "contract": "external_contract_id,project,name,currency\n"
        + "".join(f"C-{currency},{project},PPA in {currency},{currency}\n" for currency in CURRENCIES),
        "contract_line": "contract,line_number,external_line_id,meter,energy_category\n"
        + "".join(
            f"C-{line.currency},{line.number},{line.name},{f'M-{line.number:03}' if line.word == METERED else ''},"
            f"{categories.get(line.word, 'test')}\n"
            for line in lines()
        ),
        "tariff": "tariff_group_key,name,valid_from,valid_to,base_rate,currency\n"
        + "".join(f"{line.name},Energy,2025-01-01,2025-06-30,0.1,{line.currency}\n" for line in lines()[:30]),
    }
