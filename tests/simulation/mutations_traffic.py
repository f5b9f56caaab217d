"""Deliberate faults in changes that are made in parts."""

from __future__ import annotations

from tests.simulation.mutation import Mutation

TRAFFIC = "traffic"
PARTS, RESOURCE = "provisioner/engine/parts.py", "provisioner/engine/resource.py"
UP, WALKS = "provisioner/operations/runs/apply.py", "provisioner/operations/runs/walks.py"
APPLY = "provisioner/engine/execution/apply.py"
NARROW, PLAN = "provisioner/engine/execution/narrowing.py", "provisioner/engine/planning/plan.py"
ACTIONS, DECLARED = "provisioner/resources/elbv2/actions.py", "provisioner/engine/declaration.py"

DRAIN_AND_NARROW = """
        self.drain.run()
        if self.apply.wider:
            self._wait_until_stopped(aws)
        self.narrow.run()
        """

FAULTS = (
    Mutation(
        "nothing is kept while others use it",
        TRAFFIC,
        PARTS,
        """
        return desired.widened(before, live)
        """,
        """
        return desired
        """,
    ),
    Mutation(
        "the former part goes before what ran with it",
        TRAFFIC,
        WALKS,
        DRAIN_AND_NARROW,
        """
        self.narrow.run()
        self.drain.run()
        """,
    ),
    Mutation(
        "the former part goes although something failed",
        TRAFFIC,
        UP,
        """
        walks.tell_what_stays(emit, "an `up` succeeds")
        raise
        """,
        """
        walks.apply.wider = {a: one for a, one in walks.apply.wider.items() if a in walks.apply.observed}
        walks.narrow.run()
        raise
        """,
    ),
    Mutation(
        "the former part never goes",
        TRAFFIC,
        WALKS,
        DRAIN_AND_NARROW,
        """
        self.drain.run()
        """,
    ),
    Mutation(
        "traffic moves before what takes it is ready",
        TRAFFIC,
        PARTS,
        """
        return desired.widened(before, live)
        """,
        """
        return desired.shifted(before, live)
        """,
    ),
    Mutation(
        "traffic moves after what took it is gone",
        TRAFFIC,
        WALKS,
        """
        self.shift.run()
        going = [record for walk in (self.divert, self.drain, self.destroy) for record in walk.records.values()]
        for resource_type in dict.fromkeys(map(type_of, going)):
            # finds resources that an interrupted teardown left half deleted
            aws.mark_stale(resource_type)
        self.divert.run()
        self.drain.run()
        """,
        """
        going = [record for walk in (self.divert, self.drain, self.destroy) for record in walk.records.values()]
        for resource_type in dict.fromkeys(map(type_of, going)):
            # finds resources that an interrupted teardown left half deleted
            aws.mark_stale(resource_type)
        self.divert.run()
        self.drain.run()
        self.shift.run()
        """,
    ),
    Mutation(
        "a pool leaves when its traffic has moved",
        TRAFFIC,
        ACTIONS,
        """
        shares = dict.fromkeys(former, 0) | new
        """,
        """
        return wanted
        """,
    ),
    Mutation(
        "traffic that has moved goes back at the next run",
        TRAFFIC,
        ACTIONS,
        """
        if shifted or not any(former.values()):
        """,
        """
        former = dict.fromkeys(former, 1)
        if shifted:
        """,
    ),
    Mutation(
        "recover records what is declared of what is wider",
        TRAFFIC,
        "provisioner/operations/state_admin/recovery.py",
        """
        desired = filled(item.resource, self._output).widened(former(record, live), live)
        """,
        """
        desired = filled(item.resource, self._output)
        """,
    ),
    Mutation(
        "what somebody else added is kept",
        TRAFFIC,
        RESOURCE,
        """
        return [*wanted, *(one for one in live or () if canonical(one) in asked and canonical(one) not in new)]
        """,
        """
        return [*wanted, *(one for one in live or () if canonical(one) not in new)]
        """,
    ),
    Mutation(
        "nobody asks what is still in use",
        TRAFFIC,
        APPLY,
        """
        if part != "widened" and isinstance(now, WaitsForUsers) and (use := now.still_in_use(self.aws, live)):
            return Wait(use, desired.delete_timeout, Until.READY, retry=True)
        """,
        "",
    ),
    Mutation(
        "the plan says nothing of a second part",
        TRAFFIC,
        PLAN,
        """
        later = {name: change for name, change in rest(desired, wider, live).items() if name in changes}
        """,
        """
        later: dict[str, Change] = {}
        """,
    ),
    Mutation(
        "what is new is begun beside what it starts after",
        TRAFFIC,
        DECLARED,
        """
        if not one.order_only or (one.is_new(standing) and (stands or not one.for_changes))
        """,
        """
        if not one.order_only
        """,
    ),
)
