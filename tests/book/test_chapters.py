"""What every chapter owes its reader, and what it says to bad input."""

import ast
import re

import numpy as np
import pytest
import yaml
from bookbuild import execute, notebooks
from bookbuild.layout import ROOT
from bookbuild.layout import notebooks as chapters

CHAPTERS = {page.name.removeprefix("book/"): page for page in chapters()}
FIRST = "part1/01_confidence_is_distance"
BAD_PARAMETERS = [
    (dict(sigma=-1), "sigma must be a finite number > 0, got -1"),
    (dict(sigma=float("nan")), "sigma must be a finite number > 0, got nan"),
    (dict(n_tasks=0), "n_tasks must be a whole number >= 1, got 0"),
    (dict(n_steps=0), "n_steps must be a"),
    (dict(seed=-1), "seed must be a whole number >= 0, got -1"),
    (dict(scale="huge"), "scale must be one of 'quick', 'paper', got 'huge'"),
    (dict(coefficients=[0.0, 0.0]), "coefficients must not be a zero vector, got one at index 0"),
    (dict(label=2), "labels must be 0 or 1, got 1 other values (first: 2)"),
    (dict(readings=[[0.1, np.nan]]), "evidence must be finite, got 1 NaN or infinite of 2 values"),
    (dict(readings=[[0.1, 0.2, 0.3]]), "evidence must have a last axis of length 2 (dimension)"),
]


def set_up(name, bad):
    """Run a chapter's parameters, changed, and the cell after them; return what it raises."""
    cells = notebooks.code_cells(notebooks.read(CHAPTERS[name].path))
    (at,) = [i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", ())]
    scope = {}
    exec(cells[at].source, scope)
    assert set(bad) <= set(scope), "the test names a parameter that the chapter does not have"
    with pytest.raises(ValueError) as error:  # noqa: PT011, the caller looks at the message
        exec(cells[at + 1].source, scope | bad)
    return str(error.value)


@pytest.mark.parametrize(("bad", "message"), BAD_PARAMETERS, ids=lambda x: str(x)[:40])
def test_bad_parameters_stop_the_first_cell(bad, message):
    said = set_up(FIRST, bad)
    assert message in said
    assert "\n" not in said


ALWAYS_BAD = [("sigma", -1), ("n_steps", 0), ("n_tasks", 0), ("seed", -1), ("scale", "huge")]
IN_CHAPTERS = [
    (name, parameter, value)
    for name, page in CHAPTERS.items()
    for parameter, value in ALWAYS_BAD
    if f'"{parameter} = ' in page.path.read_text()
]


@pytest.mark.parametrize(("name", "parameter", "value"), IN_CHAPTERS)
def test_every_chapter_names_the_bad_parameter(name, parameter, value):
    said = set_up(name, {parameter: value})
    assert said.startswith(f"{parameter} must be")
    assert repr(value) in said
    assert "\n" not in said


def test_papermill_shows_the_message_and_the_cell(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "CACHE", tmp_path)
    with pytest.raises(execute.ChapterError) as error:
        execute.run_all([CHAPTERS[FIRST]], {"sigma": -1}, say=lambda line: None)
    lines = str(error.value).splitlines()
    # One cell installs, one holds the parameters: the third is the first that computes.
    assert lines[0].endswith(f"{FIRST} failed in code cell 3:")
    assert lines[-1] == "ValueError: sigma must be a finite number > 0, got -1"


def test_the_documented_command_runs(tmp_path, monkeypatch):
    page = (ROOT / "book" / "run-it-yourself.md").read_text()
    parameters = {name: float(value) for name, value in re.findall(r"-p (\w+) ([\d.]+)", page)}
    assert set(parameters) == {"sigma", "seed"}
    monkeypatch.setattr(execute, "CACHE", tmp_path)
    # Along with it, other values at which a careless selection of trials would be empty.
    parameters |= {"seed": int(parameters["seed"]), "n_steps": 2, "threshold": 2.0, "n_tasks": 1}
    parameters |= {"readings": [[0.4, 0.1], [0.2, 0.2], [0.3, 0.0]], "label": 1}
    (run,) = execute.run_all([CHAPTERS[FIRST]], parameters, say=lambda line: None)
    assert not run.cached


@pytest.mark.parametrize("name", CHAPTERS)
def test_cells_are_short_and_define_nothing_worth_testing(name):
    for cell in notebooks.code_cells(notebooks.read(CHAPTERS[name].path)):
        source = re.sub(r"^(\s*)%.*$", r"\1pass", cell.source, flags=re.MULTILINE)
        assert source.count("\n") <= 28, cell.source
        defined = [
            node.name
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]
        assert not defined, f"{name} defines {defined}; logic belongs in the package"


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_its_parts(name):
    cells = notebooks.read(CHAPTERS[name].path).cells
    headings = re.findall(r"^## (.+)$", "\n".join(c.source for c in cells), flags=re.MULTILINE)
    assert headings == [
        "The question",
        "The picture",
        "The statement",
        "The proof",
        "The check",
        "What it means",
        "Exercises",
        "What to read next",
    ]


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_has_its_own_alternative_text(name):
    texts = [
        output.metadata.get("image/png", {}).get("alt", "")
        for cell in notebooks.code_cells(notebooks.read(CHAPTERS[name].path))
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert texts
    assert all(len(text.split()) >= 6 for text in texts)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_cell_shows_the_bare_value_of_its_last_line(name):
    for cell in notebooks.code_cells(notebooks.read(CHAPTERS[name].path)):
        shown = [o for o in cell.outputs if o.output_type == "execute_result"]
        assert all("text/html" in o.data for o in shown), cell.source


def test_the_repository_has_one_address():
    address = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    for path in [ROOT / "CITATION.cff", *(page.path for page in chapters())]:
        found = set(re.findall(r"https://github\.com/[\w-]+/[\w-]+", path.read_text()))
        assert found == {address}, path
    for path in (ROOT / "book").glob("*.md"):
        assert "https://github.com" not in path.read_text(), f"{path}: say {{{{ repository }}}}"
