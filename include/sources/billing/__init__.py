"""Billing reads by adapter: the ways in which billing systems write what a line of a contract used in a period.

A new adapter is one module and one line here. Parsing is pure: the cells of a lake object become rows of the raw
table, numbers and units untouched; a cell that cannot be read is null and described in `unparsed`.
"""

from include.core.errors import ConfigurationError
from include.sources.billing import cbe, generic
from include.sources.billing.base import RAW_SCHEMA, RAW_TABLE, BillingAdapter, for_source
from include.sources.billing.reading import cells, name_of, read

__all__ = ["RAW_SCHEMA", "RAW_TABLE", "REGISTRY", "adapter", "adapter_of", "cells", "name_of", "read"]

REGISTRY: dict[str, BillingAdapter] = {
    cbe.NAME: cbe,
    generic.NAME: generic,
}


def adapter(name: str) -> BillingAdapter:
    """The adapter of that name."""
    if name not in REGISTRY:
        raise ConfigurationError(f"there is no billing adapter {name!r}", remedy=f"use {' or '.join(REGISTRY)}")
    return REGISTRY[name]


def adapter_of(source_system: str) -> str:
    """The adapter that a source usually speaks, where the delivery names none."""
    return for_source(source_system)
