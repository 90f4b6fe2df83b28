"""Names that clients give to their files, made fit to be shown: no path, one line, nothing that turns text around."""

import unicodedata

LONGEST = 200  # characters
# control, format (bidi, zero width), surrogates, private use, unassigned; separators of lines and paragraphs
UNSHOWN = ("C", "Zl", "Zp")


def label(name: str) -> str:
    """The last part of a file name with every character that cannot be seen shown as `_`; never empty."""
    base = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    shown = "".join("_" if unicodedata.category(letter).startswith(UNSHOWN) else letter for letter in base).strip()
    return shown[-LONGEST:] if shown.strip(". ") else "unnamed"
