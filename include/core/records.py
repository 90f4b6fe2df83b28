"""The small records that travel between sources and the pipeline. References and settings only, never rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time `[start, end)`, both aware and in UTC."""

    start: datetime
    end: datetime

    def split(self, longest: timedelta) -> Iterator["Window"]:
        """Cut into consecutive windows of at most `longest`."""
        start = self.start
        while start < self.end:
            end = min(start + longest, self.end)
            yield Window(start, end)
            start = end


@dataclass(frozen=True, slots=True)
class Site:
    """One site of a vendor account as the pipeline knows it.

    `series` names what to fetch (vendor's words), `devices` the vendor's ids of the devices that feed our meters.
    """

    organization_id: int
    source_system: str
    external_site_id: str
    name: str
    time_zone: str
    series: tuple[str, ...] = ()
    integration_site_id: int = 0
    credential_id: int = 0
    devices: tuple[str, ...] = ()

    def pseudo_device(self, series: str) -> str:
        """Device id of a site-level series, so that it never mixes with the site's devices."""
        return f"site:{self.external_site_id}:{series}"


@dataclass(frozen=True, slots=True)
class VendorSite:
    """A site as the vendor lists it; capacities in watts, null where the vendor does not say."""

    external_site_id: str
    name: str
    time_zone: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    dc_capacity_w: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VendorDevice:
    """A device as the vendor lists it.

    `kind` is `inverter`, `meter`, `battery`, `sensor`, `site` (a sum), `grid_meter`, or `micro`: a part of an array
    without readings of its own. `metadata["series"]`, where a vendor has several, names the one with its readings.
    """

    external_device_id: str
    kind: str
    name: str
    model: str | None = None
    rated_power_w: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A vendor's answer byte for byte, with the request that produced it (no secrets in it).

    `request` holds `method`, `path`, `query`, `fetched_at` (UTC, ISO 8601) and `status`; of a post also `json`, and
    after a redirect `moved_to`, the path that answered. A vendor's module adds `closed_until` where the answer holds
    intervals that were still open, so that the same bytes are parsed again when those are closed.
    """

    body: bytes
    request: dict[str, Any]
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class FileHints:
    """How to read a client's file: the stored column map of its organization and source, all optional.

    columns:          their header -> our column, with a unit if wanted ("power_kw"); None ignores it
    units:            our column -> unit of its values ("kWh", "kW"), where the file does not say
    header_row:       line of the header, counted from 1, where the file begins with other lines
    time_zone:        IANA zone of timestamps that carry no offset
    date_order:       "DMY", "MDY" or "YMD" for dates that do not begin with a year of four digits
    decimal_mark:     "." or ","
    delimiter, encoding: of delimited text
    null_values:      texts that mean "no value", such as "-1000000"
    timestamp_label:  "start" or "end" of the interval
    interval_seconds, default_site, default_device: for files that do not carry them
    """

    columns: dict[str, str | None] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    time_zone: str | None = None
    site_time_zones: dict[str, str] = field(default_factory=dict)
    date_order: str | None = None
    decimal_mark: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    null_values: tuple[str, ...] = ()
    timestamp_label: str = "start"
    interval_seconds: int | None = None
    default_site: str | None = None
    default_device: str | None = None
    organization_id: int | None = None
