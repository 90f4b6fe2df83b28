"""The shape of every error that Sunledger names."""

from include.core.controls import one_line


class SunledgerError(Exception):
    """Base of all named errors; `code` is stable and documented, `remedy` is a sentence for a person."""

    code = "E000_INTERNAL"

    def __init__(self, message: str, *, place: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.message}"]
        if self.place:
            parts.append(f"at {self.place}")
        if self.remedy:
            parts.append(f"({self.remedy})")
        return one_line(" ".join(parts))
