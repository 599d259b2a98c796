"""What was used, as people read it: in the unit that fits, without powers of ten."""

_LEAST = 0.001  # of a unit; less than that is told as that


def energy(kwh: float) -> str:
    """Return energy.

    >>> energy(12.345), energy(0.000416), energy(6.9e-7), energy(0.0)
    ('12.3 kWh', '0.416 Wh', 'under 0.001 Wh', '0 Wh')
    """
    return _amount(kwh, "kWh") if kwh >= 0.1 else _amount(kwh * 1000, "Wh")  # noqa: PLR2004


def mass(kilograms: float) -> str:
    """Return a mass.

    >>> mass(3.21), mass(0.000158)
    ('3.21 kg', '0.158 g')
    """
    return _amount(kilograms, "kg") if kilograms >= 0.1 else _amount(kilograms * 1000, "g")  # noqa: PLR2004


def memory_time(gb_seconds: float) -> str:
    """Return how much memory was held for how long.

    >>> memory_time(3600.0), memory_time(0.5), memory_time(7.2e6)
    ('1 GB h', 'under 0.001 GB h', '2,000 GB h')
    """
    return _amount(gb_seconds / 3600.0, "GB h")


def _amount(value: float, unit: str) -> str:
    if 0 < value < _LEAST:
        return f"under {_LEAST:g} {unit}"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"  # noqa: PLR2004
