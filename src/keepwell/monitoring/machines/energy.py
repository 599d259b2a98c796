"""Energy that the processor counts itself (RAPL), where it does and may be read."""

from pathlib import Path


class EnergyCounter:
    """Adds up what the processors' packages count; a counter that wraps round is followed.

    Most machines let only root read them, and virtual machines have none: then there is no number.

    Args:
        root: Where the kernel shows power caps.
    """

    def __init__(self, root: Path = Path("/sys/class/powercap")) -> None:
        self._packages = [
            folder
            for folder in sorted(root.glob("intel-rapl:*"))
            if folder.name.count(":") == 1 and _read(folder / "energy_uj") is not None
        ]
        self._last: dict[Path, int] = {}
        self._joules = 0.0

    def joules(self) -> float | None:
        """Return the energy since the first call; None if the machine does not tell."""
        if not self._packages:
            return None
        for folder in self._packages:
            now = _read(folder / "energy_uj")
            if now is None:
                return None
            grown = now - self._last.get(folder, now)
            if grown < 0:
                grown += _read(folder / "max_energy_range_uj") or 0
            self._joules += max(0, grown) / 1e6
            self._last[folder] = now
        return self._joules


def _read(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
