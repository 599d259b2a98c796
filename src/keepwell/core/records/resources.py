"""What an execution took from the machine that it ran on."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the processes of one execution took together, the processes that it started included.

    Attributes:
        seconds: Wall time.
        cpu_seconds: Processor time.
        memory_peak: Most bytes of memory at once, of all that were looked at.
        memory_gb_seconds: Memory over time: gigabytes (10⁹ bytes) times seconds.
        read_bytes: Read from disks.
        written_bytes: Written to disks.
        gpu_seconds: Time in which a GPU was held, times the GPUs.
        energy_joules: Measured energy; None where the machine does not tell.
        starved: Share of the time in which the host was starved.
        host: The machine.
        cores: Processors that it might use.
        user: Who ran it.
        shared: Another execution was measured in the same process meanwhile; each counts it all.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_peak: int = 0
    memory_gb_seconds: float = 0.0
    read_bytes: int = 0
    written_bytes: int = 0
    gpu_seconds: float = 0.0
    energy_joules: float | None = None
    starved: float = 0.0
    host: str = ""
    cores: float = 0.0
    user: str = ""
    shared: bool = False

    def plus(self, other: "Resources") -> "Resources":
        """Return both together, where an execution was stopped and went on.

        >>> first = Resources(seconds=2, cpu_seconds=3, memory_peak=10)
        >>> both = first.plus(Resources(seconds=1, cpu_seconds=1, memory_peak=7))
        >>> (both.seconds, both.cpu_seconds, both.memory_peak)
        (3, 4, 10)
        """
        energies = [e for e in (self.energy_joules, other.energy_joules) if e is not None]
        seconds = self.seconds + other.seconds
        starved = self.starved * self.seconds + other.starved * other.seconds
        return replace(
            other,
            seconds=seconds,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            memory_peak=max(self.memory_peak, other.memory_peak),
            memory_gb_seconds=self.memory_gb_seconds + other.memory_gb_seconds,
            read_bytes=self.read_bytes + other.read_bytes,
            written_bytes=self.written_bytes + other.written_bytes,
            gpu_seconds=self.gpu_seconds + other.gpu_seconds,
            energy_joules=sum(energies) if energies else None,
            starved=starved / seconds if seconds else 0.0,
            shared=self.shared or other.shared,
        )
