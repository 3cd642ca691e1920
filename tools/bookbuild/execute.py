"""Runs chapters with papermill, each only when something under it has changed."""

import hashlib
import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from nbformat import NotebookNode

from bookbuild import notebooks
from bookbuild.layout import CACHE, PACKAGE, BookError, Page

# One thread a chapter, and as many chapters at once as there are cores: sums are then added in one
# order on every machine, and small networks train fastest.
THREADS = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    )
}
KEPT_RUNS = 4
UNKNOWN_SECONDS = 30.0


class ChapterError(BookError):
    """A chapter that failed: the message names the chapter, the cell and the traceback."""


@dataclass(frozen=True)
class Run:
    """One execution of one chapter.

    Attributes
    ----------
    page
        The chapter.
    notebook
        Its executed copy, in stable form.
    seconds
        How long the execution took when it was made.
    cached
        Whether it was taken from an earlier build.
    """

    page: Page
    notebook: NotebookNode
    seconds: float
    cached: bool


def run_all(
    chapters: list[Page], parameters: dict[str, Any], *, fresh: bool = False, say: Any = print
) -> list[Run]:
    """Execute the chapters, or take the runs that an earlier build left, in the given order.

    Parameters
    ----------
    chapters
        Notebook pages.
    parameters
        What papermill injects into each of them.
    fresh
        Execute even what has not changed.
    say
        Receives the progress lines.

    Raises
    ------
    ChapterError
        When a chapter fails; the other chapters in flight are ended, their results not kept.
    """
    world = _world_key()
    keys = {page: _key(page, parameters, world) for page in chapters}
    todo = [page for page in chapters if fresh or not _cached_path(page, keys[page]).exists()]
    runs = {page: _load(page, keys[page]) for page in chapters if page not in todo}
    clock = _Clock(chapters, todo, say)
    workers = min(os.cpu_count() or 1, max(1, len(todo)))
    pool = ThreadPoolExecutor(workers)
    children: set[subprocess.Popen[str]] = set()
    try:
        futures = [pool.submit(_execute, page, keys[page], parameters, children) for page in todo]
        for future in as_completed(futures):
            run = future.result()
            runs[run.page] = run
            clock.done(run)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in list(children):
            _end(child)
        raise
    finally:
        pool.shutdown(wait=True)
    return [runs[page] for page in chapters]


class _Clock:
    """Prints a line for each finished chapter, with an estimate of the time left."""

    def __init__(self, chapters: list[Page], todo: list[Page], say: Any) -> None:
        self.left = {page: _last_seconds(page) for page in todo}
        self.total, self.count, self.say = len(chapters), len(chapters) - len(todo), say
        self.workers = os.cpu_count() or 1
        if self.count:
            say(f"{self.count} of {self.total} chapters have not changed")

    def done(self, run: Run) -> None:
        self.left.pop(run.page, None)
        self.count += 1
        known = [s for s in self.left.values() if s is not None]
        guess = sum(known) / len(known) if known else run.seconds or UNKNOWN_SECONDS
        seconds = [guess if s is None else s for s in self.left.values()]
        rest = max([sum(seconds) / self.workers, *seconds]) if seconds else 0.0
        self.say(
            f"[{self.count}/{self.total}] {run.page.name} ran in {run.seconds:.0f} s"
            + (f", about {rest:.0f} s left" if seconds else "")
        )


def _execute(
    page: Page, key: str, parameters: dict[str, Any], children: set[subprocess.Popen[str]]
) -> Run:
    source = notebooks.read(page.path)
    if problem := notebooks.parameters_problem(source):
        raise ChapterError(f"{page.name}: {problem}")
    target = _cached_path(page, key)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.partial.ipynb")
    settings = partial.with_suffix(".yml")
    settings.write_text(yaml.safe_dump(parameters))
    command = [sys.executable, "-m", "papermill", str(page.path), str(partial)]
    command += ["--cwd", str(page.path.parent), "--parameters_file", str(settings)]
    command += ["--kernel", "python3", "--language", "python"]
    command += ["--no-progress-bar", "--log-level", "ERROR"]
    start = time.monotonic()
    # Chapters share trained networks, which outlive a chapter's own runs.
    networks = {"TRILATERATION_CACHE": str(CACHE / "networks")}
    # A session of its own, so that an interrupt can end papermill together with its kernel.
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=networks | os.environ | THREADS | {"PYTHONHASHSEED": "0"},
        start_new_session=True,
    )
    children.add(child)
    try:
        log, _ = child.communicate()
        seconds = time.monotonic() - start
        if child.returncode != 0:
            raise ChapterError(_failure(page, partial, log))
        notebook = notebooks.stable(notebooks.read(partial))
        notebooks.write(target, notebook)
        _remember(page, seconds)
    finally:
        children.discard(child)
        partial.unlink(missing_ok=True)
        settings.unlink(missing_ok=True)
    return Run(page, notebook, seconds, cached=False)


def _failure(page: Page, partial: Path, log: str) -> str:
    if partial.exists():
        for number, cell in enumerate(notebooks.code_cells(notebooks.read(partial)), start=1):
            for output in cell.get("outputs", ()):
                if output.output_type == "error":
                    trace = _plain("\n".join(output.traceback))
                    return f"{page.name} failed in code cell {number}:\n{trace}"
    return f"{page.name} failed before its first cell:\n{_plain(log)}"


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _end(child: subprocess.Popen[str]) -> None:
    # First politely: papermill then ends its kernel, which lives in a session of its own.
    for blow in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, blow)
            child.wait(timeout=5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _world_key() -> str:
    """Hash everything outside a chapter that its outputs depend on."""
    digest = hashlib.sha256(sys.version.encode())
    versions = {(d.name, d.version) for d in importlib.metadata.distributions()}
    digest.update(repr(sorted(versions)).encode())
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(PACKAGE)).encode() + path.read_bytes())
    return digest.hexdigest()


def _key(page: Page, parameters: dict[str, Any], world: str) -> str:
    """Hash what a run depends on: the code cells (prose may change freely) and the world."""
    cells = [
        (cell.source, cell.metadata.get("tags", []))
        for cell in notebooks.code_cells(notebooks.read(page.path))
    ]
    # Data that a chapter reads lies beside it; a change there is a change of the chapter.
    data = [
        (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(page.path.parent.glob("*"))
        if path.suffix in {".csv", ".parquet", ".json", ".safetensors"}
    ]
    text = json.dumps([page.name, cells, data, parameters, world], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _cached_path(page: Page, key: str) -> Path:
    return CACHE / page.name / f"{key}.ipynb"


def _load(page: Page, key: str) -> Run:
    path = _cached_path(page, key)
    path.touch()
    return Run(page, notebooks.read(path), _last_seconds(page) or 0.0, cached=True)


def _last_seconds(page: Page) -> float | None:
    try:
        return float((CACHE / page.name / "seconds").read_text())
    except (FileNotFoundError, ValueError):
        return None


def _remember(page: Page, seconds: float) -> None:
    folder = CACHE / page.name
    (folder / "seconds").write_text(f"{seconds:.2f}\n")
    runs = sorted(folder.glob("*.ipynb"), key=lambda path: path.stat().st_mtime)
    for old in runs[:-KEPT_RUNS]:
        old.unlink()
