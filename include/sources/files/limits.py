"""What a dropped file may cost at most; a file over a limit is refused with the limit's name."""

from dataclasses import dataclass

from include.core.errors import FileRejected

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for one file. A gzip or Parquet file is also bounded by what it expands to."""

    bytes: int = 2048 * MEBIBYTE
    expanded_bytes: int = 4_000_000_000
    expansion_ratio: int = 200
    expansion_allowance: int = 16 * MEBIBYTE  # small files may expand by any ratio up to this many bytes
    columns: int = 512
    cell_bytes: int = MEBIBYTE
    record_bytes: int = 2 * MEBIBYTE
    batch_bytes: int = 64 * MEBIBYTE
    rows: int = 10_000_000
    json_depth: int = 32
    repeated_hour_readings: int = 500_000


LIMITS = Limits()


def refuse_above(limit: int, value: int, what: str, *, place: str = "") -> None:
    """Raise F003_TOO_LARGE when `value` passes `limit`; `what` names the limit for a person."""
    if value > limit:
        raise FileRejected(
            "F003_TOO_LARGE",
            f"{what}: more than {limit:,}",
            place=place,
            remedy="split the file into smaller ones and drop them separately",
        )
