"""Writes constraints.txt: the exact versions of everything that requirements.txt brings along."""

import importlib.metadata
import re

from packaging.requirements import Requirement

from bookbuild.layout import ROOT

HEADER = """\
# Written by `make lock` from a fresh .venv: every package that requirements.txt brings along, at
# the version that the committed outputs were computed with. A constraint installs nothing by
# itself, so packages that only some platforms need are simply absent here.
"""


def write_constraints() -> int:
    """Write the file; return how many packages it pins."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    direct = [line for line in lines if line and not line.startswith(("#", "-"))]
    pins: dict[str, str] = {}
    queue = [Requirement(line) for line in direct]
    seen: set[tuple[str, frozenset[str]]] = set()
    while queue:
        requirement = queue.pop()
        name, extras = _canonical(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # needed on another platform or Python only
        # A local label such as +cpu names a build, not a release.
        pins[name] = found.version.partition("+")[0]
        queue += _needs(found, extras)
    text = HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))
    partial = ROOT / "constraints.txt.partial"
    partial.write_text(text)
    partial.replace(ROOT / "constraints.txt")
    return len(pins)


def _needs(found: importlib.metadata.Distribution, extras: frozenset[str]) -> list[Requirement]:
    needs = [Requirement(text) for text in found.requires or ()]
    environments = [{"extra": extra} for extra in extras | {""}]
    return [
        need
        for need in needs
        if need.marker is None or any(need.marker.evaluate(env) for env in environments)
    ]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
