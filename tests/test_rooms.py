"""The package's rooms stand in the order data flows; imports only point back up the list."""

import ast
from pathlib import Path

import pytest

import trilateration

PACKAGE = Path(trilateration.__file__).parent
# The private modules and the chapters' parameters come before every room.
ORDER = [
    "_arrays",
    "_checks",
    "parameters",
    "evidence",
    "tasks",
    "observer",
    "networks",
    "training",
    "readout",
    "geometry",
    "statistics",
    "sweeps",
    "claims",
    "figures",
    "_commands",
    "__main__",
]
MODULES = sorted(
    p.relative_to(PACKAGE)
    for p in PACKAGE.rglob("*.py")
    if p.parent != PACKAGE or p.name != "__init__.py"
)


def room_of(module: Path) -> str:
    return module.parts[0].removesuffix(".py")


def rooms_imported(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write imports in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        parts = [name.split(".") for name in names if name.startswith("trilateration.")]
        found |= {part[1] for part in parts}
    return found


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_up_the_list(module):
    room = room_of(module)
    assert room in ORDER, f"{room} has no place in the order yet"
    allowed = set(ORDER[: ORDER.index(room) + 1])
    assert rooms_imported(module) <= allowed


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_is_one_a_reader_can_hold(module):
    assert len((PACKAGE / module).read_text().splitlines()) <= 420, f"make {module} a folder"
