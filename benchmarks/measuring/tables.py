"""Results as text."""

from collections.abc import Mapping, Sequence

import pandas as pd


def lines(values: Mapping[str, object]) -> str:
    """Return names and values, one a line, as a Markdown list."""
    return "\n".join(f"- {name}: {value}" for name, value in values.items())


def markdown(table: pd.DataFrame) -> str:
    """Return the summary of the training benchmark as a Markdown table."""
    head = (
        "device", "architecture", "program", "networks", "ms per network and step (CPU)",
        "times faster by the clock", "times less CPU", "floor ms (products alone)", "peak GiB",
    )  # fmt: skip
    rows = [head, ("---",) * len(head)]
    for row in table.to_dict("records"):
        program = row["program"]
        program += f", {row['precision']}" if program in ("ensemble", "workers") else ""
        program += f", {row['threads']} thread{'s' if row['threads'] > 1 else ''}"
        floor = (row["floor ms"], row["products alone ms"])
        rows.append(
            (
                row["device"],
                row["architecture"],
                program,
                str(row["networks"]),
                f"{row['wall ms']:.3g} ({row['cpu ms']:.3g})",
                between(row, "wall ratio"),
                between(row, "cpu ratio"),
                "" if pd.isna(floor[0]) else f"{floor[0]:.2g} ({floor[1]:.2g})",
                "" if pd.isna(row["peak GiB"]) else f"{row['peak GiB']:.2f}",
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def between(row, name):
    """Return a median with the least and the largest."""
    return f"{row[name]:.3g} ({row[f'{name} min']:.3g} to {row[f'{name} max']:.3g})"


def rates(measured: Sequence[Mapping[tuple[str, str, str], float]]) -> str:
    """Return the best rate of each kind of product in GFLOP/s, with the median of the rounds."""
    text = ["Rate of matrix products, best round (median), GFLOP/s:"]
    for key in measured[0]:
        sizes, precision, device = key
        found = pd.Series([one[key] / 1e9 for one in measured])
        what = "large and square" if sizes == "square" else f"those of a step of the {sizes}"
        text.append(f"- {device}, {precision}, {what}: {found.max():.0f} ({found.median():.0f})")
    return "\n".join(text)
