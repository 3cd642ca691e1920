import functools
import shutil

import pytest
from test_rooms import MODULES, room_of, rooms_imported

import trilateration
from trilateration.sweeps import decoding_scores, identity
from trilateration.training import Configuration


def measure(trained):
    return trained


class Nested:
    def measure(self):
        pass


def test_equal_configurations_have_equal_keys_and_others_not():
    keys = [
        identity.configuration_key(c)
        for c in (
            Configuration(sigma=1),
            Configuration(sigma=1.0),
            Configuration(seed=1, sigma=1),
            Configuration("transformer", sigma=1),
            Configuration("transformer", sigma=1, options={"positions": True}),
        )
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


def test_a_pack_has_one_key_in_any_order():
    a, b = Configuration(seed=1), Configuration(seed=2)
    assert identity.pack_key([a, b]) == identity.pack_key([b, a]) != identity.pack_key([a])


def test_the_source_that_matters_matters(tmp_path, monkeypatch):
    source = identity.Path(trilateration.__file__).parent
    copy = tmp_path / "trilateration"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(identity.trilateration, "__file__", str(copy / "__init__.py"))

    def worlds():
        identity.source_digest.cache_clear()
        return identity.network_world(), identity.result_world(decoding_scores)

    before = worlds()
    for unrelated in ("figures/theme.py", "claims.py"):
        (copy / unrelated).write_text("# changed")
    assert worlds() == before
    (copy / "readout" / "linear.py").write_text("# changed")
    networks, results = worlds()
    assert networks == before[0]
    assert results != before[1]
    (copy / "tasks.py").write_text("# changed")
    assert worlds()[0] != before[0]
    monkeypatch.undo()
    assert worlds() == before


@pytest.mark.parametrize("rooms", [identity._TRAINING, identity._MEASURING])
def test_no_room_that_matters_is_left_out(rooms):
    imported = {
        room for module in MODULES if room_of(module) in rooms for room in rooms_imported(module)
    }
    assert imported <= {*rooms}


def test_versions_matter(monkeypatch):
    before = identity.network_world()
    monkeypatch.setattr(identity.np, "__version__", "0")
    assert identity.network_world() != before


def test_a_measure_is_told_by_its_name_source_and_arguments():
    names = [
        identity.measure_name(m)
        for m in (
            decoding_scores,
            functools.partial(decoding_scores, n_trials=100),
            functools.partial(decoding_scores, n_trials=200),
            measure,
        )
    ]
    assert len(set(names)) == 4
    assert names[0] == "trilateration.sweeps.scores.decoding_scores"
    assert names[3].startswith(f"{__name__}.measure#")


@pytest.mark.parametrize(
    "bad", [lambda trained: trained, Nested(), "r2", functools.partial(measure, object())]
)
def test_a_measure_that_cannot_be_told_from_others_is_refused(bad):
    with pytest.raises(ValueError, match=r"^measure must "):
        identity.measure_name(bad)


def test_a_processor_is_told_by_its_model_and_vectors_and_not_by_its_name_alone(monkeypatch):
    told = "model name\t: Some CPU\ncpu family\t: 26\nmodel\t\t: {}\nflags\t\t: fpu {}\n"
    seen = []
    for model, flags in ((2, "avx2 avx512f"), (17, "avx2 avx512f"), (2, "avx2")):
        text = told.format(model, flags)
        monkeypatch.setattr(identity.Path, "read_text", lambda _, own=text: own)
        seen.append(identity.processor())
    assert seen[0] == "Some CPU, family 26 model 2 (avx2 avx512f)"
    assert len(set(seen)) == 3
