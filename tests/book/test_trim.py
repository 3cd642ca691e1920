"""The trimmer keeps what pages use, drops the rest, and refuses what it does not know."""

import re
import shutil
from pathlib import Path

import pydata_sphinx_theme
import pytest
import sphinx_book_theme
from bookbuild.trim import TrimError, external_requests, page_weights, trim_site
from bookbuild.trim.stylesheets import purged
from fontTools.ttLib import TTFont

THEMES = (
    Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static",
    Path(sphinx_book_theme.__file__).parent / "theme/sphinx_book_theme/static",
)
SHEET = "_static/styles/pydata-sphinx-theme.css"
BOOK_SHEET = "_static/styles/sphinx-book-theme.css"
MATHJAX = Path(__file__).parents[2] / "book/_static/mathjax"

PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>A page</title>
<link rel="canonical" href="https://elsewhere.example/page.html">
<link rel="stylesheet" href="_static/styles/pydata-sphinx-theme.css?v=1">
<script defer src="_static/scripts/fontawesome.js?digest=1"></script>
<script src="_static/searchtools.js"></script>
<script src="searchindex.js"></script>
<script>window.MathJax = {"tex": {"macros": {"R": "\\\\mathbb{R}"}}}</script>
<script defer="defer" src="_static/mathjax/mathjax.js?v=2"></script>
</head><body><i class="fa-solid fa-bars fa-lg"></i><i class="fab fa-github"></i>
<p class="navbar-brand">BODY</p><a href="https://elsewhere.example">a link</a></body></html>
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of one page with the real theme's heavy files."""
    for theme in THEMES:
        shutil.copytree(theme, tmp_path / "_static", dirs_exist_ok=True)
    write(tmp_path / "page.html", PAGE)
    write(tmp_path / "search.html", PAGE)
    write(tmp_path / "searchindex.js", "Search.setIndex({})")
    write(tmp_path / "_static/searchtools.js", "const Search = {};")
    write(
        tmp_path / "_static/sphinx-design.min.css", ".sd-unheard-of{color:red}.navbar-brand{top:0}"
    )
    write(tmp_path / "_static/mystnb.123.css", "/* n */ @media print{.unheard-of{top:0}}p{top:0}")
    write(tmp_path / "_static/mathjax/mathjax.js", "/* formulas */")
    write(tmp_path / "_static/mathjax/woff-v2/MathJax_AMS-Regular.woff", "x" * 1000)
    return tmp_path


def test_a_trimmed_page_is_a_fraction_of_what_it_was(site: Path) -> None:
    before = page_weights(site)["page.html"]
    trim_site(site)
    after = page_weights(site)["page.html"]
    assert before > 2_000_000
    assert after < 300_000


@pytest.mark.parametrize(("colour", "kept"), [("#24292F", False), ("#ff0000", True)])
def test_punctuation_of_code_loses_its_span_where_it_looks_the_same(
    site: Path, colour: str, kept: bool
) -> None:
    sheet = "".join(
        f'html[data-theme="{theme}"] .highlight {{ background: #ffffff; color: #24292F }}\n'
        f'html[data-theme="{theme}"] .highlight .p {{ color: {own} }}\n'
        for theme, own in (("light", "#24292F"), ("dark", colour))
    )
    write(site / "_static/pygments.css", sheet)
    code = '<div class="highlight"><span class="n">f</span><span class="p">()</span></div>'
    write(site / "page.html", PAGE.replace("BODY", code))
    trim_site(site)
    html = (site / "page.html").read_text(encoding="utf-8")
    assert ('<span class="p">()</span>' in html) is kept
    assert '<span class="n">f</span>' in html
    assert "()" in html


def test_no_page_loads_the_script_that_draws_icons(site: Path) -> None:
    trim_site(site)
    assert not list(site.rglob("fontawesome.js*"))
    for page in site.glob("*.html"):
        assert "fontawesome.js" not in page.read_text(encoding="utf-8")


def test_used_icons_stay_and_unused_go(site: Path) -> None:
    original = (site / SHEET).read_text(encoding="utf-8")
    trim_site(site)
    css = (site / SHEET).read_text(encoding="utf-8")
    # Without a word for screen readers; browsers that do not know the form with "/" skip it.
    assert '.fa-bars:before{content:"\\f0c9";content:"\\f0c9"/""}' in css
    assert '.fa-github:before{content:"\\f09b";content:"\\f09b"/""}' in css
    assert '.fa-xmark:before{content:"\\f00d"' in css  # the theme's script may ask for it
    assert ".fa-monero:before" in original
    assert ".fa-monero" not in css


def test_icons_have_the_box_that_the_script_gave_them(site: Path) -> None:
    trim_site(site)
    css = (site / SHEET).read_text(encoding="utf-8")
    box = re.search(r"trim/icons\.py \*/:is\([^)]*\)\{([^}]*)\}", css)[1].split(";")
    assert {"height:1em", "line-height:1", "vertical-align:-.125em", "contain:layout"} <= set(box)
    # Nothing is left that was meant for the <svg>, or for the <i> that never stayed.
    for sheet in (SHEET, BOOK_SHEET):
        selectors = re.findall(r"([^{}]+)\{", (site / sheet).read_text(encoding="utf-8"))
        for selector in ",".join(selectors).split(","):
            assert not re.search(r"[ >]i(?::\w+)?$|[ >(]svg\b", selector), selector


def test_icon_fonts_become_small_and_the_sheet_points_at_them(site: Path) -> None:
    trim_site(site)
    css = (site / SHEET).read_text(encoding="utf-8")
    fonts = re.findall(r"url\(\.\.(/vendor/[^)]+)\)", css)
    assert len(fonts) == 3
    for font in fonts:
        assert (site / "_static" / font[1:]).stat().st_size < 20_000
    assert not list(site.rglob("*.ttf"))
    assert not list(site.rglob("*.map"))
    folder = site / "_static/vendor/fontawesome/webfonts"
    for name, character in (("fa-solid-900", 0xF0C9), ("fa-brands-400", 0xF09B)):
        with TTFont(folder / f"{name}.woff") as font:
            assert character in font.getBestCmap()


def test_trimming_twice_changes_nothing(site: Path) -> None:
    trim_site(site)
    once = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    trim_site(site)
    assert once == {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}


def test_search_index_loads_only_where_it_is_used(site: Path) -> None:
    trim_site(site)
    assert "searchindex.js" not in (site / "page.html").read_text(encoding="utf-8")
    assert "searchindex.js" in (site / "search.html").read_text(encoding="utf-8")


def test_mathjax_loads_only_with_formulas(site: Path) -> None:
    formula = r'<span class="math notranslate nohighlight">\(x\)</span>'
    write(site / "formulas.html", PAGE.replace("BODY", formula))
    trim_site(site)
    assert "mathjax.js" not in (site / "page.html").read_text(encoding="utf-8")
    assert "window.MathJax" not in (site / "page.html").read_text(encoding="utf-8")
    assert "mathjax.js" in (site / "formulas.html").read_text(encoding="utf-8")
    assert "window.MathJax" in (site / "formulas.html").read_text(encoding="utf-8")


def test_ids_that_extensions_repeat_are_removed(site: Path) -> None:
    statement = '<section class="theorem-content" id="proof-content">\n<p>T</p></section>'
    proof = '<div class="proof admonition" id="proof">\n<p>Proof. Clear.</p></div>'
    write(site / "proofs.html", PAGE.replace("BODY", 2 * (statement + proof)))
    trim_site(site)
    html = (site / "proofs.html").read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert html.count("<p><em>Proof.</em> Clear.</p>") == 2


def test_bare_redirect_becomes_a_page(site: Path) -> None:
    write(site / "index.html", '<meta http-equiv="Refresh" content="0; url=book/index.html" />\n')
    trim_site(site)
    html = (site / "index.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in html
    assert '<a href="book/index.html">' in html


def test_unknown_icon_is_an_error(site: Path) -> None:
    write(site / "bad.html", PAGE.replace("fa-bars", "fa-trilaterate"))
    with pytest.raises(TrimError, match="does not have: trilaterate"):
        trim_site(site)


@pytest.mark.parametrize(
    ("sheet", "old", "new", "message"),
    [
        (SHEET, ".search-button i{", ".search-button b{", "expected '.search-button i{"),
        (SHEET, ':before{content:"', ':before{--fa:"', "expected 1500 icons or more, found 0"),
        (BOOK_SHEET, ".btn svg{", ".btn>svg{", "expected '.bd-header-article .btn svg{"),
    ],
)
def test_changed_icon_rules_are_an_error(
    site: Path, sheet: str, old: str, new: str, message: str
) -> None:
    original = (site / sheet).read_text(encoding="utf-8")
    assert old in original
    write(site / sheet, original.replace(old, new))
    with pytest.raises(TrimError, match=message):
        trim_site(site)


@pytest.mark.parametrize("name", ["_static/scripts/fontawesome.js", SHEET, BOOK_SHEET])
def test_missing_icon_file_is_an_error(site: Path, name: str) -> None:
    (site / name).unlink()
    with pytest.raises(TrimError, match=f"the theme has no {name}"):
        trim_site(site)


def test_changed_icon_fonts_are_an_error(site: Path) -> None:
    sheet = site / SHEET
    css = sheet.read_text(encoding="utf-8")
    sheet.write_text(css.replace('format("truetype")', 'format("ttf")', 1), encoding="utf-8")
    with pytest.raises(TrimError, match="expected 3 icon fonts, found 2"):
        trim_site(site)


def test_missing_sheet_is_an_error(site: Path) -> None:
    (site / "_static/mystnb.123.css").unlink()
    with pytest.raises(TrimError, match=r"one stylesheet _static/mystnb\.\*\.css, found 0"):
        trim_site(site)


def test_live_cells_are_an_error(site: Path) -> None:
    write(site / "live.html", PAGE.replace("BODY", '<button onclick="initThebeSBT()">'))
    with pytest.raises(TrimError, match="another host"):
        trim_site(site)


def test_a_folder_that_is_no_site_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrimError, match="not a built site"):
        trim_site(tmp_path)


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".a{x:1}.b{x:2}", ".a{x:1}"),
        (".b,.a:hover,p{x:1}", ".a:hover,p{x:1}"),
        (".a:not(.b){x:1}", ".a:not(.b){x:1}"),
        (":is(.b,.c) p{x:1}", ":is(.b,.c) p{x:1}"),
        (".a .b{x:1}", ""),
        ("@media print{.b{x:1}}", ""),
        ("@media print{.b{x:1}.a{x:2}}", "@media print{.a{x:2}}"),
        ("/* c */ @media print{.b{x:1}}", ""),
        ("/*! licence */.b{x:1}", "/*! licence */"),
        ("@keyframes b{from{x:1}to{x:2}}", "@keyframes b{from{x:1}to{x:2}}"),
        ('@charset "UTF-8";.b{x:1}', '@charset "UTF-8";'),
        ('.a{content:"}"}.b{x:1}', '.a{content:"}"}'),
        (".b\\:c{x:1}", ""),
        (".bs-tooltip-end{x:1}", ".bs-tooltip-end{x:1}"),
        ("[data-b] .a{x:1}", "[data-b] .a{x:1}"),
    ],
)
def test_rules_go_only_if_nothing_can_ask_for_them(css: str, kept: str) -> None:
    assert purged(css, {"a"}, "test.css") == kept


@pytest.mark.parametrize(("css", "message"), [("a{b{", "stays open"), ("a{}}", "never opened")])
def test_broken_sheet_is_an_error(css: str, message: str) -> None:
    with pytest.raises(TrimError, match=message):
        purged(css, set(), "test.css")


def test_weights_count_each_file_once_and_follow_sheets_and_imports(tmp_path: Path) -> None:
    page = write(
        tmp_path / "book/page.html",
        '<link rel="stylesheet" href="../_static/s.css?v=1">'
        '<img src="../i.png"><img src="../i.png"><a href="../_static/not-loaded.js">x</a>'
        '<script type="module" src="../_static/m.js"></script>'
        '<img src="data:image/png;base64,AAAA">',
    )
    files = [
        page,
        write(tmp_path / "i.png", "1" * 100),
        write(tmp_path / "_static/s.css", "@font-face{src:url('f.woff') format('woff')}"),
        write(tmp_path / "_static/f.woff", "2" * 200),
        write(tmp_path / "_static/m.js", 'import {f} from "./n.js";'),
        write(tmp_path / "_static/n.js", "export const f = 1;"),
    ]
    write(tmp_path / "_static/not-loaded.js", "3" * 300)
    expected = sum(path.stat().st_size for path in files)
    assert page_weights(tmp_path) == {"book/page.html": expected}


def test_weights_resolve_the_absolute_paths_of_the_missing_page(tmp_path: Path) -> None:
    page = write(tmp_path / "404.html", '<script src="/trilateration/_static/a.js"></script>')
    script = write(tmp_path / "_static/a.js", "1" * 50)
    expected = page.stat().st_size + script.stat().st_size
    assert page_weights(tmp_path) == {"404.html": expected}


def test_weights_count_the_fonts_that_the_formulas_need(site: Path) -> None:
    plain = r'<span class="math">\(x\)</span>'
    write(site / "plain.html", PAGE.replace("BODY", plain))
    write(site / "reals.html", PAGE.replace("BODY", plain.replace("x", r"\R")))
    weights = page_weights(site)
    assert weights["reals.html"] - weights["plain.html"] == 1000 + 1  # the font, the backslash


def test_requests_to_other_hosts_are_found_wherever_they_hide(tmp_path: Path) -> None:
    write(
        tmp_path / "page.html",
        '<script src="//a.example/x.js"></script><link rel="preconnect" href="https://b.example">'
        '<img src="i.png" srcset="https://c.example/i.png 2x"><p style="background:url(http://d.example)">'
        "<style>@import 'https://e.example/s.css';</style><iframe src='https://f.example'></iframe>"
        '<a href="https://fine.example">x</a><link rel="canonical" href="https://fine.example">'
        '<meta property="og:image" content="https://fine.example/i.png">',
    )
    write(
        tmp_path / "_static/s.css",
        "p{background:url(https://g.example/i.png)} /* url(//no.example) */",
    )
    write(
        tmp_path / "_static/m.js",
        'import "https://h.example/m.js"; const doc = "https://no.example";',
    )
    found = external_requests(tmp_path)
    hosts = sorted(re.search(r"//(\w)\.example", entry)[1] for entry in found)
    assert hosts == list("abcdefgh")
    assert "_static/s.css: https://g.example/i.png" in found


def test_vendored_mathjax_is_complete_and_names_no_other_host() -> None:
    script = (MATHJAX / "mathjax.js").read_text(encoding="utf-8")
    assert script.startswith("/*! MathJax 3.2.2, ")
    assert set(re.findall(r"https?://([\w.-]+)", script)) == {"www.w3.org"}  # the MathML namespace
    assert "Apache License" in (MATHJAX / "LICENSE").read_text(encoding="utf-8")
    assert len(list((MATHJAX / "woff-v2").glob("MathJax_*.woff"))) == 23
