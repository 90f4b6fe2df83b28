"""What applying a contract file does, before and after it is done."""

from dataclasses import asdict, dataclass, field
from typing import Any

from include.pipeline.contract_days import Days


@dataclass(slots=True)
class Plan:
    """What applying a file does, in words; `outcome` is new, changed, unchanged or none (the file has no contract).

    silent:       the fields of each promise that take their defaults
    reassessed:   the days of contracts that are assessed again
    needs_reason: something that is stored changes
    """

    contract: str = ""
    outcome: str = "none"
    version: int = 0
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    silent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reassessed: list[Days] = field(default_factory=list)
    needs_reason: bool = False
    is_written: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def words(self) -> list[str]:
        """The plan for people, a line each."""
        notes = [f"note: {note}" for note in self.notes]
        if not self.changes:
            return [*notes, "nothing changes: all of this is stored already"]
        silent = [f"{code} takes the default of {', '.join(names)}" for code, names in self.silent.items() if names]
        again = [f"assessed again: {d.contract}, {d.from_on} to {d.to_on} ({d.reason})" for d in self.reassessed]
        if not again:
            again = ["nothing that was assessed is assessed again"]
        return [*notes, *silent, *self.changes, *again, "applied" if self.is_written else "nothing was written"]
