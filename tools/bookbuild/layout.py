"""Where things are: the repository, its table of contents, and the folders of a build."""

from dataclasses import dataclass
from pathlib import Path

from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
PACKAGE = ROOT / "src" / "trilateration"
BUILD = ROOT / "_build"
SITE = BUILD / "html"
CACHE = BUILD / "cache"


class BookError(Exception):
    """A failure that a person can act on; its message is all that is shown."""


@dataclass(frozen=True)
class Page:
    """One page of the table of contents: its name without suffix, and its file."""

    name: str
    path: Path

    @property
    def is_notebook(self) -> bool:
        """Whether the page is executed."""
        return self.path.suffix == ".ipynb"


def pages(root: Path = ROOT) -> list[Page]:
    """Return the pages of ``_toc.yml`` in reading order.

    Raises
    ------
    BookError
        If a page has no file, or if a notebook under ``book/`` is not in the table of contents.
    """
    names = list(parse_toc_yaml(root / "_toc.yml"))
    found = [Page(name, _file_of(root, name)) for name in names]
    listed = {page.path for page in found}
    stray = [
        str(path.relative_to(root))
        for path in sorted((root / "book").rglob("*.ipynb"))
        if path not in listed and ".ipynb_checkpoints" not in path.parts
    ]
    if stray:
        raise BookError(f"notebooks that _toc.yml does not list: {', '.join(stray)}")
    return found


def notebooks(root: Path = ROOT) -> list[Page]:
    """Return the pages of ``_toc.yml`` that are notebooks, in reading order."""
    return [page for page in pages(root) if page.is_notebook]


def _file_of(root: Path, name: str) -> Path:
    # sphinx-external-toc accepts names with and without suffix.
    for candidate in (name, f"{name}.md", f"{name}.ipynb"):
        if (root / candidate).is_file():
            return root / candidate
    raise BookError(f"_toc.yml lists {name!r}, but there is no {name}.md or {name}.ipynb")
