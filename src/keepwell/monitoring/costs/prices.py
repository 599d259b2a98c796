"""From what was used to what it cost."""

from dataclasses import dataclass

from keepwell.core.records import Resources
from keepwell.core.spec import CostsSpec

HOUR = 3600.0
MONTH = 730 * HOUR
"""A month as clouds bill it."""

JOULES = 3.6e6  # of a kilowatt hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What something cost, part by part; `energy_kwh` and `carbon_kg` are amounts, not prices.

    Attributes:
        cpu: For processors.
        gpu: For GPUs.
        memory: For memory.
        storage: For what is kept.
        energy: For energy, where it is paid apart.
        imported: What bills of a cloud said.
        tokens: For language models.
        energy_kwh: Energy.
        carbon_kg: CO₂ of it.
        estimated: The energy is estimated by watts, not measured.
    """

    cpu: float = 0.0
    gpu: float = 0.0
    memory: float = 0.0
    storage: float = 0.0
    energy: float = 0.0
    imported: float = 0.0
    tokens: float = 0.0
    energy_kwh: float = 0.0
    carbon_kg: float = 0.0
    estimated: bool = False

    @property
    def total(self) -> float:
        """All of it."""
        machines = self.cpu + self.gpu + self.memory + self.storage + self.energy
        return machines + self.imported + self.tokens

    def plus(self, other: "Cost") -> "Cost":
        """Return both together."""
        return Cost(
            cpu=self.cpu + other.cpu,
            gpu=self.gpu + other.gpu,
            memory=self.memory + other.memory,
            storage=self.storage + other.storage,
            energy=self.energy + other.energy,
            imported=self.imported + other.imported,
            tokens=self.tokens + other.tokens,
            energy_kwh=self.energy_kwh + other.energy_kwh,
            carbon_kg=self.carbon_kg + other.carbon_kg,
            estimated=self.estimated or other.estimated,
        )


def cost_of(used: Resources, spec: CostsSpec, *, storage_gb_seconds: float = 0.0) -> Cost:
    """Return what a use cost.

    >>> from keepwell.core.spec import PricesSpec
    >>> spec = CostsSpec(prices=PricesSpec(cpu_hour=0.04, gpu_hour=2.0))
    >>> cost = cost_of(Resources(cpu_seconds=7200, gpu_seconds=1800), spec)
    >>> round(cost.cpu, 4), round(cost.gpu, 4), round(cost.total, 4), cost.energy_kwh
    (0.08, 1.0, 1.08, 0.17)
    """
    prices, power = spec.prices, spec.power
    joules, estimated = used.energy_joules, False
    if joules is None:
        joules = used.cpu_seconds * power.core_watts + used.gpu_seconds * power.gpu_watts
        estimated = joules > 0
    kwh = joules / JOULES
    return Cost(
        cpu=used.cpu_seconds / HOUR * prices.cpu_hour,
        gpu=used.gpu_seconds / HOUR * prices.gpu_hour,
        memory=used.memory_gb_seconds / HOUR * prices.memory_gb_hour,
        storage=storage_gb_seconds / MONTH * prices.storage_gb_month,
        energy=kwh * prices.energy_kwh,
        energy_kwh=kwh,
        carbon_kg=kwh * power.carbon_per_kwh,
        estimated=estimated,
    )


def money(amount: float, currency: str) -> str:
    """Return an amount as people read it: two digits, of small ones three that say something.

    >>> money(12.3, "EUR"), money(0.00123, "EUR"), money(0.000045, "EUR"), money(0.0, "EUR")
    ('12.30 EUR', '0.00123 EUR', '0.000045 EUR', '0.00 EUR')
    """
    if 0 < abs(amount) < 1e-4:  # noqa: PLR2004 (nobody reads powers of ten on a bill)
        digits = f"{amount:.7f}".rstrip("0").rstrip(".")
        return f"{digits if float(digits) else '0.00'} {currency}"
    digits = f"{amount:,.2f}" if amount == 0 or abs(amount) >= 0.1 else f"{amount:.3g}"  # noqa: PLR2004
    return f"{digits} {currency}"
