"""What every part of the trimmer needs."""

from pathlib import Path


class TrimError(RuntimeError):
    """A file of the theme is not what this package was written for."""


def pages_of(html_dir: Path) -> list[Path]:
    """Pages of the book, without the stray templates that the themes copy to _static."""
    return [
        p for p in sorted(html_dir.rglob("*.html")) if p.relative_to(html_dir).parts[0] != "_static"
    ]


def rewrite(path: Path, text: str) -> None:
    """Write `text` to the file unless it is there already."""
    if text != path.read_text(encoding="utf-8"):
        path.write_text(text, encoding="utf-8")
