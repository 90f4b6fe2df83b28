"""Data Docs: the pages of Great Expectations, readable without network and in the words of our suites.

Its own renderers and templates make the content of a page. The shell around it is ours (`pages/`), because
theirs loads styles and scripts from public hosts.
"""

import copy
import html
import os
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader

from include.judging.suites import rules_of, text_of

if TYPE_CHECKING:
    from great_expectations.render import RenderedDocumentContent
    from great_expectations.render.view import DefaultJinjaPageView

os.environ["GX_ANALYTICS_ENABLED"] = "False"

PAGES = Path(__file__).with_name("pages")

# how a load's status looks; every other one is neutral
TONES = {"accepted": "passed", "published": "passed", "held": "warned", "rejected": "refused", "failed": "refused"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index: a judged load, and where its page is."""

    load_id: int
    name: str
    source_system: str
    status: str
    judged_at: datetime
    rows: int
    rows_refused: int
    href: str

    @property
    def tone(self) -> str:
        """The style of the status."""
        return TONES.get(self.status, "")


def render_validation(result: dict[str, Any], title: str, home: str = "..") -> str:
    """The page of one judged load; `result` as in its verdict, `home` links to the index."""
    from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    result = copy.deepcopy(result)
    broken = [outcome for outcome in result["results"] if not outcome["success"]]
    for outcome in broken:
        _explain(outcome)
    document = ValidationResultsPageRenderer().render(expectationSuiteValidationResultSchema.load(result))
    return _page(
        document,
        "validation.html",
        first={outcome["expectation_config"]["kwargs"]["column"] for outcome in broken},
        title=title,
        home=home,
        result=result,
        broken=broken,
        rows=max((outcome["result"]["element_count"] for outcome in result["results"]), default=0),
    )


def render_suite(name: str, home: str = "..") -> str:
    """The page of one suite: every rule, what it says, and its condition as Great Expectations words it."""
    from great_expectations.core.expectation_suite import ExpectationSuite, expectationSuiteSchema
    from great_expectations.render.renderer import ExpectationSuitePageRenderer

    suite = expectationSuiteSchema.loads(text_of(name))
    document = ExpectationSuitePageRenderer().render(ExpectationSuite(**suite))
    return _page(document, "suite.html", title=f"Suite {name}", home=home, rules=rules_of([name]))


def render_index(entries: Iterable[Entry], suites: Mapping[str, str]) -> str:
    """The list of judged loads, in the order given; `suites` maps the name of a suite to where its page is."""
    # plain Jinja: a list of loads needs none of the seconds that importing Great Expectations takes
    pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True)
    return pages.get_template("index.html").render(entries=list(entries), suites=suites)


def _page(document: "RenderedDocumentContent", template: str, first: Set[str] = frozenset(), **facts: Any) -> str:
    overview, *columns = document.sections
    # its own header links to pages of a site that we do not build; ours stands above
    overview.content_blocks = overview.content_blocks[1:]
    columns.sort(key=lambda section: section.section_name not in first)
    document.sections = [overview, *columns] if overview.content_blocks else columns
    return _view().render(document, template=template, first=first, **facts)


def _view() -> "DefaultJinjaPageView":
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView(custom_views_directory=str(PAGES))


def _explain(outcome: dict[str, Any]) -> None:
    meta, figures = outcome["expectation_config"]["meta"], outcome["result"]
    outcome["expectation_config"]["description"] = f"{meta['code']}: {meta['message']}"
    # the share of all rows, not of the few whose cell is filled
    figures["unexpected_percent"] = figures.get("unexpected_percent_total", figures["unexpected_percent"])
    # cells come from outside, and its templates print them as they are
    figures["partial_unexpected_list"] = [html.escape(str(value)) for value in figures["partial_unexpected_list"]]
