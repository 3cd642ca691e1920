"""The icons: drawn by small fonts, without the script that draws them as SVG.

The theme's `fontawesome.js` puts an <svg> in the place of each <i class="fa-…">. The theme's sheet
can draw the same icons with fonts; the rules here give them the boxes that the <svg> had.
"""

import re
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from bookbuild.trim._common import TrimError, pages_of, rewrite

_ENGINE = "_static/scripts/fontawesome.js"
_ENGINE_SCRIPTS = re.compile(r"\s*<script[^>]*_static/scripts/fontawesome\.js[^>]*></script>")
_SHEET = "_static/styles/pydata-sphinx-theme.css"
_MARK = "/*! icons drawn by fonts, see trim/icons.py */"
_STYLES = ("fa", "fab", "far", "fas", "fa-brands", "fa-regular", "fa-solid")
_ANY = f":is({','.join('.' + style for style in _STYLES)})"
# The box that fontawesome.js gave its <svg>: 1em high, sitting 0.125em under the line.
# `contain` makes the box's bottom edge its baseline, as an image's is.
_BOX = (
    f"{_ANY}{{box-sizing:content-box;contain:layout;height:1em;line-height:1;text-align:center;"
    f"vertical-align:-.125em}}{_ANY}.fa-lg{{vertical-align:-.2em}}"
)
# In the bar over the article an <svg> was 1.3rem wide. It shrank a large icon that is wider than
# that, which the narrow moon is not, and kept its height.
_BAR = (
    f".bd-header-article .btn {_ANY}{{width:1.3rem}}.bd-header-article .btn .fa-lg:not(.fa-moon)"
    "{font-size:inherit;padding-block:.125em}"
)
# What the theme says of <svg> now goes for icons. What it says of <i> or of .fa-solid was never
# seen: the script put neither on its <svg>.
_CHANGES = {
    _SHEET: (
        (".sidebar-secondary-item i{padding-right:.5rem}", ""),
        (".prev-next-area i{font-size:1.2em}", ""),
        (".search-button i{font-size:1.3rem}", ""),
        (
            ".bd-search .fa-solid.fa-magnifying-glass{color:var(--pst-color-text-muted);"
            "left:calc(1.25rem - .35em);position:absolute}",
            "",
        ),
        ("[open] form.bd-search svg{", f"[open] form.bd-search {_ANY}{{"),
        (".search-button-field>:not(svg){", f".search-button-field>:not({_ANY}){{"),
    ),
    "_static/styles/sphinx-book-theme.css": (
        (".bd-header-article .btn svg{width:1.3rem}", _BAR),
        (".bd-sidebar-primary .navbar-icon-links .nav-link i,", ""),
        (".bd-header-article .theme-switch-button i,", ""),
        (".bd-header-article .theme-switch-button:active i,", ""),
        (".bd-header-article .theme-switch-button:hover i,", ""),
    ),
}
_GLYPH = re.compile(r'(:before\{content:)("\\[ef][0-9a-f]{3}")\}')
_FEWEST_GLYPHS = 1500
# Classes that style an icon and name none.
_ICON_STYLES = re.compile(
    r"solid|regular|brands|classic|sharp|light|thin|duotone|fw|lg|sm|xs|xl|2xs|2xl|\d+x|ul|li|inverse"
    r"|border|pull-.*|stack.*|spin.*|pulse|beat.*|bounce|fade|shake|flip.*|rotate-.*|layers.*|width-.*"
)


def leave_the_engine(html_dir: Path) -> None:
    """Take fontawesome.js off every page and let the theme's sheets draw its icons."""
    if _MARK not in _read(html_dir, _SHEET):
        if not (html_dir / _ENGINE).is_file():
            raise TrimError(f"the theme has no {_ENGINE}; see how it draws icons now")
        sheets = {name: _changed(_read(html_dir, name), name) for name in _CHANGES}
        css, glyphs = _GLYPH.subn(r'\1\2;content:\2/""}', sheets[_SHEET])
        if glyphs < _FEWEST_GLYPHS:
            raise TrimError(f"{_SHEET}: expected {_FEWEST_GLYPHS} icons or more, found {glyphs}")
        sheets[_SHEET] = f"{css}{_MARK}{_BOX}"
        for name, text in sheets.items():
            rewrite(html_dir / name, text)
    for script in (html_dir / _ENGINE).parent.glob("fontawesome.js*"):
        script.unlink()
    for page in pages_of(html_dir):
        rewrite(page, _ENGINE_SCRIPTS.sub("", page.read_text(encoding="utf-8")))
    names = set(re.findall(r"\.fa-([a-z0-9-]+):before", _read(html_dir, _SHEET)))
    if missing := sorted(icon_names(html_dir) - names):
        raise TrimError(f"pages use icons that Font Awesome does not have: {', '.join(missing)}")


def _read(html_dir: Path, name: str) -> str:
    path = html_dir / name
    if not path.is_file():
        raise TrimError(f"the theme has no {name}")
    return path.read_text(encoding="utf-8")


def _changed(css: str, name: str) -> str:
    for old, new in _CHANGES[name]:
        if old not in css:
            raise TrimError(f"{name}: expected {old!r}; see how the theme styles icons now")
        css = css.replace(old, new)
    return css


def icon_names(html_dir: Path) -> set[str]:
    """Names of the icons in the class attributes of the pages."""
    names = set()
    for page in pages_of(html_dir):
        html = page.read_text(encoding="utf-8")
        for classes in re.findall(r'<(?:i|span)\b[^>]*\bclass="([^"]*)"', html):
            if set(_STYLES) & set(words := classes.split()):
                names.update(word[3:] for word in words if word.startswith("fa-"))
    return {name for name in names if not _ICON_STYLES.fullmatch(name)}


_FONTS = 3  # brands, regular, solid
_WEBFONTS = "_static/vendor/fontawesome/webfonts"
_FONT_SOURCE = re.compile(
    r'src:url\(\.\./vendor/fontawesome/webfonts/([\w-]+)\.woff2\) format\("woff2"\),'
    r'url\(\.\./vendor/fontawesome/webfonts/\1\.ttf\) format\("truetype"\)'
)


def trim_fonts(html_dir: Path) -> None:
    """Cut the icon fonts down to the characters that the trimmed sheets still name."""
    sheet = html_dir / _SHEET
    css = sheet.read_text(encoding="utf-8")
    fonts = _FONT_SOURCE.findall(css)
    if not fonts and "webfonts/" in css and ".woff)" in css:
        return  # done before
    if len(fonts) != _FONTS:
        raise TrimError(f"{sheet.name}: expected {_FONTS} icon fonts, found {len(fonts)}")
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
