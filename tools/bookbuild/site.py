"""Stages the executed book, renders it strictly, and swaps the finished site in."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from nbformat import NotebookNode

from bookbuild import notebooks, trim
from bookbuild.execute import Run
from bookbuild.layout import BUILD, ROOT, SITE, BookError

STAMP = ".fingerprint"
ABANDONED_SECONDS = 3600
IGNORED = shutil.ignore_patterns(".*", "*.ipynb", "__pycache__")
# Rendering depends on these too, so they are part of the fingerprint of a site.
RENDERERS = ("tools/bookbuild", "requirements.txt", "constraints.txt")


def build(runs: Iterable[Run], *, say=print) -> Path:
    """Render the site from executed chapters; return the folder of the site.

    Nothing is rendered if the site that is there came from the same staged files. Otherwise the new
    site replaces it only when it is complete and free of warnings.

    Raises
    ------
    BookError
        If Sphinx warns or fails; its log is the message. The previous site stays as it was.
    """
    BUILD.mkdir(exist_ok=True)
    _sweep(BUILD)
    with tempfile.TemporaryDirectory(prefix="partial-", dir=BUILD) as folder:
        stage, output = Path(folder) / "stage", Path(folder) / "out"
        _stage(stage, runs)
        fingerprint = _fingerprint(stage)
        if _stamp(SITE) == fingerprint:
            say("the site is up to date")
            return SITE
        say("rendering the site")
        _render(stage, output)
        html = output / "_build" / "html"
        trim.trim_site(html)
        (html / STAMP).write_text(fingerprint)
        _swap(html, SITE, Path(folder) / "previous")
    return SITE


def _sweep(build: Path) -> None:
    """Remove what a killed build left; a young folder may belong to one that is running."""
    for leftover in build.glob("partial-*"):
        if time.time() - leftover.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)


def _stage(stage: Path, runs: Iterable[Run]) -> None:
    shutil.copytree(ROOT / "book", stage / "book", ignore=IGNORED)
    shutil.copy(ROOT / "_toc.yml", stage)
    (stage / "_config.yml").write_text(_config(), encoding="utf-8")
    for run in runs:
        source = notebooks.read(run.page.path)
        staged = _described_images(notebooks.with_outputs(source, run.notebook))
        notebooks.write(stage / run.page.path.relative_to(ROOT), staged)


def _config() -> str:
    """Return ``_config.yml``, with the links of the repository that a workflow runs in."""
    text = (ROOT / "_config.yml").read_text(encoding="utf-8")
    here = yaml.safe_load(text)
    repository, site = here["repository"]["url"], here["html"]["baseurl"]
    if name := os.environ.get("GITHUB_REPOSITORY"):
        owner, _, project = name.partition("/")
        text = text.replace(site, f"https://{owner.lower()}.github.io/{project}/")
        text = text.replace(repository, f"{os.environ.get('GITHUB_SERVER_URL', '')}/{name}")
    config = yaml.safe_load(text)
    # 404.html is served for any address, so its links start from the root of the host.
    root = urlsplit(config["html"]["baseurl"]).path
    config["sphinx"]["config"]["notfound_urls_prefix"] = root
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)


def _described_images(notebook: NotebookNode) -> NotebookNode:
    """Move each figure's alternative text to where MyST-NB looks for it.

    ``trilateration.figures.show`` stores the text in the output, where it stays with the figure;
    MyST-NB 1.4 reads it from the cell.
    """
    for cell in notebooks.code_cells(notebook):
        for output in cell.outputs:
            text = output.get("metadata", {}).get("image/png", {}).get("alt")
            if text:
                cell.metadata.setdefault("mystnb", {}).setdefault("image", {})["alt"] = text
    return notebook


def _fingerprint(stage: Path) -> str:
    digest = hashlib.sha256()
    trees = [(stage, stage)] + [(ROOT / name, ROOT) for name in RENDERERS]
    for tree, base in trees:
        for path in sorted(tree.rglob("*")) if tree.is_dir() else [tree]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(base)).encode() + path.read_bytes())
    return digest.hexdigest()


def _stamp(site: Path) -> str | None:
    try:
        return (site / STAMP).read_text()
    except FileNotFoundError:
        return None


def _render(stage: Path, output: Path) -> None:
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(stage)]
    command += ["--path-output", str(output), "-W", "-n", "--keep-going", "-q"]
    path = os.pathsep.join([str(ROOT / "tools"), os.environ.get("PYTHONPATH", "")])
    result = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": path.rstrip(os.pathsep)},
        check=False,
    )
    if result.returncode != 0:
        # Names as the author knows them: the staged copy is gone when the message is read.
        log = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout).replace(f"{stage}/", "")
        raise BookError(f"the site has warnings:\n{log}")


def _swap(new: Path, site: Path, aside: Path) -> None:
    """Put the new site in place of the old one; two renames, so that none is half there."""
    if site.exists():
        site.rename(aside)
    try:
        new.rename(site)
    except OSError:
        if aside.exists():
            aside.rename(site)
        raise
