"""Finds links inside the built site that lead nowhere."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup


def broken_links(html: Path, root: str = "/") -> list[str]:
    """Return ``page: link`` for each internal link without a target.

    Parameters
    ----------
    html
        Folder of the built site. Links to other hosts are not followed; anchors are checked too.
    root
        Where the published site lies on its host; links that start with it start at ``html``.
    """
    html = html.resolve()
    broken = []
    for page in sorted(html.rglob("*.html")):
        for link in sorted(set(_links(page))):
            if not _leads_somewhere(html, page, link, root):
                broken.append(f"{page.relative_to(html)}: {link}")
    return broken


def _leads_somewhere(html: Path, page: Path, link: str, root: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    path = unquote(parts.path)
    if path.startswith("/"):
        target = html / path.removeprefix(root).lstrip("/")
    else:
        target = (page.parent / path).resolve() if path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_file() or not target.is_relative_to(html):
        return False
    anchor = unquote(parts.fragment)
    return not anchor or target.suffix != ".html" or anchor in _anchors(target)


def _links(page: Path) -> list[str]:
    return [
        tag[attribute]
        for tag in _soup(page).find_all(True)
        for attribute in ("href", "src")
        if tag.has_attr(attribute) and not tag[attribute].startswith(("data:", "javascript:", "#!"))
    ]


@cache
def _anchors(page: Path) -> frozenset[str]:
    tags = _soup(page).find_all(True)
    return frozenset(
        value for tag in tags for value in (tag.get("id"), tag.get("name")) if value
    ) | {"top"}


@cache
def _soup(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
