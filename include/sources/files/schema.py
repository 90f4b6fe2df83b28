"""The raw table of client files: values as delivered, in the units they were delivered in."""

import pyarrow as pa

RAW_TABLE = "raw.file_reading"
RAW_SCHEMA = pa.schema(
    [
        ("row_number", pa.int64()),
        ("external_site_id", pa.string()),
        ("external_device_id", pa.string()),
        ("interval_start", pa.timestamp("us", tz="UTC")),
        ("interval_seconds", pa.int32()),
        ("energy", pa.float64()),
        ("energy_unit", pa.string()),
        ("energy_total", pa.float64()),
        ("energy_total_unit", pa.string()),
        ("power", pa.float64()),
        ("power_unit", pa.string()),
        ("irradiance_wm2", pa.float64()),
        ("temperature_c", pa.float64()),
        ("quality", pa.string()),
        ("other_metrics", pa.string()),
        ("unparsed", pa.string()),
    ]
)
