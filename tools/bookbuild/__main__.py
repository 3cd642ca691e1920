"""The command line of the book's build; the Makefile's targets call it."""

import argparse
import functools
import http.server
import shutil
import sys
import time
from pathlib import Path

from bookbuild import execute, lock, notebooks, site
from bookbuild.layout import BUILD, SITE, BookError
from bookbuild.layout import notebooks as chapters


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m bookbuild", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, action, text in (
        ("build", _build, "run the chapters that changed and render the site"),
        ("accept", _accept, "run every chapter and write its outputs back into book/"),
        ("tidy", _tidy, "put notebooks into their stable form, outputs untouched"),
        ("serve", _serve, "show the site on this machine"),
        ("lock", _lock, "write constraints.txt from what is installed"),
        ("clean", _clean, "remove what the build made"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(action=action)
        if name in ("build", "accept"):
            command.add_argument("--scale", choices=("quick", "paper"), default="quick")
        if name == "accept":
            command.add_argument("chapters", nargs="*", help="names from _toc.yml; default all")
        if name == "tidy":
            command.add_argument("files", nargs="+", type=Path)
        if name == "serve":
            command.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(arguments)
    try:
        return options.action(options) or 0
    except BookError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing half-written was left", file=sys.stderr)
        return 130


def _say(line: str) -> None:
    print(line, flush=True)


def _build(options: argparse.Namespace) -> None:
    start = time.monotonic()
    runs = execute.run_all(chapters(), {"scale": options.scale}, say=_say)
    html = site.build(runs, say=_say)
    _say(f"done in {time.monotonic() - start:.0f} s; open {html / 'index.html'}")


def _accept(options: argparse.Namespace) -> None:
    every = chapters()
    unknown = set(options.chapters) - {page.name for page in every}
    if unknown:
        raise BookError(f"not in _toc.yml: {', '.join(sorted(unknown))}")
    chosen = [page for page in every if not options.chapters or page.name in options.chapters]
    changed = 0
    for run in execute.run_all(chosen, {"scale": options.scale}, fresh=True, say=_say):
        old = notebooks.read(run.page.path)
        new = notebooks.keep_same_images(notebooks.with_outputs(old, run.notebook), old)
        if notebooks.dumps(new) != run.page.path.read_text(encoding="utf-8"):
            notebooks.write(run.page.path, new)
            changed += 1
            _say(f"accepted new outputs of {run.page.name}")
    _say(f"{changed} of {len(chosen)} chapters changed")


def _tidy(options: argparse.Namespace) -> int:
    """Rewrite notebooks in stable form; exit 1 if any was not, as pre-commit expects."""
    changed = 0
    for path in options.files:
        text = notebooks.dumps(notebooks.stable(notebooks.read(path)))
        if text != path.read_text(encoding="utf-8"):
            notebooks.write(path, notebooks.stable(notebooks.read(path)))
            _say(f"tidied {path}")
            changed = 1
    return changed


def _serve(options: argparse.Namespace) -> None:
    if not (SITE / "index.html").exists():
        raise BookError("there is no site yet; run `make book` first")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", options.port), handler) as server:
        _say(f"http://localhost:{options.port}/ (stop with Ctrl-C)")
        server.serve_forever()


def _lock(options: argparse.Namespace) -> None:
    _say(f"constraints.txt pins {lock.write_constraints()} packages")


def _clean(options: argparse.Namespace) -> None:
    shutil.rmtree(BUILD, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
