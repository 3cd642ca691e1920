"""A headless browser for tests that look at pages."""

import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def load(url: str, profile: Path, *, milliseconds: int = 4000) -> tuple[str, list[str]]:
    """Return the page after its scripts ran, and what it wrote to the console.

    The test is skipped where no browser is installed.
    """
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        pytest.skip(f"no browser here; any of {', '.join(NAMES)} will do")
    flags = [
        *QUIET,
        "--enable-logging=stderr",
        f"--virtual-time-budget={milliseconds}",
        "--dump-dom",
    ]
    result = subprocess.run(
        [browser, *flags, f"--user-data-dir={profile}", url],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return result.stdout, [line for line in result.stderr.splitlines() if ":CONSOLE" in line]


def complaints(messages: list[str]) -> list[str]:
    """Return the errors and warnings among console messages; a theme may log its progress."""
    return [
        line
        for line in messages
        if ":INFO:CONSOLE" not in line or "Error" in line or "Failed to load" in line
    ]
