"""Which header means which column: the one alias table of all client files, and the units headers carry.

Headers are compared without case, accents, spaces, underscores, hyphens, dots and brackets; a unit may follow the
name (`energy_kwh`, `Energy (kWh)`, `ac_power [kW]`), and so may a PVDAQ channel (`ac_power__773`) or, for
sensors, a number (`module_temp_2`).

Each column is filled from one header. When several match, the order of preference is: a header the
client's column map names; then the order of `ALIASES` (plane-of-array before global irradiance, ambient
before module temperature); then the lower sensor number, a stated unit, the position. The others stay in
`other_metrics`, as do daily counters (`e_day`) and DC power, which are neither interval energy nor AC power.
A time of day beside a time stamp is chosen too; only the cells can tell whether both are one (`daytimes`).
"""

import re
import unicodedata
from dataclasses import dataclass, field

from include.core.errors import ConfigurationError, FileRejected
from include.core.records import FileHints

ALIASES: dict[str, str] = {
    "timestamp": (
        "timestamp readingtimestamp intervalstart periodstart startat measuredon datetime localtimestamp dateandtime "
        "zeitstempel zeitpunkt datumzeit datumuhrzeit datumunduhrzeit horodatage horodate dateheure dateetheure "
        "fechahora fechayhora marcadetiempo dataora dataeora datumtijd datumentijd tijdstip tijdstempel "
        "ts epoch unixtime unixtimestamp timestampms date datum fecha data jour giorno dia day"
    ),
    "time_of_day": "time localtime timeofday clock zeit uhrzeit heure hora ora tijd hour stunde",
    "interval_end": "intervalend periodend endat",
    "external_site_id": (
        "externalsiteid siteid site plantid plant systemid powerstationid anlage standort centrale planta impianto"
    ),
    "external_device_id": (
        "externaldeviceid deviceid device inverterid inverter serialnumber sn meterid "
        "wechselrichter seriennummer onduleur inversor omvormer"
    ),
    "interval_seconds": "intervalseconds readingintervalseconds intervalsec intervals",
    "interval_minutes": "intervalminutes readingintervalminutes intervalmin intervalmins",
    "interval": "interval readinginterval",
    "energy": (
        "energy production generation energie ertrag erzeugung produktion energia produccion generacion produzione "
        "energiaprodotta energieproduite opbrengst opwek enwh value"
    ),
    "energy_unit": "energyunit",
    "energy_total": (
        "energytotal cumulativeenergy totalenergy totalyield etotal lifetimeenergy energylifetime lifetime "
        "energyregister meterregister registerreading register whlifetime energycumulative "
        "gesamtertrag gesamtenergie zahlerstand zaehlerstand energietotale energiatotal energiatotale totaleopbrengst"
    ),
    "energy_total_unit": "energytotalunit cumulativeenergyunit registerunit",
    "power": (
        "power acpower activepower totalactivepower pac powr leistung wirkleistung acleistung puissance "
        "puissanceactive puissanceac potencia potenciaactiva potenza potenzaattiva vermogen actiefvermogen"
    ),
    "power_unit": "powerunit acpowerunit",
    "unit": "unit units uom einheit unite unidad unita eenheid",
    "irradiance_wm2": (
        "irradiance poairradiance irradiancepoa poa einstrahlung bestrahlungsstarke irradiancia irraggiamento "
        "instraling ensoleillement ghiirradiance irradianceghi ghi globalstrahlung"
    ),
    "temperature_c": (
        "temperature temp temperatur temperatura temperatuur ambienttemperature ambienttemp temperatureambient "
        "tempambient umgebungstemperatur aussentemperatur temperatureambiante temperaturaambiente "
        "omgevingstemperatuur buitentemperatuur moduletemperature moduletemp temperaturemodule tempmodule "
        "modultemperatur temperaturamodulo moduletemperatuur"
    ),
    "quality": "quality qualityflag dataquality readingquality",
    "quantity": "measname measurementname metricname",
    "organization_id": "organizationid organisationid orgid",
}
OURS = {"energy_wh": "energy", "energy_total_wh": "energy_total", "power_w": "power"}  # no claim about delivered units

ENERGY_UNITS = {"wh": "Wh", "kwh": "kWh", "mwh": "MWh", "gwh": "GWh"}
POWER_UNITS = {"w": "W", "kw": "kW", "mw": "MW", "gw": "GW", "watt": "W", "watts": "W"}
UNITS: dict[str, dict[str, str]] = {
    "timestamp": {"utc": "UTC", "gmt": "UTC"},
    "time_of_day": {"utc": "UTC", "gmt": "UTC"},
    "interval_end": {"utc": "UTC", "gmt": "UTC"},
    "energy": ENERGY_UNITS,
    "energy_total": ENERGY_UNITS,
    "power": POWER_UNITS,
    "irradiance_wm2": {"wm2": "W/m2", "wm": "W/m2", "kwm2": "kW/m2"},
    "temperature_c": {"c": "C", "degc": "C", "celsius": "C", "f": "F", "degf": "F", "fahrenheit": "F"},
}
INTRINSIC_UNITS = {"enwh": "Wh", "whlifetime": "Wh"}
UNIT_ALONE = ("energy", "power")  # a header that is only a unit, such as kWh or W
METRICS = ("energy", "energy_total", "power", "irradiance_wm2", "temperature_c")
NUMBERED = {"irradiance_wm2", "temperature_c"}
UNNAMED = ("", "__index_level_0__")

CHANNEL = re.compile(r"__\d+$")
DATE_FORMAT = re.compile(r"[\[(](?=[^\])]*mm)(?=[^\])]*(?:yy|jj|aa))[dtjgmyahs:.,/\s-]+[\])]", re.IGNORECASE)
RANKS = {(column, alias): rank for column, names in ALIASES.items() for rank, alias in enumerate(names.split())} | {
    (column, ""): len(ALIASES[column].split()) for column in UNIT_ALONE
}


@dataclass(frozen=True, slots=True)
class Match:
    """One reading of a header: our column, the unit it states, and how strongly it is preferred (low first)."""

    header: str
    column: str
    unit: str | None = None
    preference: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Our column -> the header that fills it; `others` go to other_metrics."""

    used: dict[str, Match] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def header(self, column: str) -> str | None:
        """The header that fills a column, null when none does."""
        match = self.used.get(column)
        return match.header if match else None

    def unit(self, column: str) -> str | None:
        """The unit the header of a column states, null when it states none."""
        match = self.used.get(column)
        return match.unit if match else None


def map_columns(headers: list[str], hints: FileHints, before: ColumnMap | None = None) -> ColumnMap:
    """Choose one header for each column; a choice made `before`, for earlier records, is kept."""
    declared = _declared(headers, hints)
    ignored = {header for header, column in declared.items() if column is None}
    matches = [
        match
        for position, header in enumerate(headers)
        if header not in ignored and (match := _match(header, position, declared.get(header)))
    ]
    used = dict(before.used) if before else {}
    for match in sorted(matches, key=lambda match: match.preference):
        used.setdefault(match.column, match)
    if before and before.used and "time_of_day" not in before.used:
        used.pop("time_of_day", None)
    _settle_timestamp(used, headers, keeps_end=before is not None and "interval_end" in before.used)
    taken = {match.header for column, match in used.items() if column != "quantity"} | ignored
    return ColumnMap(used, tuple(header for header in headers if header not in taken))


def _declared(headers: list[str], hints: FileHints) -> dict[str, str | None]:
    """What the client's column map says about these headers: by their exact text, else by their plain one."""
    declared: dict[str, str | None] = {}
    for key, column in hints.columns.items():
        exact = [header for header in headers if header == key.strip()]
        alike = exact or [header for header in headers if plain(header) == plain(key)]
        declared |= dict.fromkeys(alike, column)
    return declared


def plain(header: str) -> str:
    """A header or unit without case, accents, channel number, format of dates, punctuation and spaces."""
    text = unicodedata.normalize("NFKD", DATE_FORMAT.sub("", CHANNEL.sub("", header.strip())).casefold())
    return "".join(letter for letter in text if letter.isalnum())


def known_unit(column: str, text: str) -> str | None:
    """A unit of a column in its usual spelling, null when the column knows no such unit."""
    return UNITS.get(column, {}).get(plain(text))


def declared_units(hints: FileHints) -> dict[str, str]:
    """Units of the client's column map by column, whether it says energy or energy_wh."""
    units = {}
    for name, unit in hints.units.items():
        found = _lookup(OURS.get(name, name))
        if found is None or found[0] not in METRICS:
            raise ConfigurationError(f"column map: unit of {name!r}", remedy=f"units belong to {', '.join(METRICS)}")
        units[found[0]] = known_unit(found[0], unit) or unit
    return units


def _match(header: str, position: int, target: str | None) -> Match | None:
    found = _lookup(OURS.get(target, target) if target is not None else header)
    if target is not None and found is None:
        known = ", ".join(ALIASES)
        raise ConfigurationError(f"column map: {header!r} -> {target!r}", remedy=f"map to one of: {known}")
    if found is None:
        return None
    column, unit, rank, number = found
    if target is not None:
        stated = _lookup(header)
        unit = unit or (stated[1] if stated and stated[0] == column else None)
    return Match(header, column, unit, (target is None, rank, number, unit is None, position))


def _lookup(header: str) -> tuple[str, str | None, int, int] | None:
    """Find (column, unit, rank among the aliases, sensor number) of a header."""
    if header in ALIASES:
        return header, None, 0, 0
    name = plain(header)
    for column in ALIASES:
        for stem, unit in _stems(name, UNITS.get(column, {})):
            root = stem.rstrip("0123456789") if column in NUMBERED else stem
            rank = RANKS.get((column, root))
            if rank is not None and (stem or unit):
                return column, unit or INTRINSIC_UNITS.get(root), rank, int(stem[len(root) :] or 0)
    return None


def _stems(name: str, units: dict[str, str]) -> list[tuple[str, str | None]]:
    return [(name, None), *((name.removesuffix(text), unit) for text, unit in units.items() if name.endswith(text))]


def _settle_timestamp(used: dict[str, Match], headers: list[str], *, keeps_end: bool) -> None:
    """Keep one label of the interval; fall back to an unnamed first column, as pandas writes its index."""
    if "timestamp" not in used and "time_of_day" in used:
        used["timestamp"] = used.pop("time_of_day")
    if "timestamp" in used:
        used.pop("timestamp" if keeps_end else "interval_end", None)
    elif "interval_end" not in used and headers:
        unnamed = headers[0] if headers[0] in UNNAMED else next((h for h in headers if h == UNNAMED[1]), None)
        if unnamed is not None:
            used["timestamp"] = Match(unnamed, "timestamp")


def require_reading(columns: ColumnMap, headers: list[str]) -> None:
    """Raise F007_HEADER unless there is a time stamp and at least one metric."""
    lacks_time = not {"timestamp", "interval_end"} & columns.used.keys()
    if not lacks_time and set(METRICS) & columns.used.keys():
        return
    lacking = "a time stamp" if lacks_time else "a metric (energy, power, irradiance, temperature)"
    listed = ", ".join(repr(header[:60]) for header in headers[:40])
    raise FileRejected(
        "F007_HEADER",
        f"no column is known as {lacking}; headers found: {listed}",
        place="header",
        remedy="rename the header or declare the source's column map, and its header_row if other lines come first",
    )
