import re
import signal
import subprocess
import sys

import pytest

from trilateration import _commands
from trilateration.training import Configuration, protocol

TINY = ["--protocol", "fast", "--stimulus-steps", "3", "--batch", "4", "--steps", "5"]
TINY += ["--n-tasks", "2", "--n-units", "8", "--observation", "identity", "--quiet"]
VARY = ["protocol=fast", "stimulus_steps=3", "batch=4", "steps=5", "n_units=8"]
VARY = [part for value in [*VARY, "observation=identity"] for part in ("--vary", value)]


def call(capsys, *arguments):
    status = _commands.main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("command", [[], ["train"], ["sweep"], ["report"]])
def test_help_is_useful(capsys, command):
    with pytest.raises(SystemExit) as stop:
        _commands.main([*command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "usage: python -m trilateration" in text
    assert not command or f"example: python -m trilateration {command[0]}" in text


def test_every_field_can_be_said():
    fields = {f"--{name.replace('_', '-')}" for name in (*_commands._NETWORK, *_commands._PROTOCOL)}
    record = Configuration().record()
    own = {name.removeprefix("protocol.") for name in record} - {"seed", "name"}
    assert fields == {f"--{name.replace('_', '-')}" for name in {*own, "protocol"}}


def test_train_prints_a_row_of_scores_a_seed(capsys):
    status, out, err = call(capsys, "train", *TINY, "--seeds", "1,3..4")
    assert (status, err) == (0, "")
    header, *rows = out.splitlines()
    assert header.split()[:4] == ["seed", "diverged", "stopped_at", "seconds"]
    assert "ood_r2" in header
    assert [row.split()[0] for row in rows] == ["1", "3", "4"]


def test_train_hands_on_what_it_is_told(capsys, monkeypatch):
    asked = []

    def refuse(configurations, **arguments):
        asked.append((configurations, arguments))
        raise ValueError("enough")

    monkeypatch.setattr(_commands, "train", refuse)
    arguments = ["--architecture", "transformer", "--option", "n_heads=2", "--head", "probit"]
    arguments += ["--sigma", "0.3", "--learning-rate", "1e-4", "--checkpoint", "here"]
    status, _, err = call(capsys, "train", *arguments, "--seeds", "7")
    assert (status, err) == (2, "python -m trilateration train: enough\n")
    ((configurations, given),) = asked
    assert configurations == [
        Configuration(
            "transformer", seed=7, head="probit", sigma=0.3, options={"n_heads": 2},
            protocol=protocol("authors", learning_rate=1e-4),
        )
    ]  # fmt: skip
    assert given == {"checkpoint": "here", "device": "auto", "progress": True}


def test_train_goes_on_from_its_checkpoint(capsys, tmp_path):
    file = tmp_path / "here.safetensors"
    first = call(capsys, "train", *TINY, "--checkpoint", file)
    assert file.exists()
    assert call(capsys, "train", *TINY, "--checkpoint", file) == first
    status, _, err = call(capsys, "train", *TINY, "--sigma", "0.5", "--checkpoint", file)
    assert status == 2
    assert err.startswith("python -m trilateration train: path must be a checkpoint of these")
    assert err.count("\n") == 1


def test_a_sweep_and_its_report(capsys, tmp_path):
    vary = [*VARY, "--vary", "n_tasks=2,3", "--vary", "seed=0..2"]
    arguments = ["sweep", *vary, "--directory", tmp_path, "--quiet"]
    status, out, err = call(capsys, *arguments)
    assert (status, err) == (0, "")
    header, *rows = out.splitlines()
    assert header.split()[:3] == ["n_tasks", "networks", "diverged"]
    assert [row.split()[:3] for row in rows] == [["2", "3", "0"], ["3", "3", "0"]]
    assert call(capsys, "report", "--directory", tmp_path) == (0, out, "")
    _, by, _ = call(capsys, "report", "--directory", tmp_path, "--by", "seed,sigma")
    assert [row.split()[:3] for row in by.splitlines()[1:]] == [
        [str(seed), "0.200", "2"] for seed in range(3)
    ]
    _, every, _ = call(capsys, "report", "--directory", tmp_path, "--all-versions")
    assert "torch" in every


def test_processes_on_request(capsys, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(_commands, "sweep", lambda *_, **given: asked.append(given) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call(capsys, "sweep", *VARY, "--executor", "process", "--workers", 3)
    assert asked[0]["executor"]._max_workers == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--n-tasks", "0"], "train: n_tasks must be a whole number >= 1, got 0"),
        (["train", "--seeds", "0,0"], "train: seed must list each value once, got 0 twice"),
        (["train", "--option", "n_heads"], "train: expected NAME=VALUE, got 'n_heads'"),
        (["train", "--option", "n_heads=2"], "train: n_heads is an option of transformer, none"),
        (["sweep", "--vary", "sgima=1"], "sweep: grid must name .* did you mean 'sigma'?"),
        (["sweep", "--vary", "seed=,"], "sweep: seed must list at least one value, got none"),
        (
            ["sweep", "--vary", "seed=0", "--vary", "seed=1"],
            "sweep: --vary seed must be given once",
        ),
        (["sweep", "--vary", "seed=0", "--workers", "2"], "sweep: --workers must come with"),
        (["sweep", "--vary", "seed=0", "--scheduler", "x"], "sweep: --scheduler must come with"),
        (["report", "--directory", "/nowhere"], "report: directory must hold results, /nowhere"),
    ],
)
def test_errors_are_one_line(capsys, arguments, message):
    status, out, err = call(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    head, _, tail = message.partition(" .* ")
    assert err.startswith(f"python -m trilateration {head}")
    assert tail in err


@pytest.mark.parametrize(
    "arguments", [[], ["tarin"], ["train", "--architecture", "rnm"], ["train", "--step", "3"]]
)
def test_errors_of_the_command_line_are_one_line_too(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        _commands.main(arguments)
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("python -m trilateration")
    assert err.count("\n") == 1


def test_ctrl_c_says_where_things_are(tmp_path):
    file = tmp_path / "here.safetensors"
    tiny = [argument for argument in TINY if argument != "--quiet"]
    command = [sys.executable, "-m", "trilateration", "train", *tiny, "--steps", "1000000"]
    with subprocess.Popen(
        [*command, "--checkpoint", str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        shown = b""
        while not re.search(rb"[1-9]\d*/1000000", shown) and child.poll() is None:
            shown += child.stderr.read1()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, b"")
    last = err.decode().splitlines()[-1]
    assert "python -m trilateration train: stopped after step " in last
    assert last.endswith(f"saved in {file}")
    assert file.exists()
