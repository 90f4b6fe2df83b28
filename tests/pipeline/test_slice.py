"""The whole path on a small file: land, stage, judge, publish."""

CSV = """timestamp,site_id,energy_kwh
2026-06-01T10:00:00+02:00,P1,1.25
2026-06-01T10:15:00+02:00,P1,1.5
2026-06-01T10:30:00+02:00,P1,-5000
2026-06-01T10:45:00+02:00,P1,0
2026-06-01T11:00:00+02:00,P1,0
2026-06-01T11:15:00+02:00,P1,0
2026-06-01T11:30:00+02:00,P1,0
2026-06-01T11:45:00+02:00,P1,0
2026-06-01T12:00:00+02:00,P1,0
2026-06-01T12:15:00+02:00,P1,0
2026-06-01T12:30:00+02:00,P1,0
"""


def test_a_good_row_is_published_and_a_bad_one_beside_it_is_quarantined(ingest, warehouse):
    from include.pipeline.publish import publish

    load = ingest(CSV)
    assert (load["status"], load["rows_in"], load["rows_clean"], load["rows_rejected"]) == ("accepted", 11, 10, 1)
    rejected = warehouse.execute("select row_number, codes, original from quarantine.rejected_row").fetchall()
    assert [(row["row_number"], row["codes"]) for row in rejected] == [(3, ["R301_ENERGY_RANGE"])]
    assert rejected[0]["original"]["energy_kwh"] == "-5000"
    publish()
    readings = warehouse.execute('select "timestamp", energy_wh from canonical.meter_reading order by 1').fetchall()
    assert [str(row["energy_wh"]) for row in readings[:2]] == ["1250.000000", "1500.000000"]
    assert readings[0]["timestamp"].isoformat() == "2026-06-01T08:00:00+00:00"
