"""The embedded cloud's registry keeps its files in a directory of its own."""

from __future__ import annotations

from pathlib import Path

from ecs_emulator.registry import storage


def test_a_symbolic_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    other, state = tmp_path / "other", tmp_path / ".provision"
    (other / "blobs").mkdir(parents=True)
    (other / "blobs" / "thesis").write_text("mine")
    state.mkdir()
    (state / "registry").symlink_to(other)
    storage.begin(5000, str(state))
    storage.upload_file("1").write_text("x")
    storage.empty()
    storage.end()
    assert (other / "blobs" / "thesis").read_text() == "mine"
    assert sorted(path.name for path in other.iterdir()) == ["blobs"]
