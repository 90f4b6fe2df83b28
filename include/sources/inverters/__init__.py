"""Inverter clouds by `source_system`; a new vendor is one module and one line here."""

from include.sources.inverters import enphase, goodwe, sma, solaredge
from include.sources.inverters.base import InverterModule

REGISTRY: dict[str, InverterModule] = {
    solaredge.NAME: solaredge,
    enphase.NAME: enphase,
    sma.NAME: sma,
    goodwe.NAME: goodwe,
}
