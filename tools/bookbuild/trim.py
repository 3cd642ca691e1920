"""Make the built site light and self-contained.

Sphinx's themes ship for every need: two thousand icons, icon fonts, a whole CSS framework,
source maps, a search index on each page. `trim_site` keeps what this site's pages use and
works on the HTML folder in place. It knows the files of the pinned theme; where one does not
look as expected it raises `TrimError` instead of writing a site that might be broken.

`page_weights` and `external_requests` read a site and change nothing; tests hold them to
a budget and to an empty list.
"""

import re
import urllib.parse
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

__all__ = ["TrimError", "external_requests", "page_weights", "trim_site"]


class TrimError(RuntimeError):
    """A file of the theme is not what this module was written for."""


def trim_site(html_dir: Path) -> None:
    """Trim the built site in `html_dir`, in place. A second call changes nothing."""
    html_dir = Path(html_dir)
    if not (html_dir / "_static").is_dir():
        raise TrimError(f"{html_dir} is not a built site: it has no _static folder")
    for page in _pages(html_dir):
        _rewrite(page, _cleaned(page.read_text(encoding="utf-8"), page.name))
    _replace_bare_redirect(html_dir / "index.html")
    _delete_unused_files(html_dir)
    _trim_icons(html_dir)
    _trim_stylesheets(html_dir)
    _trim_icon_fonts(html_dir)


def _pages(html_dir: Path) -> list[Path]:
    """Pages of the book, without the stray templates that the themes copy to _static."""
    return [
        p for p in sorted(html_dir.rglob("*.html")) if p.relative_to(html_dir).parts[0] != "_static"
    ]


def _rewrite(path: Path, text: str) -> None:
    if text != path.read_text(encoding="utf-8"):
        path.write_text(text, encoding="utf-8")


# --------------------------------------------------------------------------- pages

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
            _rewrite(path, re.sub(r"\n?(?://|/\*)# sourceMappingURL=\S+(?: ?\*/)?\s*$", "\n", text))


# --------------------------------------------------------------------------- icons

_FONTAWESOME = "_static/scripts/fontawesome.js"
_MARK = "/*! icons subset by trim.py */"
_ICON = re.compile(
    r'"?([A-Za-z0-9_-]+)"?:\[\d+,\d+,\[([^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\["[^"]*","[^"]*"\])\]'
)
_PACKS = 3  # brands, regular, solid
_FEWEST_ICONS = 1500
# Classes that style an icon and name none.
_ICON_STYLES = re.compile(
    r"solid|regular|brands|classic|sharp|light|thin|duotone|fw|lg|sm|xs|xl|2xs|2xl|\d+x|ul|li|inverse"
    r"|border|pull-.*|stack.*|spin.*|pulse|beat.*|bounce|fade|shake|flip.*|rotate-.*|layers.*|width-.*"
)


def _icon_names(html_dir: Path) -> tuple[set[str], set[str]]:
    """Icon names that pages need (in class attributes), and all that might be meant."""
    needed, possible = set(), set()
    for page in _pages(html_dir):
        html = page.read_text(encoding="utf-8")
        possible.update(re.findall(r"\bfa-([a-z0-9-]+)", html))
        for classes in re.findall(r'<(?:i|span)\b[^>]*\bclass="([^"]*)"', html):
            words = classes.split()
            if {"fa", "fas", "far", "fab", "fa-solid", "fa-regular", "fa-brands"} & set(words):
                needed.update(w[3:] for w in words if w.startswith("fa-"))
    for script in (html_dir / "_static").rglob("*.js"):
        if script != html_dir / _FONTAWESOME:
            possible.update(re.findall(r"\bfa-([a-z0-9-]+)", script.read_text(encoding="utf-8")))
    return {n for n in needed if not _ICON_STYLES.fullmatch(n)}, possible | needed


def _trim_icons(html_dir: Path) -> None:
    path = html_dir / _FONTAWESOME
    if not path.is_file():
        raise TrimError(f"the theme has no {_FONTAWESOME}; see how it draws icons now")
    script = path.read_text(encoding="utf-8")
    if _MARK in script:
        return
    needed, possible = _icon_names(html_dir)
    pieces, packs, icons, found, at = [], 0, 0, set(), 0
    for start in (m.end() for m in re.finditer(r"var \w+=\{", script)):
        kept, end, names = [], start, []
        while match := _ICON.match(script, end):
            aliases = re.findall(r'"([^"]+)"', match[2])
            names.append(match[1])
            if {match[1], *aliases} & possible:
                kept.append(match[0])
                found.update({match[1], *aliases})
            end = match.end() + (script[match.end()] == ",")
        if not names:
            continue
        if script[end] != "}":
            raise TrimError(
                f"{_FONTAWESOME}: in pack {packs + 1}, what follows {names[-1]!r} is not an icon"
                f" as expected: {script[end : end + 80]!r}"
            )
        pieces += [script[at:start], ",".join(kept)]
        packs, icons, at = packs + 1, icons + len(names), end
    if packs != _PACKS or icons < _FEWEST_ICONS:
        raise TrimError(
            f"{_FONTAWESOME}: expected {_PACKS} packs with at least {_FEWEST_ICONS} icons,"
            f" found {packs} with {icons}; the theme has changed, adapt _trim_icons"
        )
    if missing := sorted(needed - found):
        raise TrimError(f"pages use icons that Font Awesome does not have: {', '.join(missing)}")
    path.write_text(_MARK + "\n" + "".join(pieces) + script[at:], encoding="utf-8")


# --------------------------------------------------------------------------- stylesheets

_FRAMEWORK_SHEETS = (
    "_static/styles/pydata-sphinx-theme.css",
    "_static/sphinx-design.min.css",
    "_static/mystnb.*.css",
)
# Bootstrap's script puts some class names together from parts.
_BUILT_CLASSES = ("bs-tooltip", "bs-popover", "tooltip", "popover", "modal", "offcanvas", "sd-d-")


def _trim_stylesheets(html_dir: Path) -> None:
    """Drop the rules of the frameworks' sheets that no page and no script can ask for.

    A rule goes only if one of its classes occurs as a word neither in a page nor in a script.
    """
    words = set()
    for path in [*_pages(html_dir), *(html_dir / "_static").rglob("*.js")]:
        words.update(re.findall(r"[\w-]+", path.read_text(encoding="utf-8")))
    for pattern in _FRAMEWORK_SHEETS:
        sheets = list(html_dir.glob(pattern))
        if len(sheets) != 1:
            raise TrimError(f"expected one stylesheet {pattern}, found {len(sheets)}")
        css = sheets[0].read_text(encoding="utf-8")
        _rewrite(sheets[0], _purged(css, words, sheets[0].name))


def _purged(css: str, words: set[str], name: str) -> str:
    kept = []
    for prelude, body in _blocks(css, name):
        kept += re.findall(r"/\*!.*?\*/", prelude, re.DOTALL)  # licences stay
        rule = re.sub(r"/\*.*?\*/", "", prelude, flags=re.DOTALL).strip()
        if body is None:
            kept.append(rule)
        elif re.match(r"@(?:font-face|(?:-webkit-)?keyframes|page|property)", rule):
            kept.append(f"{rule}{{{body}}}")
        elif rule.startswith("@"):  # @media, @supports, @container, @layer
            if inner := _purged(body, words, name).strip():
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


# --------------------------------------------------------------------------- icon fonts

_WEBFONTS = "_static/vendor/fontawesome/webfonts"
_FONT_SOURCE = re.compile(
    r'src:url\(\.\./vendor/fontawesome/webfonts/([\w-]+)\.woff2\) format\("woff2"\),'
    r'url\(\.\./vendor/fontawesome/webfonts/\1\.ttf\) format\("truetype"\)'
)


def _trim_icon_fonts(html_dir: Path) -> None:
    """Cut the icon fonts down to the characters that the trimmed sheets still name."""
    sheet = html_dir / "_static/styles/pydata-sphinx-theme.css"
    css = sheet.read_text(encoding="utf-8")
    fonts = _FONT_SOURCE.findall(css)
    if not fonts and "webfonts/" in css and ".woff)" in css:
        return  # done before
    if len(fonts) != _PACKS:
        raise TrimError(f"{sheet.name}: expected {_PACKS} icon fonts, found {len(fonts)}")
    characters = {0x20}
    for path in (html_dir / "_static").rglob("*.css"):
        escapes = re.findall(r"\\([ef][0-9a-f]{3})\b", path.read_text(encoding="utf-8"))
        characters.update(int(e, 16) for e in escapes)
        characters.update(map(ord, re.findall("[\ue000-\uf8ff]", path.read_text(encoding="utf-8"))))
    for name in fonts:
        source = html_dir / _WEBFONTS / f"{name}.ttf"
        font = TTFont(BytesIO(source.read_bytes()), recalcTimestamp=False)
        options = subset.Options()
        options.recalc_timestamp = False
        options.layout_features = []
        options.notdef_outline = True
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=characters)
        cutter.subset(font)
        font.flavor = "woff"
        font.save(source.with_suffix(".woff"))
        source.unlink()
        source.with_suffix(".woff2").unlink()
    css = _FONT_SOURCE.sub(r'src:url(../vendor/fontawesome/webfonts/\1.woff) format("woff")', css)
    sheet.write_text(css, encoding="utf-8")


# --------------------------------------------------------------------------- reading a site

_CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""")
_JS_IMPORT = re.compile(r"""\b(?:import|from)\s*\(?\s*["']((?:\.{1,2}/|https?:|//)[^"']+)["']""")
_LOADING_RELS = {
    "stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch",
    "manifest", "apple-touch-icon", "shortcut",
}  # fmt: skip
_MATHJAX_FONTS = "_static/mathjax/woff-v2"
# Fonts that a page's formulas pull in, by what the TeX says. The first row is for any formula.
_MATHJAX_TRIGGERS = (
    (r"", ("Main-Regular", "Math-Italic", "Zero", "Size1-Regular", "Size2-Regular")),
    (r"\\(?:big|left|sum|int|frac|sqrt|begin|prod)", ("Size3-Regular", "Size4-Regular")),
    (r"\\(?:mathbb|R|E|Prob|lesssim|gtrsim|square|blacksquare|varnothing)\b", ("AMS-Regular",)),
    (r"\\(?:mathcal|cal|Normal)\b", ("Calligraphic-Regular",)),
    (r"\\(?:mathbf|bf|bm|boldsymbol)\b", ("Main-Bold", "Math-BoldItalic")),
    (r"\\(?:mathit|it|textit|emph)\b", ("Main-Italic",)),
    (r"\\(?:mathsf|textsf|sf)\b", ("SansSerif-Regular",)),
    (r"\\(?:mathtt|texttt|tt)\b", ("Typewriter-Regular",)),
    (r"\\(?:mathfrak)\b", ("Fraktur-Regular",)),
    (r"\\(?:mathscr|scr)\b", ("Script-Regular",)),
)


class _Loads(HTMLParser):
    """Collect what a browser fetches to show a page, the images and scripts included."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {key: value or "" for key, value in attrs}
        self._in_style = tag == "style"
        if tag == "link":
            if _LOADING_RELS & set(a.get("rel", "").lower().split()):
                self.urls.append(a.get("href", ""))
        elif tag in {"image", "use", "feImage"}:
            self.urls += [a.get("href", ""), a.get("xlink:href", "")]
        elif tag != "a":
            self.urls += [a.get("src", ""), a.get("poster", ""), a.get("data", "")]
        self.urls += [part.split()[0] for part in a.get("srcset", "").split(",") if part.strip()]
        self.urls += _css_urls(a.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.urls += _css_urls(data)


def _css_urls(css: str) -> list[str]:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return [first or second for first, second in _CSS_URL.findall(css)]


def _urls_in(path: Path) -> list[str]:
    """Return what a page, a sheet or a script loads in its turn."""
    if path.suffix == ".html":
        parser = _Loads()
        parser.feed(path.read_text(encoding="utf-8"))
        urls = parser.urls
    elif path.suffix == ".css":
        urls = _css_urls(path.read_text(encoding="utf-8"))
    elif path.suffix in {".js", ".mjs"}:
        urls = _JS_IMPORT.findall(path.read_text(encoding="utf-8"))
    else:
        urls = []
    urls = [url.strip() for url in urls]
    return [url for url in urls if url and not url.startswith(("data:", "#", "blob:"))]


def _is_external(url: str) -> bool:
    return bool(urllib.parse.urlsplit(url).netloc)


def _local_file(url: str, base: Path, html_dir: Path) -> Path | None:
    """Return the file that `url`, found in `base`, means; None if there is none."""
    relative = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
    if relative.startswith("/"):  # as on 404.html: /trilateration/_static/…
        parts = Path(relative).parts[1:]
        candidates = [html_dir.joinpath(*parts[i:]) for i in range(len(parts))]
    else:
        candidates = [base.parent / relative]
    return next((c.resolve() for c in candidates if c.is_file()), None)


def _loaded_files(page: Path, html_dir: Path) -> set[Path]:
    seen, waiting = {page.resolve()}, [page.resolve()]
    while waiting:
        current = waiting.pop()
        for url in _urls_in(current):
            if not _is_external(url):
                path = _local_file(url, current, html_dir)
                if path is not None and path not in seen:
                    seen.add(path)
                    waiting.append(path)
    if any(path.name == "mathjax.js" for path in seen):
        html = page.read_text(encoding="utf-8")
        tex = "\n".join(re.findall(r'class="math[^"]*"[^>]*>(.*?)</(?:div|span)>', html, re.DOTALL))
        for pattern, names in _MATHJAX_TRIGGERS:
            if re.search(pattern, tex):
                fonts = (html_dir / _MATHJAX_FONTS / f"MathJax_{name}.woff" for name in names)
                seen.update(font.resolve() for font in fonts if font.is_file())
    return seen


def page_weights(html_dir: Path) -> dict[str, int]:
    """Bytes that each page loads, uncompressed: its HTML and every local file it asks for.

    Counted from the files, without a browser: sheets, scripts and their imports, images,
    all fonts of the sheets, and of MathJax's fonts those that the page's TeX calls for.
    """
    html_dir = Path(html_dir).resolve()
    return {
        page.relative_to(html_dir).as_posix(): sum(
            path.stat().st_size for path in _loaded_files(page, html_dir)
        )
        for page in _pages(html_dir)
    }


def external_requests(html_dir: Path) -> list[str]:
    """Addresses on other hosts that a page, a sheet or a script would fetch by itself.

    Links that a reader may follow do not count. Each entry reads "file: address".
    """
    html_dir = Path(html_dir).resolve()
    files = [*_pages(html_dir), *sorted(html_dir.rglob("*.css")), *sorted(html_dir.rglob("*.js"))]
    return [
        f"{path.relative_to(html_dir).as_posix()}: {url}"
        for path in files
        for url in _urls_in(path)
        if _is_external(url)
    ]
