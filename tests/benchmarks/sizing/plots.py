"""Memory, lateness and cost over the size of the fleet, as SVG: the same findings give the same file."""

from collections.abc import Mapping, Sequence
from io import StringIO

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.benchmarks.sizing.findings import Findings

Series = Mapping[str, Sequence[float]]

# https://matplotlib.org/stable/users/explain/customizing.html: text stays text, and names do not come by chance.
mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "zoho-tokend", "font.family": "sans-serif"}
_INCHES = (7.2, 3.6)


def plots(findings: Findings) -> dict[str, str]:
    """Each picture by the name of its file."""
    sizes = [size.connections for size in findings.sizes]
    late = [size.lateness for size in findings.sizes]
    memory: Series = {"": [size.resident_kib / 1024 for size in findings.sizes]}
    lateness: Series = {
        "the worst": [each.worst for each in late],
        "99 in 100": [each.most for each in late],
        "half of the refreshes": [each.half for each in late],
    }
    cost: Series = {"": [1 / cost.processor_ratio for cost in findings.costs]}
    return {
        "memory.svg": _plot("Memory of the process, MiB", sizes, memory),
        "lateness.svg": _plot("Lateness, seconds", sizes, lateness),
        "cost.svg": _plot("Processor time of a refresh, over that of the bare loop", sizes, cost),
    }


def _plot(title: str, sizes: Sequence[int], series: Series) -> str:
    """Lines over the logarithm of the size, from zero up."""
    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.add_subplot(title=title, xlabel="connections", xscale="log")
    for name, values in series.items():
        axes.plot(sizes, values, marker="o", label=name)
    axes.set_ylim(bottom=0)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes], minor=False)
    axes.minorticks_off()
    axes.grid(visible=True, alpha=0.3)
    if len(series) > 1:
        axes.legend()
    picture = StringIO()
    figure.savefig(picture, format="svg", metadata={"Date": None})
    return picture.getvalue()
