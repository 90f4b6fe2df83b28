"""An office that registers plants, applies contracts, delivers readings and reads results; all by the real way."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg

from tests.pipeline.own_months import Slot


def file_of(slots: dict[str, list[Slot]], site: str) -> str:
    """A client's file; where energy is silent, the sensors still speak."""
    lines = ["timestamp,site_id,device_id,energy_wh,irradiance_wm2,module_temperature_c,interval_seconds"]
    for device, series in slots.items():
        for slot in series:
            temperature = "" if slot.temperature_c is None else float(slot.temperature_c)
            energy = "" if slot.energy_wh is None else float(slot.energy_wh)
            lines.append(
                f"{slot.at.isoformat()},{site},{device},{energy},{float(slot.irradiance_wm2)},{temperature},{slot.seconds}"
            )
    return "\n".join(lines) + "\n"


def plant(name: str, zone: str, meters: dict[str, int], kwp: int = 100) -> dict[str, Any]:
    """A registration of one plant with meters by rated power in kW."""
    return {
        "organization": "Own Months",
        "projects": [{
            "name": name, "time_zone": zone, "latitude": 40.7, "longitude": -74.0,
            "installed_dc_capacity_kwp": kwp, "installed_ac_capacity_kw": kwp,
            "meters": [
                {"name": meter, "rated_power_w": kw * 1000,
                 "devices": [{"source": "manual", "site": name, "device": meter}]}
                for meter, kw in meters.items()
            ],
        }],
    }  # fmt: skip


class Office:
    """Registers, applies, ingests and publishes, and reads what came out."""

    def __init__(self, warehouse: psycopg.Connection, folder: Path) -> None:
        self.warehouse, self.folder = warehouse, folder
        self.organization = 0

    def register(self, document: dict[str, Any]) -> None:
        from include.pipeline import registration

        self.organization = registration.apply(document)["organization_id"]

    def apply(self, document: dict[str, Any], reason: str = "signed") -> None:
        from include.pipeline import contracts

        contracts.apply(document, self.organization, actor="ada", reason=reason)

    def deliver(self, content: str, name: str) -> None:
        from include.pipeline.land import land_file
        from include.pipeline.process import process

        path = self.folder / name
        path.write_text(content)
        landed = land_file(path, name=name, organization_id=self.organization, source_system="manual")
        load = process(landed["load_id"])
        assert load["status"] == "accepted", (load["message"], self.refusals())

    def refusals(self) -> list[tuple[int, str, str]]:
        """The first refused rows, with their reasons."""
        rows = self.warehouse.execute(
            "select row_number, codes::text, messages::text from quarantine.rejected_row "
            "order by load_id, row_number limit 5"
        )
        return [tuple(row.values()) for row in rows]

    def set_rate(self, currency_code: str, rate_on: str, rate: Fraction) -> None:
        """Units of a currency for one US dollar."""
        self.warehouse.execute(
            "insert into core.exchange_rate (organization_id, currency_code, rate_on, rate) values (%s, %s, %s, %s)",
            [self.organization, currency_code, rate_on, Decimal(rate.numerator) / rate.denominator],
        )

    def publish(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Publish, preserve the evidence, and tell the results by code and first day."""
        from include.pipeline import preserve
        from include.pipeline.publish import publish

        assert publish()
        outcome = preserve.preserve_all()
        # the pack's own program has come to the same numbers
        assert outcome["pending"] == 0, "\n".join(outcome["messages"])
        rows = self.warehouse.execute("select * from canonical.obligation_period order by period_end_on").fetchall()
        return {(row["obligation_code"], str(row["period_start_on"])): row for row in rows}

    def assert_result(
        self, row: dict[str, Any], actual: Fraction, before_cap: Decimal | None, payable: Decimal
    ) -> None:
        """The result to twelve digits behind its first, the money to the cent."""
        assert abs(Fraction(row["actual"]) - actual) < max(actual, 1) / 10**12, (row["actual"], float(actual))
        assert (row["ld_before_cap"], row["ld_payable"]) == (before_cap, payable), row["obligation_code"]

    def revisions(self, first_on: str) -> list[tuple[int, str, Decimal, Decimal | None]]:
        """Revision, status, payable and change of everything that was said of a period."""
        rows = self.warehouse.execute(
            "select revision, status, ld_payable, ld_change from canonical.default_event "
            "where period_start_on = %s order by revision",
            [first_on],
        )
        return [tuple(row.values()) for row in rows]

    def intact_packs(self) -> int:
        """The number of stored packs, each of which proves itself."""
        from include.pipeline import preserve

        outcome = preserve.verify_all()
        assert not outcome["failed"], outcome
        return outcome["verified"]
