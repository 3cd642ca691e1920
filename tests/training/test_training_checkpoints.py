"""Checkpoints: resuming changes nothing, and nothing that was saved is lost."""

import contextlib
import errno
import json
import os
import resource
import signal
import threading

import jaxtyping
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from trilateration.training import (
    Configuration,
    DivergenceWarning,
    Worlds,
    checkpoints,
    load_checkpoint,
    loop,
    protocol,
    save_checkpoint,
    train,
    write_whole,
)

STEPS = 24
PLAIN = {"stimulus_steps": 3, "batch": 4, "steps": STEPS}


def configurations(name="authors", n_units=6, **changes):
    brief = protocol(name, **(PLAIN | changes))
    return [Configuration(seed=k, n_tasks=2 + k, n_units=n_units, protocol=brief) for k in range(3)]


def run(path=None, networks=None, **options):
    options = {"device": "cpu", "progress": False, "records": 12, "checkpoint_every": 0} | options
    return train(networks or configurations(), checkpoint=path, **options)


def assert_same(one, other):
    for name, weights in one.ensemble.state_dict().items():
        assert torch.equal(weights, other.ensemble.state_dict()[name]), name
    for name in ("losses", "recorded_at", "stopped_at", "diverged"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "run.safetensors"


@pytest.fixture
def at_step(monkeypatch):
    """Do something in the middle of one step of the descent, once."""

    def plan(step, action):
        draw, left = Worlds.batch, [action]

        def batch(self, now):
            if now == step and left:
                left.pop()()
            return draw(self, now)

        monkeypatch.setattr(Worlds, "batch", batch)

    return plan


class Crash(Exception):
    pass


def crash():
    raise Crash


def press_control_c():
    signal.raise_signal(signal.SIGINT)


# ---- resuming


RUNS = {
    "authors": {},
    "averaging": {"averaging": 0.9},
    "fast": {"name": "fast", "averaging": 0.5},
    "patience": {"patience": 2},
    "patience and averaging": {"patience": 1, "averaging": 0.8},
}


@pytest.mark.parametrize("changes", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize("step", [0, 1, 7, STEPS - 1])
def test_a_resumed_run_ends_as_one_that_was_never_interrupted(changes, step, path, at_step):
    networks = configurations(**changes)
    whole = run(networks=networks)
    last = max(whole.stopped_at)
    at_step(min(step, last - 1), crash)
    with pytest.raises(Crash):
        run(path, networks)
    assert path.exists() == (step > 0)
    resumed = run(path, networks)
    assert_same(whole, resumed)
    assert_same(whole, run(path, networks))  # a finished run is read, not trained again


def test_patience_has_stopped_some_networks_in_these_runs():
    assert len(set(run(networks=configurations(patience=2)).stopped_at)) > 1


def test_a_run_may_be_interrupted_many_times(path, at_step):
    for step in (3, 4, 11):
        at_step(step, crash)
        with pytest.raises(Crash):
            run(path)
    assert_same(run(), run(path))


def test_a_network_that_diverged_stays_so_and_is_told_of_once(path, at_step, monkeypatch):
    begin = loop.untrained

    def poisoned(networks, **options):
        ensemble, worlds = begin(networks, **options)
        with torch.no_grad():
            ensemble.core.recurrent[1] = torch.nan
        return ensemble, worlds

    monkeypatch.setattr(loop, "untrained", poisoned)
    with pytest.warns(DivergenceWarning):
        whole = run()
    at_step(9, crash)
    with pytest.warns(DivergenceWarning), pytest.raises(Crash):
        run(path)
    resumed = run(path)
    assert resumed.diverged.tolist() == whole.diverged.tolist() == [False, True, False]
    np.testing.assert_array_equal(resumed.stopped_at, whole.stopped_at)
    np.testing.assert_array_equal(resumed.losses, whole.losses)


def test_seconds_are_those_of_all_sessions(path, at_step):
    at_step(12, crash)
    with pytest.raises(Crash):
        run(path)
    before = load_checkpoint(path)[2]["seconds"]
    assert 0 < before < run(path).seconds


# ---- Ctrl-C


def test_control_c_ends_after_the_step_saves_and_resumes_to_the_same(path, at_step):
    handler = signal.getsignal(signal.SIGINT)
    at_step(11, press_control_c)
    with pytest.raises(KeyboardInterrupt, match=f"stopped after step 12; saved in {path}"):
        run(path, checkpoint_every=1e6)
    assert signal.getsignal(signal.SIGINT) is handler
    assert load_checkpoint(path)[2]["step"] == 12
    assert_same(run(), run(path))


def test_a_second_control_c_acts_at_once(path, at_step):
    handler = signal.getsignal(signal.SIGINT)
    at_step(5, lambda: (press_control_c(), press_control_c()))
    with pytest.raises(KeyboardInterrupt):
        run(path, checkpoint_every=1e6)
    assert signal.getsignal(signal.SIGINT) is handler
    assert not path.exists()


def test_control_c_without_a_checkpoint_says_where_it_stopped(at_step):
    at_step(2, press_control_c)
    with pytest.raises(KeyboardInterrupt, match=r"stopped after step 3$"):
        run()


def test_control_c_while_a_file_is_written_leaves_the_old_one(path, monkeypatch):
    write_whole(path, b"old")

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == [path.name]


# ---- a disk that is full


@contextlib.contextmanager
def small_disk():
    """Let the system refuse files above 8 KiB, as a full disk would in the middle of a file.

    Never for longer than the write: pytest's own output may go to a file that is longer already.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_does_not_fit_leaves_the_old_one(path):
    write_whole(path, b"old")
    with pytest.raises(OSError, match=f"cannot write {path}: .* before is unharmed"), small_disk():
        write_whole(path, bytes(100_000))
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == [path.name]


def test_a_full_disk_in_mid_run_loses_nothing_that_was_saved(path, at_step, monkeypatch):
    sync = os.fsync

    def no_space(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    at_step(9, lambda: monkeypatch.setattr(os, "fsync", no_space))
    with pytest.raises(
        OSError, match=r"cannot write .*: No space left on device; .* unharmed"
    ) as e:
        run(path)
    assert e.value.errno == errno.ENOSPC
    monkeypatch.setattr(os, "fsync", sync)
    assert os.listdir(path.parent) == [path.name]
    assert load_checkpoint(path)[2]["step"] == 9
    assert_same(run(), run(path))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match=r"cannot write .*file/run: .*"):
        write_whole(tmp_path / "file" / "run", b"")


# ---- what is not a whole checkpoint of this run


@pytest.fixture
def saved(path):
    tensors = {
        "a": torch.arange(6.0).reshape(2, 3),
        "step": torch.tensor(3.0),
        "none": torch.empty(0, 2),
    }
    save_checkpoint(path, tensors, configurations(), {"step": 3, "note": "µ"})
    return path


@pytest.fixture
def as_users_see_it(monkeypatch):
    """Switch the type checks of the test run off, which users do not have."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def test_what_is_saved_is_what_is_loaded(saved):
    tensors, networks, progress = load_checkpoint(saved, configurations())
    assert networks == configurations()
    assert progress == {"step": 3, "note": "µ"}
    assert torch.equal(tensors["a"], torch.arange(6.0).reshape(2, 3))
    assert tensors["step"].shape == ()
    assert tensors["none"].shape == (0, 2)


@pytest.mark.usefixtures("as_users_see_it")
def test_one_wrong_byte_anywhere_is_noticed(saved):
    """A flip of the right bits can make another valid file; no value in it is believed."""
    whole = saved.read_bytes()
    for place in [*range(0, len(whole), 11), *range(len(whole) - 32, len(whole))]:
        for flip in (1, 128):
            damaged = bytearray(whole)
            damaged[place] ^= flip
            saved.write_bytes(damaged)
            with pytest.raises(ValueError, match=f"path must be a .*{saved}"):
                load_checkpoint(saved)


@pytest.mark.usefixtures("as_users_see_it")
def test_a_file_cut_short_anywhere_is_noticed(saved):
    whole = saved.read_bytes()
    for size in [0, 1, 7, 8, 9, *range(20, len(whole), 97), len(whole) - 1]:
        saved.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"damaged or cut short .*; delete it to begin again"):
            load_checkpoint(saved)
    saved.write_bytes(whole + b"more")
    with pytest.raises(ValueError, match="damaged"):
        load_checkpoint(saved)


def test_other_files_are_refused_and_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    torch.save({"trap": Trap()}, tmp_path / "pickle")
    (tmp_path / "text").write_text("weights\n" * 100)
    for name in ("pickle", "text"):
        with pytest.raises(ValueError, match=r"path must be a whole checkpoint, but .* is damaged"):
            load_checkpoint(tmp_path / name)
    assert not (tmp_path / "sprung").exists()
    save_file({"a": torch.zeros(2)}, tmp_path / "foreign")
    with pytest.raises(ValueError, match=r"path must be a checkpoint of this version, .* is None"):
        load_checkpoint(tmp_path / "foreign")
    for missing in (tmp_path / "none", tmp_path):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            load_checkpoint(missing)


def test_settings_of_another_version_are_refused(saved):
    with safe_open(saved, framework="pt") as file:
        metadata, tensors = file.metadata(), {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    records = json.loads(metadata["configurations"])
    metadata["configurations"] = json.dumps([r | {"protocol.mood": "good"} for r in records])
    metadata["checksum"] = checkpoints._checksum(tensors, metadata)
    save_file(tensors, saved, metadata)
    with pytest.raises(ValueError, match=r"that this version can read, .* is not: .*mood"):
        load_checkpoint(saved)


def test_a_checkpoint_of_other_networks_is_refused_and_kept(path):
    run(path)
    before = path.read_bytes()
    base = configurations()
    others = [
        (configurations(n_units=7), r"n_units = 6 in replicate 0, not 7"),
        (configurations(learning_rate=0.1), r"protocol.learning_rate = 0.001 in replicate 0, not"),
        (base[:2], "must be a checkpoint of 2 networks, .* has 3"),
        ([base[0], base[2], base[1]], "n_tasks = 3 in replicate 1, not 4"),
    ]
    for networks, message in others:
        with pytest.raises(ValueError, match=message) as error:
            run(path, networks)
        assert "\n" not in str(error.value)
    with pytest.raises(
        ValueError, match=r"records must be as in .*, one every 2 steps, got one every 1"
    ):
        run(path, records=STEPS)
    assert path.read_bytes() == before


def test_a_checkpoint_can_be_read_while_it_is_replaced(tmp_path):
    path, stop = tmp_path / "busy.safetensors", threading.Event()

    def write():
        step = 0
        while not stop.is_set():
            step += 1
            tensors = {"weights": torch.full((50, step % 7 + 1), float(step))}
            save_checkpoint(path, tensors, [Configuration()], {"step": step})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not path.exists():
            pass
        for _ in range(300):
            tensors, _, progress = load_checkpoint(path)
            assert (tensors["weights"] == progress["step"]).all()
    finally:
        stop.set()
        writer.join()
