"""Which answered rows the prediction log keeps, and what of them."""

from hashlib import blake2b

from keepwell.core.spec import LogSpec

_POINTS = float(1 << 64)


class LogPolicy:
    """A project's `serve.log`, as workers go by it.

    Args:
        spec: What the project file says.
    """

    def __init__(self, spec: LogSpec) -> None:
        self.spec = spec
        self.whole = spec.sample >= 1.0
        self.answers_unlogged = spec.when_full == "answer"

    def keeps(self, request: str) -> bool:
        """Tell whether the rows of a request are logged: the same answer for the same id, always."""
        if self.whole:
            return True
        digest = blake2b(request.encode(), digest_size=8, person=b"keepwell sample").digest()
        return int.from_bytes(digest, "big") / _POINTS < self.spec.sample
