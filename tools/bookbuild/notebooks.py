"""Notebooks in a form that does not change unless the book does."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbval.plugin import coalesce_streams
from PIL import Image

# Kept, since nbformat and the front ends need it; everything else tells of the machine.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("tags", "mystnb")
# Two renderings of one figure may differ by this much (mean over pixels, of 255) and are still
# taken for the same: fonts are rasterised a little differently from one machine to the next.
SAME_IMAGE = 1.0


def read(path: Path) -> NotebookNode:
    """Read a notebook as nbformat 4."""
    return nbformat.read(path, as_version=4)


def write(path: Path, notebook: NotebookNode) -> None:
    """Write a notebook with sorted keys, through a temporary file."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(dumps(notebook), encoding="utf-8")
    partial.replace(path)


def dumps(notebook: NotebookNode) -> str:
    """Return the notebook's JSON, with sorted keys and texts split into lines as Jupyter does."""
    split = nbformat.v4.rwbase.split_lines(_copy(notebook))
    return json.dumps(split, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells of a notebook, without those that papermill injected."""
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", ())
    ]


def stable(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without timings, machine metadata, injected cells, or split streams."""
    result = _copy(notebook)
    result.cells = [
        cell for cell in result.cells if "injected-parameters" not in cell.metadata.get("tags", ())
    ]
    result.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    executed = 0
    for cell in result.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        )
        if cell.cell_type != "code":
            continue
        if cell.execution_count is not None:
            executed += 1
            cell.execution_count = executed
        cell.outputs = coalesce_streams(cell.outputs)
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = cell.execution_count
    return result


def with_outputs(source: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """Return the source's cells with the outputs of an executed copy of its code cells."""
    result = stable(source)
    pairs = zip(code_cells(result), code_cells(stable(executed)), strict=True)
    for cell, ran in pairs:
        cell.outputs = ran.outputs
        cell.execution_count = ran.execution_count
    return result


def keep_same_images(new: NotebookNode, old: NotebookNode) -> NotebookNode:
    """Return ``new`` with each image of ``old`` that shows the same picture, byte for byte."""
    result = _copy(new)
    images = [_images(cell) for cell in code_cells(old)]
    for cell, olds in zip(code_cells(result), images, strict=False):
        for output, before in zip(_images(cell), olds, strict=False):
            if _same_image(output.data["image/png"], before.data["image/png"]):
                output.data["image/png"] = before.data["image/png"]
    return result


def parameters_problem(notebook: NotebookNode) -> str | None:
    """Say what is wrong with the notebook's ``parameters`` cell, or return None."""
    tagged = [c for c in code_cells(notebook) if "parameters" in c.metadata.get("tags", ())]
    if len(tagged) != 1:
        return f"needs exactly one code cell tagged 'parameters', has {len(tagged)}"
    for name in ("seed", "scale"):
        if not any(line.startswith(f"{name} =") for line in tagged[0].source.splitlines()):
            return f"its cell tagged 'parameters' does not set {name}"
    return None


def _images(cell: NotebookNode) -> list[NotebookNode]:
    return [output for output in cell.outputs if "image/png" in output.get("data", {})]


def _same_image(new: str, old: str) -> bool:
    first, second = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"), dtype=float)
        for data in (new, old)
    )
    return first.shape == second.shape and bool(np.abs(first - second).mean() <= SAME_IMAGE)


def _copy(notebook: Any) -> NotebookNode:
    return nbformat.from_dict(json.loads(json.dumps(notebook)))
