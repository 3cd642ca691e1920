"""Sphinx extension: the chapter that judges sentences by the claims of all chapters.

- the directive ``verdict`` holds one sentence, names the claims that speak for or against it, and
  shows what these come to together by the rule in :mod:`bookbuild.verdicts`;
- ``verdict-overview`` lists all sentences of the page, ``claim-map`` draws all claims as cells;
- ``claim-list`` lists claims of one verdict: those that it names, or (``:rest:``) all that no
  earlier list has;
- ``{opinion}`name` `` or ``{opinion}`words <name>` `` shows the verdict on a sentence, with a link.

An unknown name is a warning, and the build treats warnings as errors. Needs
:mod:`bookbuild.sphinx_claims`.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective
from sphinx.util.nodes import make_refnode

from bookbuild.sphinx_claims import CLASSES, SYMBOLS, Found, reference
from bookbuild.verdicts import Opinion, aggregate, more_units, vote

logger = logging.getLogger(__name__)

OPINIONS: dict[Opinion, tuple[str, str]] = {
    "holds": (SYMBOLS["holds"], CLASSES["holds"]),
    "holds in part": ("◐", "verdict-part"),
    "does not hold": (SYMBOLS["does not hold"], CLASSES["does not hold"]),
    "undecided": (SYMBOLS["undecided"], CLASSES["undecided"]),
    "not tested": ("–", "verdict-untested"),
}
COUNTED = {"holds": "hold", "holds in part": "hold in part", "does not hold": "do not hold"}
# What a vote says, in the summary of a sentence's checks.
SAYS = {"holds": "for it", "does not hold": "against it", "undecided": "undecided"}


@dataclass(frozen=True)
class Sentence:
    """A judged sentence: where it stands, its words as nodes, and the verdict."""

    name: str
    page: str
    group: str
    words: list[nodes.Node]
    checks: frozenset[str]
    opinion: Opinion


class OverviewNode(nodes.General, nodes.Element):
    """Stands where the list of sentences comes when all of them are known."""


class MapNode(nodes.General, nodes.Element):
    """Stands where the cells of all claims come when the titles of all pages are known."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register directives and role."""
    app.setup_extension("bookbuild.sphinx_claims")
    app.add_node(OverviewNode)
    app.add_node(MapNode)
    app.add_directive("verdict", Judge)
    app.add_directive("verdict-overview", Overview)
    app.add_directive("claim-list", ClaimList)
    app.add_directive("claim-map", ClaimMap)
    app.add_role("opinion", OpinionRole())
    app.connect("env-before-read-docs", _forget)
    app.connect("missing-reference", _resolve)
    app.connect("doctree-resolved", _fill)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}


def _forget(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    env.book_sentences = {}
    env.book_listed = set()


class OpinionRole(ReferenceRole):
    """``{opinion}`name` `` or ``{opinion}`words <name>` ``: the verdict, linked to its sentence."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link; its verdict comes when all sentences are known."""
        words = self.title if self.has_explicit_title else ""
        link = addnodes.pending_xref(
            "",
            nodes.inline("", words),
            refdomain="",
            reftype="opinion",
            reftarget=self.target,
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )
        return [link], []


class _WithClaims(SphinxDirective):
    def named(self, names: Iterable[str]) -> list[Found]:
        """Return the claims, and warn of a name that is unknown or given twice."""
        found = []
        for name in names:
            claim = self.env.book_claims.get(name)
            if claim is None or claim in found:
                problem = "no executed cell checks the claim" if claim is None else "twice named:"
                logger.warning("%s %r", problem, name, location=self.get_location())
            else:
                found.append(claim)
        return found

    def item(self, found: Found, note: str = "") -> nodes.list_item:
        """Return one claim: its verdict, linked to its cell, its statement, and its numbers."""
        claim, here = found.claim, self.env.docname
        body = nodes.Element()
        text = StringList([claim.statement], source="claim")
        self.state.nested_parse(text, self.content_offset, body)
        words = body.children[0].children if body.children else [nodes.Text(claim.statement)]
        numbers = nodes.inline("", "", classes=["check-numbers"])
        numbers += nodes.Text(f"Measured {claim.measured_text}, wanted {claim.wanted}; ")
        numbers += _to_page(found.page, _short(found.page), here)
        numbers += nodes.Text(f"; {note}." if note else ".")
        line = nodes.paragraph("", "", reference("claim", claim, here), nodes.Text(" "), *words)
        line += [nodes.Text(" "), numbers]
        return nodes.list_item("", line)


class Judge(_WithClaims):
    """One sentence, the claims that speak for and against it, and what they come to."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict] = {
        "name": directives.unchanged_required,
        "group": directives.unchanged_required,
        "place": directives.unchanged,
        "for": directives.unchanged,
        "against": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """Return the card of the sentence."""
        env, name = self.env, self.options["name"]
        if name in env.book_sentences:
            logger.warning("the sentence %r is there twice", name, location=self.get_location())
        names = {key: self.options.get(key, "").split() for key in ("for", "against")}
        checks = [
            (found, vote(found.claim.verdict, against=found.claim.name in names["against"]))
            for found in self.named(names["for"] + names["against"])
        ]
        opinion = aggregate(says for _, says in checks)
        words, messages = self.state.inline_text(self.arguments[0], self.lineno)
        env.book_sentences[name] = Sentence(
            name,
            env.docname,
            self.options["group"],
            [word.deepcopy() for word in words],
            frozenset(found.claim.name for found, _ in checks),
            opinion,
        )
        card = nodes.container(ids=[f"verdict-{name}"], classes=["verdict-card"])
        strong = nodes.strong("", "", *words)
        card += nodes.paragraph(
            "", "", strong, nodes.Text(" "), _badge(opinion), classes=["verdict-sentence"]
        )
        if place := self.options.get("place"):
            where, more = self.state.inline_text(place, self.lineno)
            card += nodes.paragraph("", "", *where, classes=["verdict-place"])
            messages += more
        self.state.nested_parse(self.content, self.content_offset, card)
        if checks:
            card += self._checks(checks)
        return [card, *messages]

    def _checks(self, checks: list[tuple[Found, str]]) -> list[nodes.Node]:
        counts = Counter(says for _, says in checks)
        total = "1 check" if len(checks) == 1 else f"{len(checks)} checks"
        said = ", ".join(f"{counts[key]} {word}" for key, word in SAYS.items() if counts[key])
        items = nodes.bullet_list(classes=["verdict-checks"])
        # The verdict beside a claim is about its own words; where it is a counterexample, say so.
        items += [
            self.item(found, "" if says == found.claim.verdict else f"counts {SAYS[says]}")
            for found, says in checks
        ]
        opening = f'<details class="verdict-details"><summary>{total}: {said}</summary>'
        return [_raw(opening), items, _raw("</details>")]


class ClaimList(_WithClaims):
    """Claims of one verdict: those named in the content, or the rest."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict] = {"rest": directives.flag, "needed": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return the list, or "None." if no claim has this verdict."""
        listed, every = self.env.book_listed, self.env.book_claims
        verdict = self.arguments[0]
        if verdict not in SYMBOLS:
            raise self.error(f"verdict must be one of {', '.join(SYMBOLS)}, got {verdict!r}")
        names = " ".join(self.content).split()
        if "rest" in self.options:
            names = [name for name in every if name not in listed]
        # A verdict may change with the scale of a run: a name that has another one now is left out.
        chosen = [found for found in self.named(names) if found.claim.verdict == verdict]
        listed.update(found.claim.name for found in chosen)
        if not chosen:
            return [nodes.paragraph("", "None.", classes=["claim-list-empty"])]
        items = nodes.bullet_list(classes=["claim-list"])
        needed = "needed" in self.options
        items += [self.item(found, _needed(found) if needed else "") for found in chosen]
        return [items]


def _needed(found: Found) -> str:
    least, most = (f"{factor:.0f}" for factor in more_units(found.claim))
    if least == "inf":
        return "no number of units can be told, since the interval has an open end"
    if most == "inf":
        return f"at least {least} times as many units"
    if least == most:
        return f"about {least} times as many units"
    return f"{least} to {most} times as many units"


class Overview(SphinxDirective):
    """All sentences with their verdicts, by group."""

    def run(self) -> list[nodes.Node]:
        """Return a place to fill."""
        return [OverviewNode()]


class ClaimMap(SphinxDirective):
    """All claims as cells, by part and page."""

    def run(self) -> list[nodes.Node]:
        """Return a place to fill."""
        return [MapNode()]


def _fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in list(doctree.findall(OverviewNode)):
        node.replace_self(_overview(app, docname))
    for node in list(doctree.findall(MapNode)):
        node.replace_self(_raw(_map(app, docname)))


def _overview(app: Sphinx, docname: str) -> list[nodes.Node]:
    sentences = list(app.env.book_sentences.values())
    counts = Counter(sentence.opinion for sentence in sentences)
    said = ", ".join(f"{counts[key]} {COUNTED.get(key, key)}" for key in OPINIONS if counts[key])
    named = frozenset().union(*(sentence.checks for sentence in sentences))
    used = f"Of the {len(app.env.book_claims)} checks of the book {len(named)} are asked."
    text = f"{len(sentences)} sentences: {said}. {used}"
    result: list[nodes.Node] = [nodes.paragraph("", text, classes=["verdict-summary"])]
    for group in dict.fromkeys(sentence.group for sentence in sentences):
        title = nodes.paragraph("", "", nodes.strong("", group), classes=["verdict-group"])
        items = nodes.bullet_list(classes=["verdict-overview"])
        for sentence in sentences:
            if sentence.group == group:
                words = nodes.inline("", "", *(word.deepcopy() for word in sentence.words))
                link = _link(app, docname, sentence, _badge(sentence.opinion))
                line = nodes.paragraph("", "", link, nodes.Text(" "), words)
                items += nodes.list_item("", line)
        result += [title, items]
    return result


def _map(app: Sphinx, docname: str) -> str:
    """Return the cells. They are for the mouse; what they say in colour is beside them in words."""
    env, lines = app.env, ['<div class="claim-map">']
    pages: dict[str, dict[str, list[Found]]] = {}
    for found in env.book_claims.values():
        part = pages.setdefault(_part(app, found.page), {})
        part.setdefault(found.page, []).append(found)
    for part, by_page in pages.items():
        inside = [found for claims in by_page.values() for found in claims]
        lines.append(f'<p class="claim-map-part"><strong>{html.escape(part)}</strong>: ')
        lines.append(f"{_counted(inside)}</p><ul>")
        for page, claims in by_page.items():
            to = app.builder.get_relative_uri(docname, page)
            title = html.escape(env.titles[page].astext())
            label = re.sub(r"^chapter ", "", _short(page)) + " · " if _number(page) else ""
            lines.append(f'<li><span><a href="{to}">{label}{title}</a>: {_counted(claims)}</span>')
            cells = (_cell(app, docname, found) for found in claims)
            lines.append(f'<span class="claim-cells" aria-hidden="true">{"".join(cells)}</span>')
            lines.append("</li>")
        lines.append("</ul>")
    return "\n".join([*lines, "</div>"])


def _cell(app: Sphinx, docname: str, found: Found) -> str:
    claim = found.claim
    to = app.builder.get_relative_uri(docname, found.page) + f"#claim-{claim.name}"
    mark = "" if claim.verdict == "holds" else SYMBOLS[claim.verdict]
    title = html.escape(f"{claim.finding or claim.verdict}: {claim.name}")
    style = f"claim-cell {CLASSES[claim.verdict].replace('verdict', 'cell')}"
    return f'<a class="{style}" href="{to}" title="{title}" tabindex="-1">{mark}</a>'


def _counted(claims: list[Found]) -> str:
    counts = Counter(found.claim.verdict for found in claims)
    parts = [f"{counts['holds']} hold"]
    parts += [f"{counts['does not hold']} do not"] if counts["does not hold"] else []
    parts += [f"{counts['undecided']} undecided"] if counts["undecided"] else []
    return ", ".join(parts)


def _part(app: Sphinx, page: str) -> str:
    """Return the caption above a page in the table of contents, or the name of its folder."""
    site = getattr(app.config, "external_site_map", None)
    caption = ""
    for tree in site.root.subtrees if site else ():
        caption = tree.caption or caption
        if page in tree.files():
            return caption
    return page.rpartition("/")[0] or page


def _number(page: str) -> int | None:
    match = re.match(r"(\d+)_", page.rpartition("/")[2])
    return int(match[1]) if match else None


def _short(page: str) -> str:
    number = _number(page)
    return f"chapter {number}" if number else page.rpartition("/")[2].replace("_", " ")


def _badge(opinion: Opinion) -> nodes.inline:
    symbol, style = OPINIONS[opinion]
    text = f"{symbol} {opinion}"
    return nodes.inline(text, text, classes=["verdict", style])


def _raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def _to_page(page: str, text: str, docname: str) -> addnodes.pending_xref:
    return addnodes.pending_xref(
        "",
        nodes.inline(text, text),
        refdomain="std",
        reftype="doc",
        reftarget=f"/{page}",
        refexplicit=True,
        refdoc=docname,
        refwarn=True,
    )


def _link(app: Sphinx, docname: str, sentence: Sentence, content: nodes.Node) -> nodes.reference:
    target = f"verdict-{sentence.name}"
    return make_refnode(app.builder, docname, sentence.page, target, content)


def _resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element
) -> nodes.reference | None:
    if node["reftype"] != "opinion" or node["reftarget"] not in env.book_sentences:
        return None
    sentence = env.book_sentences[node["reftarget"]]
    shown = _badge(sentence.opinion)
    if words := content.astext():
        shown = nodes.inline("", "", nodes.Text(f"{words} "), shown)
    return _link(app, node["refdoc"], sentence, shown)
