"""The deliberate faults can still be made. Finding them takes too long here: see docs/developers/simulation.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.simulation.mutation import Mutation
from tests.simulation.mutations import MUTATIONS, ROOT


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_has_its_place_in_the_code_of_today(mutation: Mutation, tmp_path: Path) -> None:
    copy = tmp_path / mutation.path
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / mutation.path, copy)
    mutation.apply(tmp_path)
    assert copy.read_text() != (ROOT / mutation.path).read_text()
    compile(copy.read_text(), mutation.path, "exec")
