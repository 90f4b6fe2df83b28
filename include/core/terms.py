"""A contract file: the contract, its obligations, what happened at the plant, tests of its meters."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from include.core.terms_fields import (
    Currency,
    Day,
    FeeShare,
    Instant,
    Money,
    Name,
    Part,
    Sha256,
    Text,
    decimal,
    must,
    says,
    word,
)
from include.core.terms_obligation import EVENT_CLASSES, Obligation

STATUSES = ("DRAFT", "EXECUTED", "ACTIVE", "SUSPENDED", "EXPIRED", "TERMINATED")
ContractType = Annotated[str, BeforeValidator(word), StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,49}$")]


class Contract(Part):
    """Who agreed on what plant, from when on these terms govern, and what bounds all damages together."""

    external_contract_id: Name = must("The contract's number.")
    project: Name | None = says("Name or external id of the plant; a contract that is new needs it.")
    name: Text | None = says("A line for people; a contract that is new needs it.")
    counterparty: Text | None = says("The other party.")
    contract_type: ContractType | None = says("PPA, OM_SERVICE or another word in capitals.")
    status: Literal[STATUSES] | None = says("Where the contract stands; not interpreted.")
    starts_on: Day | None = says("The contract's first day.")
    ends_on: Day | None = says("The contract's last day.")

    effective_on: Day | None = says(
        "The first day whose periods these terms govern; default: as before, at first the first day of the contract."
    )
    year_anchor_on: Day | None = says(
        "Contract years start on anniversaries of this day; default: the plant's commercial operation date."
    )
    assess_from_on: Day | None = says(
        "The first day that is assessed, before it nothing is claimed; default: the first day of the contract."
    )
    currency_code: Currency | None = says("Of all money in this file.")
    annual_fee: Money | None = says("What `*_fee_share` are shares of.", "money")
    cap_per_year: Money | None = says("Most damages of all obligations in a contract year.", "money")
    cap_per_year_fee_share: FeeShare | None = says("The same as a share of the annual fee.", "share")
    cap_lifetime: Money | None = says("Most damages of all obligations ever.", "money")
    cap_lifetime_fee_share: FeeShare | None = says("The same as a share of the annual fee.", "share")
    document_uri: Text | None = says("Where the signed document lies.")
    document_sha256: Sha256 | None = says("SHA-256 of the signed document.")


class Event(Part):
    """What happened at the plant and may excuse it, or count as an outage."""

    external_event_id: Name = must("Identifies the event; the same id again is a correction.")
    project: Name | None = says("The plant; default: the contract's.")
    contract: Name | None = says("Number of the only contract that it concerns; silent: every contract of the plant.")
    meter: Name | None = says("The only meter that it concerns; silent: the whole plant.")
    event_class: Literal[EVENT_CLASSES] = must("What kind of event it is.")
    starts_at: Instant = must("Its beginning.")
    ends_at: Instant | None = says("Its end; silent while it goes on.")
    notified_at: Instant | None = says("When the other party was told.")
    description: Text | None = says("A line for people.")
    document_sha256: Sha256 | None = says("SHA-256 of the notice or log.")
    is_withdrawn: bool | None = says("True: the event is taken back and excuses nothing.")


class MeterTest(Part):
    """A test of a meter against a reference."""

    meter: Name = must("Name, serial number or external id of the meter.")
    project: Name | None = says("The plant; default: the contract's.")
    tested_at: Instant = must("When it was tested.")
    last_good_at: Instant = must("The last test that was good.")
    error_share: decimal(12, 10, gt=-1, lt=10) = must("How much too high it reads; 0.016 is 1.6 percent.", "share")
    certificate_sha256: Sha256 | None = says("SHA-256 of the certificate.")
    is_withdrawn: bool | None = says("True: the test is taken back and corrects nothing.")


class ContractFile(Part):
    """Everything that one file may hold."""

    organization: Name | None = says("Whose it is; the command line and the API know it anyway.")
    contract: Contract | None = says("The contract; with it come its obligations.")
    obligations: Annotated[tuple[Obligation, ...], Field(max_length=200)] | None = says("All its promises.")
    events: Annotated[tuple[Event, ...], Field(max_length=50_000)] | None = says("Events of plants.")
    meter_tests: Annotated[tuple[MeterTest, ...], Field(max_length=10_000)] | None = says("Tests of meters.")
