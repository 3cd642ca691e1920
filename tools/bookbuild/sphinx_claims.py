"""Sphinx extension: verdicts in the prose, anchors at the cells, and the scoreboard.

- ``{claim}`name` `` shows the verdict of a claim and links to its row on the scoreboard;
- ``{measured}`name` `` shows its measured value with its uncertainty;
- ``{elsewhere}`name` `` shows a value that any page glued, by its name alone;
- the directive ``scoreboard`` lists every claim of the book, chapter by chapter.

A role that names nothing, a claim that no page cites with ``{claim}``, and a name used twice are
warnings, and the build treats warnings as errors.
"""

import ast
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.nodes import make_refnode

from trilateration.claims import Claim, claims_in

logger = logging.getLogger(__name__)

SYMBOLS = {"holds": "✓", "does not hold": "✗", "undecided": "?"}
CLASSES = {"holds": "verdict-holds", "does not hold": "verdict-fails", "undecided": "verdict-open"}
COLUMNS = (("Claim", 40), ("Source", 16), ("Measured", 16), ("Wanted", 14), ("Verdict", 14))


@dataclass(frozen=True)
class Found:
    """A claim, the page it is checked on, and the cell that checks it."""

    claim: Claim
    page: str
    cell: int


def setup(app: Sphinx) -> dict[str, Any]:
    """Register roles, directive and checks."""
    app.add_role("claim", VerdictRole())
    app.add_role("measured", MeasuredRole())
    app.add_role("elsewhere", ElsewhereRole())
    app.add_directive("scoreboard", Scoreboard)
    app.connect("env-before-read-docs", _collect)
    app.connect("doctree-read", _anchor_cells)
    app.connect("env-check-consistency", _check_mentions)
    app.connect("missing-reference", _resolve)
    # Claims and mentions are gathered in one process; the build is always from clean.
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}


class _ClaimRole(SphinxRole):
    def found(self) -> Found | None:
        found = self.env.book_claims.get(self.text)
        if found is None:
            logger.warning(
                "no executed cell checks the claim %r", self.text, location=self.get_location()
            )
        return found


class VerdictRole(_ClaimRole):
    """``{claim}`name` ``: the verdict, linked to the scoreboard."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the badge."""
        found = self.found()
        if found is None:
            return [], []
        self.env.book_claim_mentions.add(self.text)
        return [reference("score", found.claim, self.env.docname)], []


class MeasuredRole(_ClaimRole):
    """``{measured}`name` ``: the measured value, as the check rounded it."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the text."""
        found = self.found()
        return ([nodes.Text(found.claim.measured_text)] if found else []), []


class ElsewhereRole(SphinxRole):
    """``{elsewhere}`name` ``: a glued value of another page.

    MyST-NB 1.4 documents ``path::key`` for its own role, which then splits it at the first colon.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the text."""
        values = self.env.book_glued.get(self.text, set())
        if len(values) != 1:
            problem = "several pages glue" if values else "no page glues"
            logger.warning("%s %r", problem, self.text, location=self.get_location())
        return [nodes.Text(value) for value in sorted(values)[:1]], []


def badge(claim: Claim) -> nodes.inline:
    """Return the verdict as an inline node: a symbol and words, so that colour is not needed."""
    verdict = claim.verdict
    text = f"{SYMBOLS[verdict]} {claim.finding or verdict}"
    return nodes.inline(text, text, classes=["verdict", CLASSES[verdict]])


class Scoreboard(SphinxDirective):
    """Every claim of the book: a summary, then one table for each chapter."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """Return the tables."""
        by_page: dict[str, list[Found]] = {}
        for found in self.env.book_claims.values():
            by_page.setdefault(found.page, []).append(found)
        self.env.book_scoreboard = self.env.docname
        result: list[nodes.Node] = [self._summary()]
        for page, claims in by_page.items():
            heading = nodes.rubric("", "", classes=["scoreboard-chapter"])
            heading += addnodes.pending_xref(
                "",
                nodes.inline(page, page),
                refdomain="std",
                reftype="doc",
                reftarget=f"/{page}",
                refexplicit=False,
                refdoc=self.env.docname,
                refwarn=True,
            )
            result += [heading, self._table(claims)]
        return result

    def _summary(self) -> nodes.paragraph:
        counts = Counter(found.claim.verdict for found in self.env.book_claims.values())
        total = sum(counts.values())
        parts = [
            f"{counts[verdict]} {words}"
            for verdict, words in (
                ("holds", "hold"),
                ("does not hold", "do not hold"),
                ("undecided", "undecided"),
            )
        ]
        text = f"{total} claims: {', '.join(parts)}."
        return nodes.paragraph(text, text, classes=["scoreboard-summary"])

    def _table(self, claims: list[Found]) -> nodes.table:
        table = nodes.table(classes=["scoreboard"])
        group = nodes.tgroup(cols=len(COLUMNS))
        group += [nodes.colspec(colwidth=width) for _, width in COLUMNS]
        head = nodes.row()
        head += [nodes.entry("", nodes.paragraph(title, title)) for title, _ in COLUMNS]
        body = nodes.tbody()
        body += [self._row(found) for found in claims]
        group += [nodes.thead("", head), body]
        table += group
        return table

    def _row(self, found: Found) -> nodes.row:
        claim = found.claim
        row = nodes.row(ids=[f"score-{claim.name}"])
        link = reference("claim", claim, self.env.docname)
        row += [
            nodes.entry("", *self._parsed(claim.statement)),
            nodes.entry("", *self._parsed(claim.source)),
            nodes.entry("", nodes.paragraph("", claim.measured_text)),
            nodes.entry("", nodes.paragraph("", claim.wanted)),
            nodes.entry("", nodes.paragraph("", "", link)),
        ]
        return row

    def _parsed(self, text: str) -> list[nodes.Node]:
        container = nodes.Element()
        self.state.nested_parse(StringList([text], source="claim"), self.content_offset, container)
        return container.children


def _collect(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Read the claims of every notebook, in reading order."""
    env.book_scoreboard = None
    env.book_claims = {}
    env.book_claim_mentions = set()
    env.book_glued = {}
    order = {name: index for index, name in enumerate(getattr(app.config, "external_site_map", ()))}
    for page in sorted(env.found_docs, key=lambda name: order.get(name, len(order))):
        path = Path(env.doc2path(page))
        if path.suffix != ".ipynb":
            continue
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for name, value in _glued_in(notebook):
            env.book_glued.setdefault(name, set()).add(value)
        for cell, claim in claims_in(notebook):
            if claim.name in env.book_claims:
                other = env.book_claims[claim.name].page
                logger.warning(
                    "the claim %r is already checked in %s", claim.name, other, location=page
                )
            env.book_claims[claim.name] = Found(claim, page, cell)


def _glued_in(notebook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and printed value of everything that a notebook glued."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            record = output.get("metadata", {}).get("scrapbook", {})
            text = output.get("data", {}).get(f"{record.get('mime_prefix', '')}text/plain")
            if "name" in record and text is not None:
                # Stored as Python writes it: a text has quotation marks.
                yield record["name"], str(ast.literal_eval("".join(text)))


def _anchor_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Give the cell of each claim an anchor that the scoreboard links to."""
    cells = {
        node["cell_index"]: node
        for node in doctree.findall(nodes.container)
        if node.get("nb_element") == "cell_code"
    }
    for name, found in app.env.book_claims.items():
        if found.page == app.env.docname and found.cell in cells:
            cells[found.cell]["ids"].append(f"claim-{name}")


def _check_mentions(app: Sphinx, env: BuildEnvironment) -> None:
    for name, found in env.book_claims.items():
        if name not in env.book_claim_mentions:
            logger.warning("no page cites the claim %r", name, location=found.page)


def reference(kind: str, claim: Claim, docname: str) -> addnodes.pending_xref:
    """Return a link that wears the verdict and leads to the claim's row, or to its cell."""
    return addnodes.pending_xref(
        "",
        badge(claim),
        refdomain="",
        reftype=kind,
        reftarget=claim.name,
        refexplicit=True,
        refwarn=True,
        refdoc=docname,
    )


def _resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element
) -> nodes.reference | None:
    if node["reftype"] not in ("score", "claim"):
        return None
    name = node["reftarget"]
    page = env.book_scoreboard if node["reftype"] == "score" else env.book_claims[name].page
    if page is None:
        return None  # no page shows the scoreboard, which Sphinx then reports
    anchor = f"{node['reftype']}-{name}"
    return make_refnode(app.builder, node["refdoc"], page, anchor, content, title=name)
