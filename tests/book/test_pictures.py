"""The pictures drawn by scripts are those that the scripts draw now."""

import subprocess
import sys

import pytest
from bookbuild.layout import ROOT


@pytest.mark.parametrize("script", ["landing_picture.py"])
def test_the_committed_picture_is_current(script):
    command = [sys.executable, ROOT / "tools" / script, "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
