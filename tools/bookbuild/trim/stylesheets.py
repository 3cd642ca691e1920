"""The frameworks' stylesheets, without the rules that nothing asks for."""

import re
from collections.abc import Iterator
from pathlib import Path

from bookbuild.trim._common import TrimError, pages_of, rewrite

_FRAMEWORK_SHEETS = (
    "_static/styles/pydata-sphinx-theme.css",
    "_static/sphinx-design.min.css",
    "_static/mystnb.*.css",
)
# Bootstrap's script puts some class names together from parts.
_BUILT_CLASSES = ("bs-tooltip", "bs-popover", "tooltip", "popover", "modal", "offcanvas", "sd-d-")


def trim(html_dir: Path) -> None:
    """Drop the rules of the frameworks' sheets that no page and no script can ask for.

    A rule goes only if one of its classes occurs as a word neither in a page nor in a script.
    """
    words = set()
    for path in [*pages_of(html_dir), *(html_dir / "_static").rglob("*.js")]:
        words.update(re.findall(r"[\w-]+", path.read_text(encoding="utf-8")))
    for pattern in _FRAMEWORK_SHEETS:
        sheets = list(html_dir.glob(pattern))
        if len(sheets) != 1:
            raise TrimError(f"expected one stylesheet {pattern}, found {len(sheets)}")
        css = sheets[0].read_text(encoding="utf-8")
        rewrite(sheets[0], purged(css, words, sheets[0].name))


def purged(css: str, words: set[str], name: str) -> str:
    """Return the sheet without the selectors that have a class outside `words`."""
    kept = []
    for prelude, body in _blocks(css, name):
        kept += re.findall(r"/\*!.*?\*/", prelude, re.DOTALL)  # licences stay
        rule = re.sub(r"/\*.*?\*/", "", prelude, flags=re.DOTALL).strip()
        if body is None:
            kept.append(rule)
        elif re.match(r"@(?:font-face|(?:-webkit-)?keyframes|page|property)", rule):
            kept.append(f"{rule}{{{body}}}")
        elif rule.startswith("@"):  # @media, @supports, @container, @layer
            if inner := purged(body, words, name).strip():
                kept.append(f"{rule}{{{inner}}}")
        elif selectors := [s for s in _split(rule) if _reachable(s, words)]:
            kept.append(f"{','.join(selectors)}{{{body}}}")
    return "".join(kept)


def _blocks(css: str, name: str) -> Iterator[tuple[str, str | None]]:
    """Top-level blocks (prelude, body) of a sheet; body is None for statements such as @charset."""
    token = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\\.|[{};]", re.DOTALL)
    depth, start, opened = 0, 0, 0
    for match in token.finditer(css):
        match match[0]:
            case "{":
                depth += 1
                if depth == 1:
                    opened = match.start()
            case "}":
                depth -= 1
                if depth < 0:
                    raise TrimError(f"{name}: a brace closes that was never opened")
                if depth == 0:
                    yield css[start:opened], css[opened + 1 : match.start()]
                    start = match.end()
            case ";" if depth == 0:
                yield css[start : match.end()], None
                start = match.end()
    if depth:
        raise TrimError(f"{name}: a brace stays open")
    if css[start:].strip():
        yield css[start:], None


def _split(selectors: str) -> list[str]:
    """Split a selector list at its commas, not at those inside (), [] or quotes."""
    parts, depth, quote, current = [], 0, "", ""
    for character in selectors:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        if character == "," and not depth and not quote:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def _reachable(selector: str, words: set[str]) -> bool:
    while (bare := re.sub(r"\([^()]*\)|\[[^\]]*\]", "", selector)) != selector:
        selector = bare  # what stands in :not(…), :is(…) or […] decides nothing
    for name in re.findall(r"\.((?:\\.|[\w-])+)", selector):
        name = name.replace("\\", "")
        if not name.startswith(_BUILT_CLASSES) and not set(re.findall(r"[\w-]+", name)) <= words:
            return False
    return True
