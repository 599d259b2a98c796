"""Bytes as people say them: `512 B`, `14.2 kB`, `1.2 GB`."""

_STEP = 1000
_ROUNDED = 999.5  # from here on three digits say a thousand


def size(count: float) -> str:
    """Return a number of bytes at three significant digits.

    >>> size(17), size(14_230), size(999_700), size(1_200_000_000)
    ('17 B', '14.2 kB', '1 MB', '1.2 GB')
    """
    if count < _STEP:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= _STEP
        if count < _ROUNDED:
            return f"{count:.3g} {unit}"
    return f"{count / _STEP:.3g} TB"
