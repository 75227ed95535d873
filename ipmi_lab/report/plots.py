"""Plots of the report, as SVG that stands inside the page."""

import math
import re
from collections.abc import Sequence

from ipmi_lab.report.events import MeasurementEvent
from ipmi_lab.report.run import Run

EXTRAS = re.compile(r"<!--.*?-->|<script.*?</script>", re.DOTALL)
"""What the plotter adds for pages of its own: the report runs no script but its filter, and names no site."""
COLOURS = ("#2f6f9f",)
WIDTH, HEIGHT, MOST_POINTS = 112, 26, 200
BINS = 24


def latency_histogram(run: Run) -> str:
    """How long answers took: exchanges by milliseconds; nothing where there are too few."""
    times = sorted(run.latencies())
    if len(times) < 5:
        return ""
    import pygal
    from pygal.style import Style

    most = times[min(len(times) - 1, int(len(times) * 0.99))]
    width = max(most / BINS, 0.001)
    counts = [0] * (BINS + 1)
    for ms in times:
        counts[min(int(ms / width), BINS)] += 1
    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground="currentColor",
        foreground_strong="currentColor",
        foreground_subtle="currentColor",
        colors=COLOURS,
        font_family="inherit",
        opacity="1",
    )
    chart = pygal.Bar(
        style=style, show_legend=False, width=720, height=220, margin=4, js=(), print_values=False, spacing=1
    )
    chart.x_labels = [f"{index * width:.2f}" for index in range(BINS)] + ["more"]
    chart.x_labels_major = chart.x_labels[::6]
    chart.show_minor_x_labels = False
    chart.y_labels_major_count = 3
    chart.show_minor_y_labels = False
    chart.add("exchanges", counts)
    return EXTRAS.sub("", str(chart.render(is_unicode=True, disable_xml_declaration=True)))


def position(measurement: MeasurementEvent) -> float | None:
    """Where a value stands between its limits, in percent, for the bar beside it; None without two limits."""
    low, high = measurement.low, measurement.high
    if low is None or high is None or high <= low:
        return None
    return max(-8.0, min(108.0, 100 * (measurement.value - low) / (high - low)))


def sparkline(series: Sequence[MeasurementEvent]) -> str:
    """The values of a measurement that was taken several times, the last ones; its limits as dashed lines."""
    shown = series[-MOST_POINTS:]
    last = shown[-1]
    limits = [limit for limit in (last.low, last.high) if limit is not None]
    values = [each.value for each in shown]
    bottom, top = min(values + limits), max(values + limits)
    span = top - bottom
    if len(shown) < 2 or not math.isfinite(span):
        return ""

    def height(value: float) -> float:
        return round(HEIGHT - 3 - (HEIGHT - 6) * ((value - bottom) / span if span else 0.5), 1)

    step = (WIDTH - 6) / (len(shown) - 1)
    points = " ".join(f"{3 + index * step:.1f},{height(value)}" for index, value in enumerate(values))
    lines = "".join(f'<path d="M0 {height(limit)}H{WIDTH}"/>' for limit in limits)
    dots = "".join(
        f'<circle cx="{3 + index * step:.1f}" cy="{height(each.value)}" r="2.2"/>'
        for index, each in enumerate(shown)
        if each.verdict != "passed"
    )
    title = f"<title>{len(series)} values from {min(values):g} to {max(values):g}</title>"
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg class="spark" role="img" {size}>{title}{lines}<polyline points="{points}"/>{dots}</svg>'
