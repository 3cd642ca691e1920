"""What a site loads, read from its files."""

import re
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

from bookbuild.trim._common import pages_of

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
        for page in pages_of(html_dir)
    }


def external_requests(html_dir: Path) -> list[str]:
    """Addresses on other hosts that a page, a sheet or a script would fetch by itself.

    Links that a reader may follow do not count. Each entry reads "file: address".
    """
    html_dir = Path(html_dir).resolve()
    files = [*pages_of(html_dir), *sorted(html_dir.rglob("*.css")), *sorted(html_dir.rglob("*.js"))]
    return [
        f"{path.relative_to(html_dir).as_posix()}: {url}"
        for path in files
        for url in _urls_in(path)
        if _is_external(url)
    ]
