"""Deliberate faults in the engine."""

from __future__ import annotations

from tests.simulation.mutation import Mutation

ENGINE = "engine"
APPLY, DESTROY, FIND = (
    "provisioner/engine/execution/apply.py",
    "provisioner/engine/execution/destroy.py",
    "provisioner/engine/records/lookup.py",
)
WALK, PLAN, RUN = (
    "provisioner/engine/scheduling/scheduler.py",
    "provisioner/engine/planning/plan.py",
    "provisioner/engine/scheduling/progress.py",
)
AWS, UP = "provisioner/aws/inventory.py", "provisioner/operations/runs/apply.py"
DOWN, OUTDATED = "provisioner/operations/runs/destroy.py", "provisioner/engine/execution/replacement.py"
INTENTS = "provisioner/engine/execution/intents.py"
RECORDED, REFUSED = "provisioner/engine/records/consistency.py", "provisioner/engine/planning/refusals.py"
STORE = "state/store.py"

FAULTS = (
    Mutation(
        "what is recorded and not listed is made at once",
        ENGINE,
        APPLY,
        """
        if age is not None and self.aws.pace.young(age - lasted, listed_within(type(desired), record)):
        """,
        """
        if age is not None and live and self.aws.pace.young(age - lasted, listed_within(type(desired), record)):
        """,
    ),
    Mutation(
        "the list of the start is believed",
        ENGINE,
        APPLY,
        """
        live = self._find(desired, record, fresh=True)
        """,
        "",
    ),
    Mutation(
        "the intent is not recorded",
        ENGINE,
        APPLY,
        """
        self.store.put(intent)
        self._tried[desired.address] = result
        """,
        """
        self._tried[desired.address] = result
        """,
    ),
    Mutation(
        "a refusal takes the record of the living resource away",
        ENGINE,
        INTENTS,
        """
        if before:
            store.put(before)
        else:
            store.drop(address)
        """,
        """
        store.drop(address)
        """,
    ),
    Mutation(
        "an intent is taken back although the call may have had its effect",
        ENGINE,
        INTENTS,
        """
        if errors.refused_write(error):
        """,
        """
        if True:
        """,
    ),
    Mutation(
        "what a killed down was removing counts as alive",
        ENGINE,
        OUTDATED,
        """
        if live is None or record.phase == "deleting":
            return None if live is not None and live.deleting else age
        """,
        """
        if live is None:
            return age
        """,
    ),
    Mutation(
        "what is not recorded is adopted at once",
        ENGINE,
        OUTDATED,
        """
        ghost = None if desired.retained else store.age()
        """,
        """
        ghost = None
        """,
    ),
    Mutation(
        "nobody waits for ready",
        ENGINE,
        APPLY,
        """
        if dependency.ready and dependency.address not in done:
            return False
        """,
        "",
    ),
    Mutation(
        "the tag of a renamed resource keeps its old address",
        ENGINE,
        APPLY,
        """
        self.aws.tag(type(desired), live, desired.address)
        """,
        "",
    ),
    Mutation(
        "a plan that holds a refusal is carried out",
        ENGINE,
        UP,
        """
        refuse(planned, store.records, emit)
        """,
        "",
    ),
    Mutation(
        "a change that AWS cannot make is not refused",
        ENGINE,
        REFUSED,
        """
        if stuck:
        raise ReplacementRequired(f"{desired.address} cannot be changed in place: {'; '.join(stuck)}")
        """,
        "",
    ),
    Mutation(
        "an orphan that goes on under another address is removed",
        ENGINE,
        DESTROY,
        """
        why = STAYS if (record.type, live.id) in self._staying else why_left(self.aws, resource_type, live)
        """,
        """
        why = why_left(self.aws, resource_type, live)
        """,
    ),
    Mutation(
        "what others use is removed",
        ENGINE,
        DESTROY,
        """
        why = STAYS if (record.type, live.id) in self._staying else why_left(self.aws, resource_type, live)
        """,
        """
        why = STAYS if (record.type, live.id) in self._staying else ""
        """,
    ),
    Mutation(
        "what is not listed is forgotten at once",
        ENGINE,
        DESTROY,
        """
        if live is None and (hidden := self._hidden(record, age)):
            return hidden
        if live is None:
            self._drop(record, self._result_if_absent(record, resource_type))
            return None
        # a resource found by name or tag may be recorded under another address by now
        """,
        """
        if live is None:
            self._drop(record, self._result_if_absent(record, resource_type))
            return None
        # a resource found by name or tag may be recorded under another address by now
        """,
    ),
    Mutation(
        "what has no id is listed as soon as all else",
        ENGINE,
        FIND,
        """
        if issubclass(resource_type, ListedLate) and not (record and record.id):
            return resource_type.listed_within
        return LISTED_WITHIN
        """,
        """
        return LISTED_WITHIN
        """,
    ),
    Mutation(
        "what was never there is told as removed",
        ENGINE,
        DESTROY,
        """
        return "unchanged" if resource_type.created_by_aws else "not_found"
        """,
        """
        return "deleted"
        """,
    ),
    Mutation(
        "gone is believed at the first look",
        ENGINE,
        DESTROY,
        """
        if live is None and (hidden := self._hidden(record, age)):
            return hidden
        if live is None:
            self._drop(record, "deleted")
            return None
        self._observed[address] = live
        """,
        """
        if live is None:
            self._drop(record, "deleted")
            return None
        self._observed[address] = live
        """,
    ),
    Mutation(
        "resources are removed in any order",
        ENGINE,
        DESTROY,
        """
        return freed or dependency.address in done
        """,
        """
        return True
        """,
    ),
    Mutation(
        "a record is dropped when its removal is accepted",
        ENGINE,
        DESTROY,
        """
        self._accepted.add(record.address)
        return Wait(
            _awaited(live), resource_type.delete_timeout, Until.READY, blockers=self._asking(record, resource_type)
        )
        """,
        """
        self._accepted.add(record.address)
        self._drop(record, "deleted")
        return None
        return Wait(
            _awaited(live), resource_type.delete_timeout, Until.READY, blockers=self._asking(record, resource_type)
        )
        """,
    ),
    Mutation(
        "what stands under our name is ours",
        ENGINE,
        FIND,
        """
        if not live.owned:
        """,
        """
        if False:
        """,
    ),
    Mutation(
        "one resource may be two addresses'",
        ENGINE,
        FIND,
        """
        return bool(known) and address != (live.address if live.address in known else next(iter(known)))
        """,
        """
        return False and address != (live.address if live.address in known else next(iter(known)))
        """,
    ),
    Mutation(
        "a timeout never begins anew",
        ENGINE,
        WALK,
        """
        clocks = self._since[address] = {clock: at for clock, at in clocks.items() if clock[0] >= reason.until}
        """,
        """
        clocks = self._since[address] = {clock: at for clock, at in clocks.items()}
        """,
    ),
    Mutation(
        "Ctrl-C is not looked for",
        ENGINE,
        WALK,
        """
        while not self._pace.stop.is_set() and self._unrecorded is None:
        """,
        """
        while self._unrecorded is None:
        """,
    ),
    Mutation(
        "a lost answer is followed by no new look",
        ENGINE,
        RUN,
        """
        except OutcomeUnknown as unclear:
            aws.mark_stale(resource_type, ids())
        """,
        """
        except OutcomeUnknown as unclear:
        """,
    ),
    Mutation(
        "what was just made is known from the lists only",
        ENGINE,
        AWS,
        """
        resources[made] = live
        """,
        """
        pass
        """,
    ),
    Mutation(
        "orphans go before what is declared comes",
        ENGINE,
        UP,
        """
        walks.apply.run()
        for text in notes(aws, stack):
            emit(Notice(text))
        if target_step is None:
            walks.take_away(aws)
        """,
        """
        walks.take_away(aws)
        walks.apply.run()
        """,
    ),
    Mutation(
        "the plan removes what goes on under another address",
        ENGINE,
        PLAN,
        """
        return not (stays or on or named)
        """,
        """
        return not (stays or named)
        """,
    ),
    Mutation(
        "a change that does not show is asked for at each look",
        ENGINE,
        "provisioner/engine/execution/change_requests.py",
        """
        return sent.times < MAX_SENDS and now > sent.at + PAUSE * 2 ** (sent.times - 1)
        """,
        """
        return True
        """,
    ),
    Mutation(
        "an output that is not shown for a while is forgotten",
        ENGINE,
        APPLY,
        """
        return replace(live, outputs={**before.outputs, **live.outputs})
        """,
        """
        return live
        """,
    ),
    Mutation(
        "what is built on a former record does not count",
        ENGINE,
        RECORDED,
        """
        TopologicalSorter(wider).prepare()
        """,
        """
        wider = dependencies
        """,
    ),
    Mutation(
        "down does not ask whose the recorded resources are",
        ENGINE,
        DOWN,
        """
        check_owned(aws, going)
        """,
        "",
    ),
    Mutation(
        "down does not look for protection before it begins",
        ENGINE,
        DOWN,
        """
        if not unprotect:
        """,
        """
        if False:
        """,
    ),
    Mutation(
        "an intent of another name is not looked for",
        ENGINE,
        FIND,
        """
        other = any(canonical(arguments.get(name)) != canonical(fields[name]) for name in resource_type.identity)
        """,
        """
        other = False
        """,
    ),
    Mutation(
        "the calendar says how old a record is",
        ENGINE,
        STORE,
        """
        return self.runtime.now() - self._written.get(address, self._opened)
        """,
        """
        if address in self._written:
            return self.runtime.time() - self.records[address].changed
        return self.runtime.now() - self._opened
        """,
    ),
)
