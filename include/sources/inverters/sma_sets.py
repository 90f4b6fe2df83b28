"""SMA: the measurement sets that are read, and where their fields go.

`{unit}` stands for `w` or `wh`: the same field is a mean power or the energy of the interval, as was asked for.
"""

GENERATION = "{unit} generated"
POWER_OR_ENERGY = {"w": "power_w", "wh": "energy_wh"}

SETS: dict[str, dict[str, str]] = {
    "EnergyAndPowerPv": {"pvGeneration": GENERATION},
    "EnergyBalance": {
        "pvGeneration": GENERATION,
        "totalGeneration": "total_generation_{unit}",
        "totalConsumption": "consumption_{unit}",
        "directConsumption": "direct_consumption_{unit}",
        "selfConsumption": "self_consumption_{unit}",
        "gridFeedIn": "export_{unit}",
        "gridConsumption": "import_{unit}",
        "batteryCharging": "battery_charging_{unit}",
        "batteryDischarging": "battery_discharging_{unit}",
        "batteryStateOfCharge": "soe_pct",
    },
    "PowerAc": {
        "activePower": "power_w",
        "reactivePower": "reactive_power_var",
        "apparentPower": "apparent_power_va",
        "gridFrequency": "frequency_hz",
        **{f"voltagePhase{phase}": f"voltage_phase_{phase.lower()}_v" for phase in "ABC"},
        **{f"currentPhase{phase}": f"current_phase_{phase.lower()}_a" for phase in "ABC"},
    },
    "Sensor": {
        "externalInsolation": "irradiance_wm2",
        "ambientTemperature": "temperature_c",
        "moduleTemperature": "module_temperature_c",
        "windSpeed": "wind_speed_ms",
    },
}
# what makes an interval measured; the other fields only accompany these
MEASURES = frozenset(
    {"energy_wh", "power_w", "irradiance_wm2", "temperature_c", "module_temperature_c", "wind_speed_ms"}
)


def columns(set_name: str, is_energy: bool) -> dict[str, str]:
    """The fields of a set and the name of our column or metric for each."""
    unit = "wh" if is_energy else "w"
    return {
        field: POWER_OR_ENERGY[unit] if column == GENERATION else column.format(unit=unit)
        for field, column in SETS[set_name].items()
    }
