"""The built site: strict, whole, light, and at home without a network."""

import functools
import http.server
import re
import threading
from urllib.parse import urlsplit

import browser
import pytest
import yaml
from bookbuild import execute, site
from bookbuild.layout import ROOT, notebooks, pages
from bookbuild.links import broken_links
from bookbuild.trim import external_requests, page_weights
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

from trilateration.claims import claims_in

BUDGET = 1_500_000  # bytes a page, with everything it loads
PLAY_BUDGET = 150_000  # bytes that the interactive picture may add to its page
PLAY = "book/part1/play"
VERDICT = "book/part4/17_verdict"
ATTRACTOR = "book/part2/07_a_network_that_accumulates_evidence"
# The scripts and sheets of the interactive pictures, by page.
EXPLORABLES = {PLAY: {"numerics", "play"}, ATTRACTOR: {"attractor"}}


@pytest.fixture(scope="module")
def runs():
    return execute.run_all(notebooks(), {"scale": "quick"}, say=lambda line: None)


@pytest.fixture(scope="module")
def html(runs):
    return site.build(runs, say=lambda line: None)


def test_the_book_builds_without_a_warning(html):
    for page in pages():
        assert (html / f"{page.name}.html").is_file()


def test_internal_links_lead_somewhere(html):
    # 404.html is served for any address, so its links start from the published site's root.
    published = yaml.safe_load((ROOT / "_config.yml").read_text())["html"]["baseurl"]
    assert broken_links(html, root=urlsplit(published).path) == []


def test_nothing_is_asked_of_another_host(html):
    assert external_requests(html) == []


def test_pages_are_light(html):
    heavy = {page: weight for page, weight in page_weights(html).items() if weight > BUDGET}
    assert heavy == {}


def test_every_icon_has_a_glyph(html):
    css = (html / "_static/styles/pydata-sphinx-theme.css").read_text()
    glyphs = dict(re.findall(r'\.(fa-[\w-]+):before\{content:"\\([0-9a-f]+)"', css))
    fonts = {}
    for style, name in (("brands", "brands-400"), ("solid", "solid-900")):
        with TTFont(html / f"_static/vendor/fontawesome/webfonts/fa-{name}.woff") as font:
            fonts[style] = set(font.getBestCmap())
    seen = set()
    for page in html.glob("book/**/*.html"):
        soup = BeautifulSoup(page.read_text(), "html.parser")
        assert not soup.select("script[src*=fontawesome]"), page.name
        for icon in soup.select(".fa-solid, .fa-brands, .fas, .fab"):
            names = [word for word in icon["class"] if word in glyphs]
            assert len(names) == 1, (page.name, icon)
            style = "brands" if {"fab", "fa-brands"} & set(icon["class"]) else "solid"
            assert int(glyphs[names[0]], 16) in fonts[style], (page.name, icon)
            seen.update(names)
    assert len(seen) >= 10


def test_every_picture_is_described(html):
    for page in pages():
        soup = BeautifulSoup((html / f"{page.name}.html").read_text(), "html.parser")
        for image in soup.select("article img"):
            assert len(image.get("alt", "").split()) >= 3, (page.name, image)
        for drawing in soup.select("article svg[role=img]"):
            assert drawing.find("title"), page.name


def test_the_scoreboard_shows_every_claim(html, runs):
    soup = BeautifulSoup((html / "book" / "scoreboard.html").read_text(), "html.parser")
    board = soup.select_one("article").get_text(" ", strip=True)
    claims = [claim for run in runs for _, claim in claims_in(run.notebook)]
    assert claims
    assert f"{len(claims)} claims" in board
    for claim in claims:
        row = soup.find(id=f"score-{claim.name}")
        assert (claim.finding or claim.verdict) in row.get_text(" ", strip=True)
        assert row.select_one("a[href*='#claim-']")


def test_the_verdict_sorts_every_claim_that_does_not_hold(html, runs):
    soup = BeautifulSoup((html / f"{VERDICT}.html").read_text(), "html.parser")
    claims = [claim for run in runs for _, claim in claims_in(run.notebook)]
    assert len(soup.select(".claim-map a.claim-cell")) == len(claims)
    loose = [claim for claim in claims if claim.verdict != "holds"]
    assert len(soup.select("ul.claim-list > li")) == len(loose)
    # What is listed only as the rest has not been given a reason.
    unsorted = {
        link["href"].partition("#claim-")[2]
        for title in soup.select("h3")
        if "in no list above" in title.get_text()
        for link in title.parent.select("ul.claim-list a[href*='#claim-']")
    }
    assert unsorted == set()


def test_every_sentence_of_the_verdict_is_in_the_short_answer(html):
    soup = BeautifulSoup((html / f"{VERDICT}.html").read_text(), "html.parser")
    cards = [card["id"] for card in soup.select("div.verdict-card")]
    assert len(cards) == len(set(cards)) > 40
    listed = [link["href"] for link in soup.select(".verdict-overview a[href^='#verdict-']")]
    assert listed == [f"#{card}" for card in cards]
    assert soup.select("article a[href$='scoreboard.html']")
    board = BeautifulSoup((html / "book/scoreboard.html").read_text(), "html.parser")
    assert board.select("article a[href$='17_verdict.html']")


def test_no_machine_is_named(html):
    for page in pages():
        text = (html / f"{page.name}.html").read_text()
        assert not re.findall(r"/(?:root|home|tmp)/[\w./-]+", text), page.name


@pytest.fixture(scope="module")
def address(html):
    handler = functools.partial(_Silent, directory=html)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("page", [page.name for page in pages()])
def test_the_browser_has_nothing_to_complain_about(address, page, tmp_path):
    dom, messages = browser.load(f"{address}/{page}.html", tmp_path)
    assert browser.complaints(messages) == []
    # MathJax has set the formulas if there are any, and left no TeX error behind.
    assert "<mjx-merror" not in dom
    if 'class="math' in dom:
        assert "<mjx-container" in dom


def test_interactive_pictures_load_on_their_pages_only(html):
    files = list((html / "_static" / "explorables").iterdir())
    for names in EXPLORABLES.values():
        own = [path for path in files if path.stem in names]
        assert own
        assert sum(path.stat().st_size for path in own) <= PLAY_BUDGET
    for page in pages():
        text = (html / f"{page.name}.html").read_text()
        loaded = set(re.findall(r"_static/explorables/(\w+)\.(?:js|css)", text))
        assert loaded == EXPLORABLES.get(page.name, set()), page.name


def test_the_turning_picture_needs_no_server(html, tmp_path):
    dom, messages = browser.load((html / f"{ATTRACTOR}.html").as_uri(), tmp_path)
    assert browser.complaints(messages) == []
    soup = BeautifulSoup(dom, "html.parser")
    assert soup.select_one("#attractor.att-ready svg.att-picture polyline.att-row[points]")
    assert len(soup.select("#attractor input[aria-valuetext]")) == 3
    assert soup.select_one("noscript p")


def test_without_scripts_a_still_picture_stands_in(html):
    soup = BeautifulSoup((html / f"{PLAY}.html").read_text(), "html.parser")
    assert not soup.select_one("#play").contents
    assert soup.select_one("figure.play-still svg[role=img] desc")
    assert soup.select_one("figure.play-still figcaption").get_text(strip=True)


def test_the_interactive_picture_needs_no_server(html, tmp_path):
    dom, messages = browser.load((html / f"{PLAY}.html").as_uri(), tmp_path)
    assert browser.complaints(messages) == []
    soup = BeautifulSoup(dom, "html.parser")
    assert soup.select_one("#play.play-ready svg.tri-picture")
    tasks = soup.select(".play-tasks li")
    assert tasks
    assert all(len(task.select("button")) == 1 for task in tasks)


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass
