"""The state in S3 under faults of the network, the bucket, its users and its machines: a sample, and past findings."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from typing import Any

import pytest
from greenlet import getcurrent

from provisioner.state.lease import FREE, LOCK, Lease
from provisioner.state.model import RERUN, Record, Run, State, StateError, StateLocked
from provisioner.state.objects import Objects, Taken
from provisioner.state.s3_read import DOCUMENT, read
from tests.simulation.bucket import ATTEMPTS, FATES, Network
from tests.simulation.hub import Process, Violation
from tests.simulation.place import Place, burst, record, store
from tests.simulation.s3 import live, run
from tests.simulation.s3_life import Command, Deed, Life, Op, drawn
from tests.simulation.s3_model import Model
from tests.simulation.shrink import as_code

SAMPLE = 150
PUT, MORE, OTHER = Op("put", "a/0", 1), Op("put", "a/1", 2), Op("put", "b/0", 2)


def at(op: Op, think: float) -> Op:
    return Op(op.verb, op.address, op.seed, think)


LIVES = {
    # the fact was acknowledged, but the document written at the same moment lacked it
    "a fact that is written while the state closes": Life(
        0, commands=(Command("first", 1, 0.0, leaves=0.03, threads=((PUT,),)),)
    ),
    # the next entry got a number of the old journal in the new one, whose first entry was missing: it was unreadable
    "an entry that is written while the document is": Life(
        0, commands=(Command("first", 1, 0.0, leaves=0.05, threads=((PUT, PUT, MORE),)),)
    ),
    # one thread's record failed for all threads that shared its object
    "what cannot be written down is refused to whoever hands it in": Life(
        1, commands=(Command("first", 1, 0.0, threads=((PUT,), (Op("bad", "b/0", 1),), (Op("put", "c/0", 2),))),)
    ),
    # a reader had seen it; then the writer, after an error for it, folded it away
    "a refused fact that is there all the same": Life(
        1,
        commands=(Command("first", 1, 0.0, threads=((at(PUT, 1.0),),), fates=burst(7, "error after")),),
        visits=(3.0,),
    ),
    # the writer mistook its own earlier renewal for the later one, and trusted its lease for longer than S3 did
    "a renewal whose answer is lost does not count from the next one": Life(
        1,
        commands=(
            Command("first", 1, 0.0, threads=((at(PUT, 66.0),),), fates=burst(7, "error after"), sleeps=((42, 25.0),)),
            Command("second", 2, 84.0, machine="two", threads=((OTHER,),)),
        ),
    ),
    # the renewed lease had expired again before the renewal was answered, and another command had taken it over
    "a renewal that takes longer than the lease": Life(
        2,
        lease=6.0,
        commands=(
            Command("first", 2, 0.0, threads=((Op("put", "a/0", 2, 1.0),),), fates=((9, "slow"),), sleeps=((20, 5.4),)),
            Command("second", 2, 1.0, machine="two", wait=True, threads=((OTHER,),)),
        ),
    ),
    # the first fact was refused since the lease could not be renewed, but the second one was written
    "nothing is written after a refusal": Life(
        1,
        lease=6.0,
        commands=(
            Command(
                "first",
                1,
                0.0,
                threads=((at(PUT, 1.0), Op("put", "a/0", 3, 1.0)),),
                fates=burst(8, "error", 2 * ATTEMPTS),
                sleeps=((19, 6.5),),
            ),
        ),
    ),
    # entries went to the journal of a document that had not been written
    "nothing is written after a document that could not be": Life(
        1,
        commands=(
            Command("first", 1, 0.0, first="guard", threads=((at(PUT, 1.0), at(MORE, 40.0)),), fates=burst(7, "error")),
        ),
        visits=tuple(range(10, 60, 5)),
    ),
    # a reader had seen the binding; then the command, after an error for it, took it back
    "a refused document that is there all the same": Life(
        1, commands=(Command("first", 1, 0.0, first="guard", fates=burst(7, "error after")),), visits=(3.0,)
    ),
    "a refused exchange of the state that is there all the same": Life(
        1, commands=(Command("first", 1, 0.0, first="swap", fates=burst(9, "error after")),), visits=(3.0,)
    ),
    # the serials of the earlier document came again, and with them the seals of commands killed meanwhile
    "an earlier document is put back": Life(
        0,
        commands=(
            Command("first", 1, 0.0, first="guard", threads=((PUT,),)),
            Command("second", 2, 3.0, kill_at=20, threads=((Op("put", "b/0", 1),),)),
        ),
        deeds=(Deed("earlier", 100.0, 1),),
    ),
    # the new document began with the serial of the deleted one, and two sessions wrote one journal
    "lock and document are deleted while a command is at work": Life(
        0,
        commands=(
            Command("first", 1, 0.0, threads=((at(PUT, 4.0),),)),
            Command("second", 2, 3.0, machine="two", threads=((Op("put", "b/0", 1, 2.0),),)),
        ),
        visits=(7.0, 9.0, 12.0, 14.0),
        deeds=(Deed("both", 2.0),),
    ),
    "the document is deleted while a command is asleep": Life(
        0,
        commands=(
            Command("first", 1, 0.0, stopped=True, sleeps=((19, 100.0),), threads=((at(PUT, 1.0),),)),
            Command("second", 2, 70.0, machine="two", threads=((Op("put", "b/0", 1, 40.0),),)),
        ),
        visits=(72.0, 75.0, 90.0, 101.0, 110.0),
        deeds=(Deed("document", 30.0),),
    ),
}


@pytest.mark.parametrize("name", LIVES)
def test_what_was_found_stays_mended(name: str) -> None:
    live(LIVES[name])


def test_a_sample_of_lives() -> None:
    seen = Counter[str]()
    for seed in range(SAMPLE):
        seen += run(seed)
    assert {f"PutObject {fate}" for fate in FATES} - {"PutObject torn"} <= seen.keys()
    assert {
        "put",
        "put: lost the state lock",
        "open: locked",
        "killed",
        "asleep",
        "close",
        "swap",
        "guard",
    } <= seen.keys()


def test_a_seed_decides_everything() -> None:
    for seed in (3, 7, 11):
        stories: list[list[str]] = [[], []]
        for story in stories:
            live(drawn(seed), story.append)
        assert stories[0] == stories[1]
        assert len(stories[0]) > 10


def test_each_smaller_life_is_another_one_and_can_be_pasted() -> None:
    for seed in range(20):
        life = drawn(seed)
        assert all(smaller != life for smaller in life.smaller())
        assert eval(as_code(life), globals() | {"Network": Network}) == life  # noqa: S307 (our own)


# -- one command at a bucket -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [{"tags": {"a"}}, {"by": object()}])
def test_a_record_that_cannot_be_written_keeps_nobody_waiting(bad: dict[str, object]) -> None:
    """Neither the writers of the same journal object nor later ones wait for ever."""

    def work(process: Process, objects: Objects) -> None:
        with store(objects, process) as opened:

            def put(one: Record) -> None:
                try:
                    opened.put(one)
                except (StateError, TypeError, ValueError):
                    assert one.address == "vpc/bad"

            threads = [
                process.start(partial(put, one), "put")
                for one in (record("vpc/a"), record("vpc/bad", **bad), record("vpc/b"))
            ]
            for thread in threads:
                thread.join()
            opened.put(record("vpc/c"))
        assert {"vpc/a", "vpc/b", "vpc/c"} <= read(objects, "shop", process).records.keys()

    Place().run(work)


def test_an_entry_that_has_no_effect_keeps_nobody_waiting() -> None:
    """After any failure between an entry and its effect, the other writers get an error."""

    def work(process: Process, objects: Objects) -> None:
        opened = store(objects, process)
        opened.__enter__()
        refused: list[str] = []

        def append(entry: dict[str, object]) -> None:
            try:
                opened._append(entry)
            except StateError as error:
                refused.append(str(error))

        entries: list[dict[str, object]] = [{"neither": "put nor drop"}, {"drop": "a"}]
        threads = [process.start(partial(append, entry), "put") for entry in entries]
        for thread in threads:
            thread.join()
        append({"drop": "b"})
        assert len(refused) == 3, refused

    Place().run(work)


@pytest.mark.parametrize("place", range(1, 4))
def test_an_interrupt_within_a_write_keeps_nobody_waiting(place: int) -> None:
    there = Place()

    def work(process: Process, objects: Objects) -> None:
        with store(objects, process) as opened:

            def interrupted() -> None:
                there.client.interrupts[getcurrent()] = place
                with pytest.raises(KeyboardInterrupt):
                    opened.put(record("vpc/a"))

            def refused() -> None:
                process.sleep(0.001)
                with pytest.raises(StateError, match="a write was interrupted"):
                    opened.put(record("vpc/b"))

            for thread in [process.start(interrupted, "put"), process.start(refused, "put")]:
                thread.join()
        # it may or may not have been under way
        assert read(objects, "shop", process).records.keys() == ({"vpc/a"} if place > 1 else set())

    there.run(work)


def test_a_takeover_of_a_lease_cannot_miss_a_renewal() -> None:
    """A takeover is conditional on the lease that was read: no two renewals may look the same."""
    there = Place()

    def work(process: Process, objects: Objects) -> None:
        lease = Lease(objects, "up", 60.0, lambda: None, process)
        lease.acquire()
        seen = objects.get(LOCK)
        assert seen
        process.sleep(50.0)
        with pytest.raises(Taken) as taken:
            objects.put(LOCK, b"another's", over=seen.etag)
        assert taken.value.found
        lease.release()

    there.run(work)


def test_a_lock_is_given_back_even_if_a_renewal_was_not_answered() -> None:
    there = Place()

    def work(process: Process, objects: Objects) -> None:
        lease = Lease(objects, "up", 60.0, lambda: None, process)
        lease.acquire()
        there.client.fates = dict(burst(there.client.calls + 1, "closed"))
        process.sleep(60.0)
        lease.release()
        found = objects.get(LOCK)
        assert found
        assert found.body == FREE

    there.run(work)


def test_a_lock_that_s3_does_not_take_back_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The records stay, and the first error is reported; the lease expires by itself."""
    put, notes = Objects.put, list[str]()

    def refused(self: Objects, name: str, body: bytes, **more: Any) -> str:
        if body == FREE:
            raise StateError("the lock cannot be written: no connection. " + RERUN)
        return put(self, name, body, **more)

    def work(process: Process, objects: Objects) -> None:
        monkeypatch.setattr(Objects, "put", refused)
        with store(objects, process, notes.append) as opened:
            opened.put(record("vpc/a"))
        assert read(objects, "shop", process).records.keys() == {"vpc/a"}
        process.sleep(70.0)
        found = objects.get(DOCUMENT)
        assert found
        put(objects, DOCUMENT, b"{torn", over=found.etag)
        with pytest.raises(StateError, match="is incomplete or not JSON"):
            store(objects, process, notes.append).__enter__()

    Place().run(work)
    words = "the state lock was not released (the lock cannot be written: no connection): it expires in 60 s"
    assert notes == [words] * 2


def test_what_s3_hides_for_a_while_is_neither_changed_nor_locked() -> None:
    """Another command begins while S3 reports the new document and lock as missing."""
    there = Place()
    there.bucket.hides = 5.0

    def work(process: Process, objects: Objects) -> None:
        with store(objects, process) as opened:
            opened.put(record("vpc/a"))
        assert read(objects, "shop", process).records.keys() == {"vpc/a"}
        with store(objects, process) as opened:
            opened.put(record("vpc/b"))
        with store(objects, process) as opened:
            opened.keep("state.kept.json", b"{}")
            assert objects.etag("state.kept.json")
            with pytest.raises(StateLocked, match="`provision up` by"):
                store(objects, process).__enter__()
        assert read(objects, "shop", process).records.keys() == {"vpc/a", "vpc/b"}

    there.run(work)


def test_a_document_whose_answer_was_lost_is_known_as_our_own() -> None:
    """The command that could not know ends, but its final run entry is still written."""
    there = Place()

    def work(process: Process, objects: Objects) -> None:
        with store(objects, process) as opened:
            opened.put(record("vpc/a"))
            there.client.fates = dict(burst(there.client.calls + 1, "closed"))
            with pytest.raises(StateError, match=r"state.json cannot be written"):
                opened.guard("shop", "123456789012", "ap-northeast-1")
            with pytest.raises(StateError, match=r"state.json cannot be written"):
                opened.put(record("vpc/b"))
            opened.finish(Run("up", 1.0, 1.0, "failed"))
        state = read(objects, "shop", process)
        assert (list(state.records), [run.result for run in state.history]) == (["vpc/a"], ["failed"])

    there.run(work)


def test_a_kept_document_written_by_another_is_one_error() -> None:
    there = Place()

    def work(process: Process, objects: Objects) -> None:
        with store(objects, process) as opened:
            there.client.fates = {there.client.calls + 3: "reset"}
            with pytest.raises(StateError, match="was written by another command"):
                opened.keep("state.kept.json", b"{}")

    def somebody(process: Process) -> None:
        while not there.client.fates or there.client.calls < min(there.client.fates):
            process.sleep(0.005)
        there.bucket.write("shop/state.kept.json", json.dumps({}).encode(), {})

    there.run(work, somebody)


def test_a_promise_that_is_broken_is_noticed() -> None:
    model = Model(strict=True)
    first, second = model.session("first"), model.session("second")
    model.opened(first, model.look(), State("shop"), superseded=False)
    fact = model.begin(first, "vpc/a", "id-1")
    model.done(fact)
    with pytest.raises(Violation, match="it may be"):
        model.seen(model.look(), State("shop"), "a reader")
    with pytest.raises(Violation, match="it may be"):
        model.opened(second, model.look(), State("shop", records={"vpc/b": record("vpc/b")}), superseded=False)
    more = model.begin(first, "vpc/a", "id-2")
    model.opened(second, model.look(), State("shop", records={"vpc/a": record("vpc/a")}), superseded=False)
    with pytest.raises(Violation, match="lost the state"):
        model.done(more)
    with pytest.raises(Violation, match="lost the state"):
        model.done(model.begin(first, "vpc/a", "id-3"))
