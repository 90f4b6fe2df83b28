"""Characters in texts that others wrote, made visible where they forge lines of logs or cannot be stored."""

# C0, DEL, C1, the separators of lines and paragraphs, and what turns the direction of text around
_NUMBERS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_VISIBLE = {number: chr(number).encode("unicode_escape").decode("ascii") for number in _NUMBERS}


def one_line(text: object) -> str:
    r"""The text on one line: a line break as `\n`, the other control characters as their escapes."""
    return str(text).translate(_VISIBLE)


def storable(text: str) -> str:
    """Show what PostgreSQL text cannot hold: NUL as \\u0000 and lone surrogates as \\udxxx."""
    shown = text.replace("\0", "\\u0000")
    return shown if shown.isascii() else shown.encode("utf-8", "backslashreplace").decode("utf-8")
