"""The build's own promises, on small books made for the purpose."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from bookbuild import execute, layout, notebooks, site
from bookbuild.layout import ROOT, BookError, Page
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PARAMETERS = "seed = 1\nscale = 'quick'"


def chapter(folder, *cells, name="chapter"):
    tagged = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), tagged, *cells]), path)
    return Page(name, path)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "CACHE", tmp_path / "cache")


def run(*pages, **kwargs):
    lines = []
    runs = execute.run_all(list(pages), {"scale": "quick"}, say=lines.append, **kwargs)
    return runs, lines


def test_a_chapter_runs_once_until_its_code_changes(tmp_path):
    page = chapter(tmp_path, new_code_cell("print(scale, 6 * 7)"))
    (first,), lines = run(page)
    assert first.notebook.cells[-1].outputs[0].text == "quick 42\n"
    assert not first.cached
    assert "[1/1] chapter ran in" in lines[0]

    source = notebooks.read(page.path)
    source.cells[0].source = "# Another title"
    nbformat.write(source, page.path)
    (second,), _ = run(page)
    assert second.cached
    assert notebooks.with_outputs(source, second.notebook).cells[0].source == "# Another title"

    source.cells[-1].source = "print(scale, 6 * 8)"
    nbformat.write(source, page.path)
    (third,), _ = run(page)
    assert not third.cached
    assert third.notebook.cells[-1].outputs[0].text == "quick 48\n"


@pytest.mark.parametrize("named", [None, "elsewhere"])
def test_chapters_share_trained_networks(tmp_path, monkeypatch, named):
    monkeypatch.delenv("TRILATERATION_CACHE", raising=False)
    if named:
        monkeypatch.setenv("TRILATERATION_CACHE", named)
    code = "import os; print(os.environ['TRILATERATION_CACHE'])"
    ((found,), _) = run(chapter(tmp_path, new_code_cell(code)))
    folder = named or tmp_path / "cache" / "networks"
    assert found.notebook.cells[-1].outputs[0].text == f"{folder}\n"


def test_a_run_depends_on_the_package_and_on_data_beside_the_chapter(tmp_path):
    page = chapter(tmp_path)
    key = execute._key(page, {}, "world")
    assert execute._key(page, {}, "another world") != key
    assert execute._key(page, {"scale": "paper"}, "world") != key
    (tmp_path / "table.csv").write_text("a\n1\n")
    assert execute._key(page, {}, "world") != key


def test_a_failing_chapter_is_named_with_its_cell_and_traceback(tmp_path):
    page = chapter(tmp_path, new_code_cell("1 + 1"), new_code_cell("raise ValueError('no luck')"))
    with pytest.raises(BookError) as failure:
        run(page)
    message = str(failure.value)
    assert message.startswith("chapter failed in code cell 3:")
    assert "ValueError: no luck" in message
    assert "\x1b" not in message
    assert not list((tmp_path / "cache").rglob("*.ipynb"))


@pytest.mark.parametrize("tags", [[], ["parameters", "twice"]])
def test_a_chapter_needs_one_parameters_cell(tmp_path, tags):
    cells = [new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}) for _ in tags]
    path = tmp_path / "bad.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    with pytest.raises(BookError, match="bad: needs exactly one code cell tagged 'parameters'"):
        run(Page("bad", path))


def test_an_interrupt_leaves_nothing_half_written(tmp_path):
    page = chapter(tmp_path, new_code_cell("import time; time.sleep(60)"))
    code = (
        "import signal; from pathlib import Path; from bookbuild import execute, layout\n"
        # A shell that starts the tests in the background has them ignore interrupts.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"execute.CACHE = Path({str(tmp_path / 'cache')!r})\n"
        f"page = layout.Page('chapter', Path({str(page.path)!r}))\n"
        "execute.run_all([page], {'scale': 'quick'})\n"
    )
    before = page.path.read_bytes()
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tools")},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "cache").rglob("*.partial.ipynb")) and time.monotonic() < deadline:
        time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    _, log = child.communicate(timeout=30)
    assert child.returncode != 0
    assert "KeyboardInterrupt" in log
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert page.path.read_bytes() == before


def test_stable_form_forgets_the_machine_and_is_idempotent():
    cell = new_code_cell(
        "print(1)",
        execution_count=7,
        metadata={"papermill": {"duration": 1.2}, "collapsed": False, "tags": ["hide-input"]},
        outputs=[
            new_output("stream", name="stdout", text="1\n"),
            new_output("stream", name="stdout", text="2\n"),
        ],
    )
    injected = new_code_cell("scale = 'quick'", metadata={"tags": ["injected-parameters"]})
    notebook = new_notebook(
        cells=[injected, cell], metadata={"papermill": {"input_path": "somewhere"}, "x": 1}
    )
    stable = notebooks.stable(notebook)
    assert set(stable.metadata) == {"kernelspec", "language_info"}
    assert [c.metadata for c in stable.cells] == [{"tags": ["hide-input"]}]
    assert stable.cells[0].execution_count == 1
    assert [output.text for output in stable.cells[0].outputs] == ["1\n2\n"]
    assert notebooks.dumps(notebooks.stable(stable)) == notebooks.dumps(stable)


def test_written_notebooks_read_back_equal(tmp_path):
    page = chapter(tmp_path, new_code_cell("x = 1\ny = 2"))
    notebook = notebooks.stable(notebooks.read(page.path))
    notebooks.write(page.path, notebook)
    assert notebooks.read(page.path) == notebook
    assert isinstance(json.loads(page.path.read_text())["cells"][-1]["source"], list)


def test_the_table_of_contents_and_the_folder_agree(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    with pytest.raises(BookError, match=r"lists 'book/index', but there is no book/index\.md"):
        layout.pages(tmp_path)
    (tmp_path / "book" / "index.md").write_text("# Hello\n")
    assert [page.name for page in layout.pages(tmp_path)] == ["book/index"]
    (tmp_path / "book" / "stray.ipynb").write_text("{}")
    with pytest.raises(BookError, match=r"does not list: book/stray\.ipynb"):
        layout.pages(tmp_path)


@pytest.fixture
def old_site(tmp_path, monkeypatch):
    old = tmp_path / "build" / "html"
    old.mkdir(parents=True)
    (old / "index.html").write_text("the good old site")
    monkeypatch.setattr(site, "BUILD", tmp_path / "build")
    monkeypatch.setattr(site, "SITE", old)
    monkeypatch.setattr(site.trim, "trim_site", lambda html: None)
    return old


@pytest.mark.parametrize("failure", [BookError("a warning"), KeyboardInterrupt()])
def test_a_build_that_fails_leaves_the_previous_site(old_site, monkeypatch, failure):
    def render(stage, output):
        (output / "_build" / "html").mkdir(parents=True)
        raise failure

    monkeypatch.setattr(site, "_render", render)
    with pytest.raises(type(failure)):
        site.build([], say=lambda line: None)
    assert (old_site / "index.html").read_text() == "the good old site"
    assert [path.name for path in old_site.parent.iterdir()] == ["html"]


def test_a_site_is_rendered_once_and_replaces_the_old_one_whole(old_site, monkeypatch):
    rendered = []

    def render(stage, output):
        html = output / "_build" / "html"
        html.mkdir(parents=True)
        (html / "new.html").write_text("new")
        rendered.append(stage)

    monkeypatch.setattr(site, "_render", render)
    lines = []
    for _ in range(2):
        site.build([], say=lines.append)
    assert len(rendered) == 1
    assert lines == ["rendering the site", "the site is up to date"]
    assert sorted(path.name for path in old_site.iterdir()) == [site.STAMP, "new.html"]


def test_a_fork_gets_its_own_links(monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "Someone/their-fork")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    config = site._config()
    assert "https://github.com/Someone/their-fork" in config
    assert "https://someone.github.io/their-fork/" in config
