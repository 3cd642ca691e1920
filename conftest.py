"""Pytest's view of the book: every notebook is one run, and one test for each code cell.

Each notebook is executed once for everything that needs it. The item ``runs`` takes the papermill
run from the same cache that ``make book`` uses (keyed by code cells, package, parameters and
versions), the items ``Cell n`` hold that run against the committed outputs with nbval's own
comparison and sanitising rules, and the strict build of the site renders the same run.
"""

import contextlib
import copy
import functools
import os

import pytest
from bookbuild import execute
from bookbuild import notebooks as nb
from bookbuild.layout import ROOT, Page, notebooks
from jaxtyping import install_import_hook
from nbval.plugin import IPyNbCell, IPyNbFile, coalesce_streams

# As chapters and workers run: with several threads torch cuts arrays of odd sizes in other places,
# and the last bit of a sum may differ. It is read when torch is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Shapes and types in signatures are true only because they are checked here, and only here.
install_import_hook("trilateration", "typecheck.checked")


@functools.cache
def chapter_run(page: Page) -> execute.Run:
    """Execute one chapter at quick scale, or take the run that is there."""
    run_every_chapter_once()
    (run,) = execute.run_all([page], {"scale": "quick"}, say=lambda line: None)
    return run


@functools.cache
def run_every_chapter_once() -> None:
    """Fill the cache with all chapters at once, so that both cores are used."""
    # A chapter that fails is reported by its own item.
    with contextlib.suppress(execute.ChapterError):
        execute.run_all(notebooks(), {"scale": "quick"}, say=lambda line: None)


def pytest_collect_file(file_path, parent):
    """Collect the notebooks of the table of contents."""
    if file_path.suffix == ".ipynb" and not parent.config.option.nbval:
        pages = {page.path: page for page in notebooks()}
        if file_path in pages:
            return Chapter.from_parent(parent, path=file_path, page=pages[file_path])
    return None


class Chapter(IPyNbFile):
    """A notebook whose outputs come from papermill instead of a kernel of nbval's."""

    def __init__(self, *args, page, **kwargs):
        super().__init__(*args, **kwargs)
        self.page = page

    def setup(self):
        """Start no kernel; only read the sanitising rules."""
        self.setup_sanitize_files()

    def get_sanitize_files(self):
        """Return the book's rules, unless the command line names others."""
        return super().get_sanitize_files() or [ROOT / "tests" / "book" / "nbval_sanitize.cfg"]

    def collect(self):
        """Yield the run itself, then a comparison for each code cell."""
        yield ChapterRun.from_parent(self, name="runs")
        for item in super().collect():
            yield ComparedCell.from_parent(
                self,
                name=item.name,
                cell_num=item.cell_num,
                cell=item.cell,
                options=item.options,
            )


class ChapterRun(pytest.Item):
    """The papermill run of a chapter at quick scale."""

    def runtest(self):
        """Run it."""
        chapter_run(self.parent.page)

    def repr_failure(self, excinfo):
        """Show what the reader of a failed build sees."""
        return str(excinfo.value)

    def reportinfo(self):
        """Name the chapter."""
        return self.path, 0, f"{self.parent.page.name}::runs"


class ComparedCell(IPyNbCell):
    """One code cell: the fresh outputs against the committed ones."""

    def runtest(self):
        """Compare, with nbval's rules."""
        if self.options["skip"]:
            pytest.skip()
        try:
            executed = chapter_run(self.parent.page).notebook
        except execute.ChapterError:
            pytest.skip("the chapter did not run")
        if self.cell.execution_count is None and self.cell.source.strip():
            self.raise_cell_error("The committed cell was never run; `make accept` runs it")
        fresh = copy.deepcopy(nb.code_cells(executed)[self.cell_num].outputs)
        reference = coalesce_streams(copy.deepcopy(self.cell.outputs))
        if self.options["check"] and not self.compare_outputs(fresh, reference):
            self.raise_cell_error("Cell outputs differ", "\n".join(self.comparison_traceback))
