"""Durations in words that a person reads at a glance. Pure."""

from datetime import timedelta


def span(duration: timedelta) -> str:
    """How long it is, to two units at most; less than nothing is nothing."""
    seconds = max(0, round(duration.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def relative(distance: timedelta) -> str:
    """Where it lies from now: ahead, or behind where it is negative."""
    if abs(distance) < timedelta(seconds=1):
        return "now"
    return f"in {span(distance)}" if distance > timedelta() else f"{span(-distance)} ago"
