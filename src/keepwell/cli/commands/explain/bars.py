"""Bars that go to the left or the right of a middle line."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(value: float, largest: float, width: int) -> str:
    """Return a bar of `width` characters; `largest` fills one half.

    >>> bar(1.0, 1.0, 8), bar(-0.5, 1.0, 8), bar(0.25, 1.0, 8)
    ('    │████', '  ██│    ', '    │█   ')
    """
    half = width // 2
    length = half * min(1.0, abs(value) / largest) if largest else 0.0
    if value < 0:
        whole = round(length)  # blocks grow from the left only, so to the left they are whole
        return f"{'█' * whole:>{half}}│{'':<{half}}"
    whole, part = divmod(round(length * 8), 8)
    drawn = "█" * whole + (_EIGHTHS[part] if part else "")
    return f"{'':<{half}}│{drawn:<{half}}"
