"""The page of verdicts: computed from the claims of other pages, and strict about their names."""

import subprocess
import sys

import nbformat
import pytest
from bookbuild.layout import ROOT
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from trilateration import claims

CONFIG = """
extensions = ["myst_nb", "bookbuild.sphinx_claims", "bookbuild.sphinx_verdicts"]
nb_execution_mode = "off"
root_doc = "index"
myst_enable_extensions = ["dollarmath"]
"""
HOLDS, FAILS, OPEN = "it-holds", "it-fails", "it-is-open"
CHECKS = {
    HOLDS: dict(measured=1.0, at_most=2),
    FAILS: dict(measured=3.0, at_most=2),
    OPEN: dict(measured=1.9, at_most=2, uncertainty=0.2, resolution=0.1),
}


def chapter():
    outputs = []
    for name, keys in CHECKS.items():
        claim = claims.make(name, f"The statement of {name}, $x^2$.", source="a test", **keys)
        metadata = {claims.CLAIM_KEY: claim.to_json()}
        outputs.append(new_output("display_data", {"text/plain": claim.line}, metadata=metadata))
    mime = "application/papermill.record/"
    record = {"scrapbook": {"name": "glued", "mime_prefix": mime}}
    outputs.append(
        new_output("display_data", {mime + "text/plain": "'17 [1, 2]'"}, metadata=record)
    )
    cell = new_code_cell("check()", outputs=outputs, execution_count=1)
    text = "# Chapter\n\n" + " ".join(f"{{claim}}`{name}`" for name in CHECKS)
    metadata = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    return new_notebook(cells=[new_markdown_cell(text), cell], metadata=metadata)


def build(folder, page):
    (folder / "conf.py").write_text(CONFIG)
    toc = "```{toctree}\n03_chapter\nverdict\nscoreboard\n```\n"
    (folder / "index.md").write_text(f"# Book\n\n{toc}")
    (folder / "scoreboard.md").write_text("# Scoreboard\n\n```{scoreboard}\n```\n")
    (folder / "verdict.md").write_text("# Verdict\n\n" + page)
    nbformat.write(chapter(), folder / "03_chapter.ipynb")
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-q"]
    result = subprocess.run(
        [*command, str(folder), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "tools"), "PATH": ""},
    )
    html = folder / "html" / "verdict.html"
    return result, BeautifulSoup(html.read_text() if html.is_file() else "", "html.parser")


def sentence(name="a-name", words="A sentence with $y$.", **options):
    lines = [f"```{{verdict}} {words}", f":name: {name}", ":group: A group"]
    lines += [f":{key.rstrip('_')}: {value}" for key, value in options.items()]
    return "\n".join([*lines, "The meaning.", "```", ""])


SENTENCES = {
    "for": (dict(for_=HOLDS, place="Theorem 1"), "holds", "1 check: 1 for it"),
    "against": (dict(against=HOLDS), "does not hold", "1 check: 1 against it"),
    "part": (dict(for_=f"{HOLDS} {OPEN}"), "holds in part", "2 checks: 1 for it, 1 undecided"),
    "both": (dict(for_=HOLDS, against=FAILS), "holds", "2 checks: 2 for it"),
    "failed": (
        dict(for_=FAILS, against=OPEN),
        "does not hold",
        "2 checks: 1 against it, 1 undecided",
    ),
    "open": (dict(for_=OPEN), "undecided", "1 check: 1 undecided"),
    "none": ({}, "not tested", None),
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    roles = " ".join(f"{{opinion}}`{name}`, {{opinion}}`on {name} <{name}>`" for name in SENTENCES)
    parts = [
        "```{verdict-overview}\n```\n",
        "```{claim-map}\n```\n",
        f"{roles} and {{elsewhere}}`glued`.\n",
        *(sentence(name, **options) for name, (options, _, _) in SENTENCES.items()),
        f"```{{claim-list}} does not hold\n{FAILS}\n{HOLDS}\n```\n",
        "```{claim-list} does not hold\n:rest:\n```\n",
        "```{claim-list} undecided\n:rest:\n:needed:\n```\n",
    ]
    result, soup = build(tmp_path_factory.mktemp("book"), "\n".join(parts))
    assert result.returncode == 0, result.stderr
    return soup


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_gets_the_verdict_of_its_checks(page, name):
    options, opinion, summary = SENTENCES[name]
    card = page.find(id=f"verdict-{name}")
    assert card.select_one(".verdict-sentence .verdict").get_text()[2:] == opinion
    place = card.select_one(".verdict-place")
    assert (place and place.get_text()) == options.get("place")
    assert "The meaning." in card.get_text()
    found = card.select_one("details > summary")
    assert (found and found.get_text()) == summary
    # The list above the card and the role both know it, and lead to it.
    links = [link.get_text() for link in page.select(f"a[href='#verdict-{name}']")]
    assert links[0][2:] == opinion
    assert links[1:] == [links[0], f"on {name} {links[0]}"]


def test_the_overview_counts_and_keeps_formulas(page):
    summary = page.select_one(".verdict-summary").get_text()
    assert summary == (
        "7 sentences: 2 hold, 1 hold in part, 2 do not hold, 1 undecided, 1 not tested. "
        "Of the 3 checks of the book 3 are asked."
    )
    assert page.select_one(".verdict-overview li .math")


def test_a_check_is_shown_with_its_numbers_and_its_cell(page):
    first, second = page.find(id="verdict-failed").select(".verdict-checks li")
    text = first.get_text()
    assert "The statement of it-fails" in text
    assert "Measured 3.0, wanted at most 2; chapter 3." in text
    assert first.select_one(".math")
    badge = first.select_one(f"a[href='03_chapter.html#claim-{FAILS}']")
    assert badge.get_text()[2:] == "does not hold"
    assert second.get_text().endswith("chapter 3.")
    # The badge is the check's own verdict; that it is a counterexample is said in words.
    (turned,) = page.find(id="verdict-against").select(".verdict-checks li")
    assert turned.select_one(".verdict").get_text()[2:] == "holds"
    assert turned.get_text().endswith("chapter 3; counts against it.")


def test_lists_hold_what_they_name_and_the_rest(page):
    failed, left = page.select("ul.claim-list")
    # A name whose verdict is another one is left out, so that a longer run may change it.
    assert [item.select_one("a")["href"] for item in failed.select("li")] == [
        f"03_chapter.html#claim-{FAILS}"
    ]
    assert page.select_one("p.claim-list-empty").get_text() == "None."
    assert "times as many units" in left.get_text()


def test_the_map_has_a_cell_for_each_claim_and_says_the_counts(page):
    cells = page.select(".claim-map a.claim-cell")
    assert [cell["href"] for cell in cells] == [f"03_chapter.html#claim-{name}" for name in CHECKS]
    assert [cell.get_text() for cell in cells] == ["", "✗", "?"]
    # Cells are a shortcut for the mouse; without them the words say the same.
    assert all(cell["tabindex"] == "-1" for cell in cells)
    assert page.select_one(".claim-cells")["aria-hidden"] == "true"
    assert "3 · Chapter: 1 hold, 1 do not, 1 undecided" in page.select_one(".claim-map").get_text()


def test_a_glued_value_of_another_page_is_read(page):
    assert "and 17 [1, 2]." in page.get_text()


LOOSE_ENDS = {
    "unknown": (sentence("a", for_="gone-a"), "no executed cell checks the claim 'gone-a'"),
    "double": (sentence("b", for_=f"{HOLDS} {HOLDS}"), f"twice named: '{HOLDS}'"),
    "for and against": (sentence("c", for_=FAILS, against=FAILS), f"twice named: '{FAILS}'"),
    "two sentences": (sentence("d") + sentence("d"), "the sentence 'd' is there twice"),
    "no sentence": ("{opinion}`gone-e`\n", "gone-e"),
    "nothing glued": ("{elsewhere}`gone-f`\n", "no page glues 'gone-f'"),
    "list": (
        "```{claim-list} undecided\ngone-g\n```\n",
        "no executed cell checks the claim 'gone-g'",
    ),
    "no verdict": ("```{claim-list} false\n```\n", "verdict must be one of"),
}


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    text = "\n".join(text for text, _ in LOOSE_ENDS.values())
    result, _ = build(tmp_path_factory.mktemp("loose"), text)
    assert result.returncode != 0
    return result.stderr


@pytest.mark.parametrize("name", LOOSE_ENDS)
def test_a_loose_end_fails_the_build(complaints, name):
    assert LOOSE_ENDS[name][1] in complaints
