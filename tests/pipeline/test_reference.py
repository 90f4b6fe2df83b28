"""Reference data from CSV: checked row by row, all errors at once, written whole, again without change."""

import pytest

from include.core.errors import ConfigurationError, FileRejected

LINES = "contract,line_number,external_line_id,parent,meter,effective_start_on,effective_end_on\n"
PERIOD = "name,start_on,end_on,calendar\n"


@pytest.fixture
def load(organization, tmp_path):
    """Load CSV text as reference data of the test organization."""
    from include.pipeline import reference

    def bring(kind: str, text: str | bytes, **options):
        path = tmp_path / f"{kind}.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return reference.load_file(path, kind, organization, actor="ada", **options)

    return bring


@pytest.fixture
def contract(load) -> None:
    report = load("contract", "CONTRACT_NUMBER,facility,contract_description,contract_currency\nC-1,Plant,PPA,usd\n")
    assert report.is_written, report.errors


def count(warehouse, table: str) -> int:
    return warehouse.execute(f"select count(*) as n from core.{table} where organization_id is not null").fetchone()[
        "n"
    ]


def test_loading_the_same_file_again_changes_nothing(load, contract, warehouse):
    text = LINES + "C-1,2,L1-a,L1,M1,2026-01-01,\nC-1,1,L1,,,1753-01-01,9999-12-31\n"
    assert load("contract_line", text).counts() == {"inserted": 2}
    before = warehouse.execute("select xmin::text, * from core.contract_line order by line_number").fetchall()
    again = load("contract_line", text)
    assert (again.counts(), again.is_written) == ({"unchanged": 2}, False)
    assert warehouse.execute("select xmin::text, * from core.contract_line order by line_number").fetchall() == before
    mother, child = before
    assert child["parent_contract_line_id"] == mother["contract_line_id"], "a mother may stand below her child"
    assert (mother["effective_start_on"], mother["effective_end_on"], mother["meter_id"]) == (None, None, None)
    assert child["meter_id"] is not None


def test_every_error_is_listed_and_nothing_is_written_unless_every_row_is_right(load, contract, warehouse):
    text = LINES + "C-1,1,L1,,M1,2026-01-01,\nC-9,x,L2,,M1,,\nC-1,3,L3,,M9,03/04/2026,\nC-1,1,L4,,,,\n"
    report = load("contract_line", text)
    found = {(error.line, error.column) for error in report.errors}
    assert found == {(3, "contract"), (3, "line_number"), (4, "meter"), (4, "effective_start_on"), (5, "line_number")}
    assert all(error.remedy and error.message for error in report.errors)
    assert next(error.value for error in report.errors if error.column == "meter") == "M9"
    assert (report.is_written, count(warehouse, "contract_line")) == (False, 0)


@pytest.mark.parametrize(
    ("kind", "text", "column", "words"),
    [
        ("project", "name,time_zone,latitude\nX,UTC,95\n", "latitude", "degrees from -90 to 90"),
        (
            "contract",
            "external_contract_id,project,name,currency\nC-2,Plant,A,XXQ\n",
            "currency",
            "three letters of a currency",
        ),
        (
            "contract",
            "external_contract_id,project,name,effective_on,ends_on\nC-2,Plant,A,2026-02-01,2026-01-01\n",
            "ends_on",
            "lies before effective_on",
        ),
        ("billing_period", PERIOD + "A,2026-03-02,2026-03-01,own\n", "end_on", "lies before start_on"),
        ("contract_line", LINES + "C-1,1,L1,,,,\nC-1,2,L1,,,,\n", "external_line_id", "belongs to another row"),
        ("contract_line", LINES + "C-1,1,L1,,M9,,\n", "meter", "the contract's plant"),
        (
            "tariff",
            "tariff_group_key,name,base_rate,currency\nL1,A,99999999999999999999,USD\n",
            "",
            "a number is too large",
        ),
    ],
)
def test_what_is_wrong_is_told_in_words_for_the_cell(load, contract, kind, text, column, words):
    (error,) = load(kind, text).errors
    assert error.column == column and words in f"{error.message} {error.remedy}"
    assert "constraint" not in error.message and "relation" not in error.message


def test_a_lines_meter_is_the_one_of_its_contracts_plant(load, contract, warehouse):
    load("project", "name,time_zone\nSecond,UTC\n")
    load("meter", "project,name\nSecond,M1\n")
    load("contract", "external_contract_id,project,name\nC-2,Second,PPA\n")
    assert load("contract_line", LINES + "C-1,1,L1,,M1,,\nC-2,1,L2,,M1,,\n").counts() == {"inserted": 2}
    rows = warehouse.execute(
        "select p.name from core.contract_line as l inner join core.meter as m using (meter_id) "
        "inner join core.project as p on m.project_id = p.project_id order by l.external_line_id"
    ).fetchall()
    assert [row["name"] for row in rows] == ["Plant", "Second"]
    report = load("contract_line", LINES + "C-9,1,L3,,M1,,\nC-1,2,L4,L9,,,\nC-1,0,L5,,,,\n")
    assert [(error["line"], error["column"]) for error in report.as_dict()["errors"]] == [
        (2, "contract"),
        (2, "meter"),
        (3, "parent"),
        (4, "line_number"),
    ], "an ambiguous meter is told in its line, and lines come in order"


def test_columns_that_mean_nothing_are_told(load):
    report = load(
        "price_index", "index_code,index_name,reference_date,index_value,INDEX_VALEU,DIM_ID\nA,B,2026-01-01,1,2,3\n"
    )
    assert report.is_written and report.ignored == ["INDEX_VALEU", "DIM_ID"]


def test_currencies_of_every_country_and_withdrawn_ones_are_known(load):
    text = "external_contract_id,project,name,currency\n" + "".join(
        f"C-{code},Plant,PPA,{code}\n" for code in ("BWP", "SZL", "RSD", "ZWL", "SLL", "HRK")
    )
    assert load("contract", text).counts() == {"inserted": 6}


def test_a_partial_load_writes_the_right_rows_although_the_database_refuses_one(load, contract, warehouse):
    text = LINES + "C-1,1,L1,,M1,,\nC-1,2,L2,,M1,2026-02-01,2026-01-01\nC-1,3,L1,,M1,,\nC-1,4,L4,,M1,,\n"
    report = load("contract_line", text, is_partial=True)
    assert report.outcomes == {2: "inserted", 3: "refused", 4: "refused", 5: "inserted"}
    assert count(warehouse, "contract_line") == 2
    assert warehouse.execute("select action, actor from ops.audit_entry").fetchall()[-1] == {
        "action": "load reference data",
        "actor": "ada",
    }


def test_a_dry_run_says_what_would_happen_and_writes_nothing(load, contract, warehouse):
    assert load("contract_line", LINES + "C-1,1,L1,,M1,,\n", is_dry_run=True).counts() == {"inserted": 1}
    assert count(warehouse, "contract_line") == 0


def test_a_changed_tariff_is_a_new_version_and_the_old_one_stays(load, contract, warehouse):
    head = "contract_line_unique_id,name,valid_from,valid_to,base_rate,currency\n"
    assert load("tariff", head + "L1,Energy,2026-01-01,,0.085,USD\n").counts() == {"inserted": 1}
    assert load("tariff", head + "L1,Energy,2026-01-01,,0.0850,USD\n").counts() == {"unchanged": 1}
    assert load("tariff", head + "L1,Energy,2026-01-01,2026-12-31,0.09,USD\n").counts() == {"new version": 1}
    rows = warehouse.execute("select version, is_current, base_rate, supersedes_tariff_id from core.tariff order by 1")
    first, second = rows.fetchall()
    assert (first["version"], first["is_current"], str(first["base_rate"])) == (1, False, "0.08500000")
    assert (second["version"], second["is_current"], str(second["base_rate"])) == (2, True, "0.09000000")
    assert second["supersedes_tariff_id"] is not None


def test_columns_that_the_file_lacks_stay_as_they_are(load, contract, warehouse):
    load("contract_line", LINES + "C-1,1,L1,,M1,2026-01-01,2026-12-31\n")
    assert load("contract_line", "contract,line_number,is_active\nC-1,1,no\n").counts() == {"updated": 1}
    line = warehouse.execute("select * from core.contract_line").fetchone()
    assert (line["is_active"], line["external_line_id"], str(line["effective_end_on"])) == (False, "L1", "2026-12-31")


def test_periods_of_one_calendar_do_not_overlap(load, warehouse):
    text = (
        PERIOD + "early,2026-03-01,2026-03-15,swap\nlate,2026-03-15,2026-03-31,swap\nother,2026-03-10,2026-03-20,own\n"
    )
    report = load("billing_period", text)
    assert [(error.line, "early" in error.message) for error in report.errors] == [(3, True)]
    assert load("billing_period", text.replace("late,2026-03-15", "late,2026-03-16")).counts() == {"inserted": 3}


def test_monthly_prices_take_their_operating_year_as_given_or_from_the_start_of_operation(load, warehouse):
    head = "project,observation_type,period_start,operating_year,currency,total_variable_charges,total_kwh_invoiced\n"
    given = "Plant,monthly,2026-03-01,4,USD,850,10000\n"
    report = load("reference_price", head + given + "Plant,monthly,2026-04-01,,USD,1,10\n", is_partial=True)
    assert report.outcomes == {2: "inserted", 3: "refused"}
    assert [(error.line, error.column) for error in report.errors] == [(3, "operating_year")]
    warehouse.execute("update core.project set cod_date = '2022-04-01'")
    assert load("reference_price", head + "Plant,monthly,2026-04-01,,USD,1,10\n").counts() == {"inserted": 1}
    rows = warehouse.execute("select * from core.reference_price order by period_start_on").fetchall()
    assert [(str(r["price_per_kwh"]), r["operating_year"], str(r["period_end_on"])) for r in rows] == [
        ("0.08500000", 4, "2026-03-31"),
        ("0.10000000", 5, "2026-04-30"),
    ]


def test_rates_and_indices_are_exact_and_follow_corrections(load, warehouse):
    rates = "currency_code,rate_date,rate\nKES,2026-03-31,129.1234567\nXXX,2026-03-31,1\n"
    assert load("exchange_rate", rates, is_partial=True).outcomes == {2: "inserted", 3: "refused"}
    assert load("exchange_rate", rates.split("XXX")[0].replace("129", "130")).counts() == {"updated": 1}
    assert str(warehouse.execute("select rate from core.exchange_rate").fetchone()["rate"]) == "130.1234567000"
    index = "series_id;index_name;reference_date;index_value\nCUUR0000SA0;US CPI;2026-03-01;1,319.082\n"
    assert load("price_index", index).counts() == {"inserted": 1}
    assert str(warehouse.execute("select index_value from core.price_index").fetchone()["index_value"]) == "1319.0820"


def test_meters_and_plants_load_from_csv_too(load, warehouse):
    assert load("project", "name,time_zone\nSecond,Africa/Nairobi\nThird,Nairobi\n", is_partial=True).counts() == {
        "inserted": 1,
        "refused": 1,
    }
    text = "project,name,external_meter_id,register_modulus_wh\nSecond,Main,SAGE-1,1000000000\n"
    assert load("meter", text).counts() == {"inserted": 1}
    assert load("meter", text).counts() == {"unchanged": 1}


def test_another_tenants_names_mean_nothing(load, contract, warehouse, tmp_path):
    from include.pipeline import reference

    path = tmp_path / "organizations.csv"
    path.write_text("name,country\nOther Energy,KE\n")
    assert reference.load_file(path, "organization", None, actor="ada").counts() == {"inserted": 1}
    other = warehouse.execute("select organization_id from core.organization where name = 'Other Energy'").fetchone()
    path.write_text(LINES + "C-1,1,L1,,M1,,\n")
    report = reference.load_file(path, "contract_line", other["organization_id"], actor="eve")
    assert {error.column for error in report.errors} == {"contract", "meter"}


def test_a_file_that_is_no_table_is_refused_as_a_whole(load):
    with pytest.raises(FileRejected, match="line 2"):
        load("price_index", "index_code,index_name\nA\n")
    with pytest.raises(FileRejected, match="F001"):
        load("price_index", "index_code,index_name\n")
    with pytest.raises(FileRejected, match="F002"):
        load("price_index", b"index_code\n\xff\xfe\n")
    with pytest.raises(ConfigurationError):
        load("invoice", "a\n1\n")
