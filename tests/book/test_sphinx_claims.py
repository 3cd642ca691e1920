"""The promise of the scoreboard: no sentence without its check, no check without its sentence."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bookbuild.layout import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from trilateration import claims

CONFIG = """
extensions = ["myst_nb", "bookbuild.sphinx_claims"]
nb_execution_mode = "off"
root_doc = "index"
"""


def chapter(*texts, names=("a-claim",)):
    outputs = []
    for name in names:
        claim = claims.make(name, "Water is $H_2O$.", 1.0, at_most=2, source="a test")
        metadata = {claims.CLAIM_KEY: claim.to_json()}
        data = {"text/plain": claim.line}
        outputs.append(new_output("display_data", data=data, metadata=metadata))
    cells = [new_code_cell("check()", outputs=outputs, execution_count=1)]
    metadata = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    return new_notebook(cells=[*map(new_markdown_cell, texts), *cells], metadata=metadata)


def build(folder: Path, notebook) -> subprocess.CompletedProcess:
    (folder / "conf.py").write_text(CONFIG)
    toc = "```{toctree}\nchapter\nscoreboard\n```\n"
    (folder / "index.md").write_text(f"# Book\n\n{toc}")
    (folder / "scoreboard.md").write_text("# Scoreboard\n\n```{scoreboard}\n```\n")
    nbformat.write(notebook, folder / "chapter.ipynb")
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-q"]
    return subprocess.run(
        [*command, str(folder), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "tools"), "PATH": ""},
    )


def test_a_cited_claim_appears_with_its_verdict_and_links_to_its_cell(tmp_path):
    result = build(
        tmp_path, chapter("# Chapter\n\nSo it is {claim}`a-claim`: {measured}`a-claim`.")
    )
    assert result.returncode == 0, result.stderr
    page = (tmp_path / "html" / "chapter.html").read_text()
    assert 'href="scoreboard.html#score-a-claim"' in page
    assert 'id="claim-a-claim"' in page
    board = (tmp_path / "html" / "scoreboard.html").read_text()
    assert 'href="chapter.html#claim-a-claim"' in board
    assert 'id="score-a-claim"' in board
    assert "1 claims: 1 hold" in board or "1 claim: 1 holds" in board


@pytest.mark.parametrize(
    ("text", "names", "warning"),
    [
        ("No mention.", ["a-claim"], "no page cites the claim 'a-claim'"),
        ("{measured}`a-claim`", ["a-claim"], "no page cites the claim 'a-claim'"),
        ("{claim}`a-claim` {claim}`b`", ["a-claim"], "no executed cell checks the claim 'b'"),
        ("{claim}`a-claim`", ["a-claim"] * 2, "the claim 'a-claim' is already checked in chapter"),
    ],
)
def test_a_loose_end_fails_the_build(tmp_path, text, names, warning):
    result = build(tmp_path, chapter("# Chapter\n\n" + text, names=names))
    assert result.returncode != 0
    assert warning in result.stderr
