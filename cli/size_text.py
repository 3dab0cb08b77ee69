"""Sizes as people read them."""


def size_text(size_bytes: int | None) -> str:
    """A size with a decimal unit, such as `1.5 MB`; `?` for one that nobody knows."""
    if size_bytes is None:
        return "?"
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size_bytes} B"
