"""The pages themselves, and the files that none of them needs."""

import re
from pathlib import Path

from bookbuild.trim._common import TrimError, pages_of, rewrite


def trim(html_dir: Path) -> None:
    """Clean each page and delete the files that no page needs."""
    plain = _punctuation_is_plain(html_dir / "_static" / "pygments.css")
    for page in pages_of(html_dir):
        html = _cleaned(page.read_text(encoding="utf-8"), page.name)
        rewrite(page, _PUNCTUATION.sub(r"\1", html) if plain else html)
    _replace_bare_redirect(html_dir / "index.html")
    _delete_unused_files(html_dir)


# The theme loads the search index on every page for "search as you type", which is off;
# only search.html needs it. Thebe (live cells) is off, yet its loader rides on every page.
_SEARCH_SCRIPTS = re.compile(
    r'\s*<script src="[^"]*(?:_static/searchtools|_static/language_data|searchindex)\.js[^"]*">'
    r"</script>"
)
_THEBE_TAGS = re.compile(
    r"\s*<link [^>]*sphinx-thebe\.css[^>]*>"
    r"|\s*<script[^>]*sphinx-thebe\.js[^>]*></script>"
    r"|\s*<script>const THEBE_JS_URL[^<]*</script>"
    r'|\s*<script type="text/x-thebe-config">.*?</script>'
    r"|\s*<script>kernelName = '[^<]*</script>",
    re.DOTALL,
)


# sphinx-proof and sphinx-exercise give the content of every statement the same id, and
# sphinx-proof every proof.
_REPEATED_IDS = re.compile(
    r'(?<=<section) id="(?:exercise|solution)-content"(?=>)'
    r'|(?<=-content") id="proof-content"(?=>)'
    r'|(?<=<div class="proof admonition") id="proof"(?=>)'
)
_PROOF_OPENING = re.compile(r'(<div class="proof admonition">\s*<p>)Proof\.')
# Sphinx loads MathJax also on pages whose *sub-pages* have formulas, such as the landing page.
_MATHJAX_SCRIPTS = re.compile(
    r"\s*<script>window\.MathJax = \{.*?\}</script>"
    r"|\s*<script[^>]*_static/mathjax/mathjax\.js[^>]*></script>"
)
_FORMULA = re.compile(r'class="[^"]*\b(?:math|output_area)\b(?!-)')


# A third of the elements of a page with much code: each comma and bracket in a span of its own.
_PUNCTUATION = re.compile(r'<span class="p">([^<]*)</span>')


def _punctuation_is_plain(css: Path) -> bool:
    """Return whether punctuation has the colour of code without a class, in every theme."""
    text = css.read_text(encoding="utf-8") if css.is_file() else ""
    plain, own = (
        dict(re.findall(rf"(\S*)\s*\.highlight{token} \{{[^}}]*?(?<![-\w])color: (#\w+)", text))
        for token in ("", r" \.p")
    )
    return bool(own) and own == plain


def _cleaned(html: str, name: str) -> str:
    if "initThebeSBT()" in html:
        raise TrimError(
            f"{name}: live cells (thebe) fetch scripts from another host; turn them off"
        )
    html = _THEBE_TAGS.sub("", html)
    html = _REPEATED_IDS.sub("", html)
    html = html.replace('role="doc-biblioentry"', 'role="listitem"')  # deprecated within a list
    html = _PROOF_OPENING.sub(r"\1<em>Proof.</em>", html)
    if not _FORMULA.search(html):
        html = _MATHJAX_SCRIPTS.sub("", html)
    return html if name == "search.html" else _SEARCH_SCRIPTS.sub("", html)


_REDIRECT = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Trilateration</title>
<meta http-equiv="refresh" content="0; url={target}">
<link rel="icon" href="data:,">
</head>
<body><main><p><a href="{target}">Open the book</a></p></main></body>
</html>
"""


def _replace_bare_redirect(index: Path) -> None:
    """Make the root page valid; Sphinx leaves a lone <meta> that forwards to book/index.html."""
    if index.is_file():
        match = re.fullmatch(
            r'\s*<meta http-equiv="Refresh" content="0; url=([^"]+)" />\s*',
            index.read_text(encoding="utf-8"),
        )
        if match:
            index.write_text(_REDIRECT.format(target=match[1]), encoding="utf-8")


_UNUSED = (
    "_static/**/*.map",
    "_static/*webpack-macros.html",
    "_static/locales/**/*",
    "_static/sphinx-thebe.*",
    "_static/play-solid.svg",
    "_static/mathjax/entry.mjs.txt",
    ".buildinfo",
)


def _delete_unused_files(html_dir: Path) -> None:
    for pattern in _UNUSED:
        for path in html_dir.glob(pattern):
            if path.is_file():
                path.unlink()
    for folder in sorted((html_dir / "_static").rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    # What is left must not point at a source map that is gone.
    for path in (html_dir / "_static").rglob("*"):
        if path.suffix in {".js", ".css"}:
            text = path.read_text(encoding="utf-8")
            rewrite(path, re.sub(r"\n?(?://|/\*)# sourceMappingURL=\S+(?: ?\*/)?\s*$", "\n", text))
