"""Pages of the OAuth connection: self-contained HTML, with a policy that lets nothing but their own text run."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

PAGES = Path(__file__).parent / "pages"


def render(template: str, scripts: Sequence[str], fields: dict[str, Any]) -> tuple[str, str]:
    """A page with its scripts and style inside, and the Content-Security-Policy that it is to be sent with."""
    style, code = _joined(["style.css"]), _joined(scripts)
    pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
    # files of ours; everything else in a page is escaped
    inside = {"style": Markup(style), "script": Markup(code)}  # noqa: S704
    defaults = {"connected": None, "links": [], "code": ""}
    text = pages.get_template(template).render(**(defaults | fields | inside))
    policy = {
        "default-src": "'none'",
        "style-src": _source(style),
        "script-src": _source(code),
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return text, "; ".join(f"{name} {value}" for name, value in policy.items())


def _joined(names: Sequence[str]) -> str:
    return "\n".join((PAGES / name).read_text(encoding="utf-8") for name in names)


def _source(text: str) -> str:
    """How a policy names an inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
