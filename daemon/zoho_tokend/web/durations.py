"""Durations in words that a person reads at a glance. Pure."""

from datetime import timedelta


def span(duration: timedelta) -> str:
    """How long it is, to two units at most; less than nothing is nothing."""
    seconds = max(0, round(duration.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return _two(days, "d", hours % 24, "h")
    if hours:
        return _two(hours, "h", minutes % 60, "min")
    return _two(minutes, "min", seconds % 60, "s") if minutes else f"{seconds} s"


def relative(distance: timedelta) -> str:
    """Where it lies from now: ahead, or behind where it is negative."""
    if abs(distance) < timedelta(seconds=1):
        return "now"
    return f"in {span(distance)}" if distance > timedelta() else f"{span(-distance)} ago"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit}" + (f" {small} {small_unit}" if small else "")
