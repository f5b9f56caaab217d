"""Lives that once broke a promise, by the fault. The letters are from docs/developers/simulation.md."""

from __future__ import annotations

from typing import Any

from tests.simulation.engine_life import Act, Life
from tests.simulation.stack import Item, Use


def life(*acts: Act, config: tuple[Item, ...]) -> Life:
    """Return a life that begins with a configuration."""
    return Life(0, 0, acts, config)


def up(**more: Any) -> Act:
    return Act("up", 1, **more)


def down(**more: Any) -> Act:
    return Act("down", 2, **more)


def edit(*items: Item) -> Act:
    return Act("edit", 3, to=items)


def by_hand(verb: str) -> Act:
    """Return an act of another person on our resources."""
    return Act(verb, 4)


BOX = Item("box", "main", "network")
SLOW = Item("tower", "slow", "data", "shop-dev-slow")
MEMBER = Item("member", "one", "data", "shop-dev-one")
PIECE = Item("piece", "rule", "network", whole="box/main")
TITLE = Item("title", "a", "data", "shop-dev-a")
EDITION = Item("edition", "app", "services", "shop-dev-app")
AFTER_SLOW = Use("tower/slow", ready=True, how="after")
IN_ORDER = (
    Item("tower", "a", "data", "shop-dev-x"),
    Item("tower", "b", "data", "shop-dev-y", uses=(Use("tower/a"),)),
)
EXCHANGED = (
    Item("tower", "b", "data", "shop-dev-x"),
    Item("tower", "a", "data", "shop-dev-y", uses=(Use("tower/b"),)),
)
"""The two resources of `IN_ORDER` under each other's addresses."""
LAST = Item("tower", "slow", "data", "shop-dev-slow", uses=(Use("title/user", how="after"),))
REALM = Item("realm", "main", "services", "shop-dev-realm", uses=(Use("box/main"),))
THREE_HIGH = (
    TITLE,
    Item("box", "between", "network", uses=(Use("title/a"),)),
    Item("title", "user", "data", "shop-dev-user", uses=(Use("box/between"),)),
    LAST,
)
RENAMED_BELOW = (Item("title", "b", "data", "shop-dev-a"), Item("title", "user", "data", "shop-dev-user"), LAST)
"""`THREE_HIGH` with its lowest resource renamed, and nothing between it and its dependent."""
TAGGED_AND_NOT = (TITLE, Item("common", "proof", "data", "shop-dev-proof"))
GUARDED = (
    Item("tower", "a", "data", "shop-dev-x", guard=True),
    Item("tower", "b", "data", "shop-dev-y", uses=(Use("tower/a"),)),
)
LAG = 25.0

LIVES: dict[str, Life] = {
    "G1 revising, its address and content change together": life(
        up(),
        edit(Item("build", "new", "services", "shop-dev-app", size=1)),
        up(),
        config=(Item("build", "app", "services", "shop-dev-app"),),
    ),
    "G1 named, deleted by hand, then under another address": life(
        up(),
        by_hand("delete"),
        edit(Item("member", "two", "data", "shop-dev-one")),
        up(),
        config=(MEMBER,),
    ),
    "G1 part, deleted by hand, then under another address": life(
        up(),
        Act("delete", 5),
        edit(BOX, Item("piece", "other", "network", whole="box/main")),
        up(),
        config=(BOX, PIECE),
    ),
    "G2 up makes a second one": life(
        up(kill=140, lag=LAG),
        Act("delete", 6),
        up(lag=LAG),
        config=(SLOW, Item("box", "main", "network", uses=(AFTER_SLOW,))),
    ),
    "G2 down forgets a living one": life(
        up(kill=20, lag=LAG),
        down(lag=LAG),
        config=(BOX, Item("member", "one", "data", "shop-dev-one", uses=(Use("box/main", how="after"),))),
    ),
    "G3 a revision is refused": life(
        up(),
        edit(Item("edition", "app", "services", "shop-dev-app", size=1)),
        up(faults=(("refuse", 1.0),)),
        config=(EDITION,),
    ),
    "G9 a dying one is recorded as ready": life(up(), down(kill=8, lag=LAG), up(), config=(BOX,)),
    "G9 two records with one id": life(
        up(),
        Act("rename", 4, kill=3),
        edit(BOX, Item("box", "mainm", "network")),
        up(),
        config=(BOX,),
    ),
    "G9 a record from a clock an hour ahead": life(up(kill=8, skew=3600.0), config=(BOX,)),
    "G9 the plan says none of what is then made": life(up(kill=10), config=(BOX,)),
    "G9 the plan says known after up of what is then refused": life(
        up(),
        edit(Item("box", "other", "network"), Item("box", "inner", "network", uses=(Use("box/other"),))),
        config=(BOX, Item("box", "inner", "network", uses=(Use("box/main"),))),
    ),
    "a part is looked for in a list of wholes that is older than they are": life(
        up(lag=LAG), down(), config=(BOX, PIECE)
    ),
    "what the last down removed is adopted, since lists still show it": life(
        up(), Act("down", 7, lag=LAG, flapping=True), up(), config=(BOX,)
    ),
    "a revision is removed that the lists do not show yet": Life(
        3, 0, (up(lag=LAG), Act("down", 3, lag=LAG, flapping=True)), (EDITION,)
    ),
    "a clock that is behind makes what was just made look old": life(up(lag=LAG), down(skew=3600.0), config=(BOX,)),
    "a tag whose answer is lost is told as unchanged": life(
        up(), edit(Item("title", "b", "data", "shop-dev-a")), up(faults=(("lost", 0.3),)), config=(TITLE,)
    ),
    "only the record of a protected thing that is renamed would go": life(
        up(),
        edit(Item("tower", "renamed", "data", "shop-dev-slow", guard=True)),
        up(),
        config=(Item("tower", "slow", "data", "shop-dev-slow", guard=True),),
    ),
    "a revision is made again that the lists do not show yet": life(
        up(),
        edit(Item("edition", "app", "services", "shop-dev-app", size=1)),
        up(lag=LAG),
        up(),
        config=(EDITION,),
    ),
    "a renamed thing is removed before what is built on it under its former address": life(
        up(),
        edit(*RENAMED_BELOW),
        config=THREE_HIGH,
    ),
    "an older revision is removed in place of the recorded one, and that is taken for another's": life(
        up(),
        edit(Item("edition", "app", "services", "shop-dev-app"), Item("build", "app", "services", "shop-b", size=1)),
        up(lag=LAG),
        down(),
        config=(EDITION, Item("build", "app", "services", "shop-b")),
    ),
    "recover turns round what is built on what, as is declared and was refused": life(
        up(),
        edit(*EXCHANGED),
        up(),
        Act("recover", 5),
        config=IN_ORDER,
    ),
    "an output that is not shown while a thing is changed is forgotten": life(
        up(),
        Act("delete", 5),
        edit(
            Item("tower", "slow", "data", "shop-dev-slow", size=1),
            Item("box", "main", "network", uses=(Use("tower/slow", "mark", how="hints"),)),
        ),
        up(),
        config=(SLOW, Item("box", "main", "network", uses=(Use("tower/slow", "mark", how="hints"),))),
    ),
    "E7 a change that never shows is asked for without end": life(
        up(),
        edit(Item("tower", "slow", "data", "shop-dev-slow", size=1)),
        up(faults=(("ignore", 1.0),)),
        config=(SLOW,),
    ),
    "Ctrl-C waits for all that recover has still to read": Life(
        36949,
        2,
        (
            Act("up", 2919266361),
            Act("recover", 1629723546, stop=0.5476259213621405, faults=(("lost", 0.3), ("slow", 0.3))),
        ),
    ),
    "recover records what is declared of what stands as it was": life(
        up(),
        edit(*EXCHANGED),
        up(),
        Act("recover", 5),
        Act("edit", 201063648),
        Act("forget", 3663125109),
        config=IN_ORDER,
    ),
    "what is made anew is taken for what is gone and was recorded under its id": life(
        up(),
        edit(*EXCHANGED),
        Act("untag", 2595320938),
        config=IN_ORDER,
    ),
    "what was removed is found by its tags in place of what was just created": Life(
        10192,
        0,
        (
            Act("up", 1),
            Act("down", 1482331572, gap=40.0, lag=LAG, flapping=True),
            Act("up", 2215225504, lag=LAG, flapping=True),
            Act("up", 2178063918),
        ),
        (BOX,),
        planned=False,
        idle=False,
    ),
    "a plan that is made anew for each resource goes on after Ctrl-C": Life(
        45495,
        11,
        (
            Act("up", 3266415933, kill=259, faults=(("unreachable", 0.02),)),
            Act("down step", 2878954462, stop=34.10786885633533, faults=(("slow", 0.3),)),
            Act("up", 2938470783, stop=2.87, faults=(("unreachable", 0.1), ("slow", 0.02), ("settling", 0.1))),
            Act("down", 1779998472, gap=4000.0, faults=(("slow", 0.1), ("settling", 0.3)), lag=1.0, flapping=True),
            Act("up", 2733067622, stop=0.8090770927712186, faults=(("unreachable", 0.3),)),
            Act("up", 752103594, stop=0.7924841607056321, faults=(("unreachable", 0.3), ("slow", 0.3))),
        ),
        planned=False,
    ),
    "a revision that was found is not deleted since the next list does not show it": Life(
        54992,
        1,
        (
            Act("up", 384786588, lag=25.0),
            Act("edit", 4088084278),
            Act("up", 1155676323, skew=3600.0, flapping=True),
        ),
        planned=False,
    ),
    "a clock that is set forward during a run makes what was just asked for look old": Life(
        1, 0, (up(step=(1.0, 60.0), faults=(("lost", 0.35),), lag=LAG),), (BOX,)
    ),
    "a clock that is set back during a run makes what an earlier one asked for look new for an hour": Life(
        1, 0, (up(kill=8),), (BOX,), step=(1.0, -3600.0)
    ),
    "down believes a list that was older at the end of a slow read than at its beginning": Life(
        771500615,
        2,
        (Act("up", 1738128295, lag=25.0), Act("down", 4240871473, faults=(("slow", 0.1),))),
        planned=False,
        idle=False,
    ),
    "down forgets what AWS lists only when it works": life(up(kill=24), down(), config=(BOX, REALM)),
    "recover forgets what AWS lists only when it works": life(up(kill=24), Act("recover", 5), config=(BOX, REALM)),
    "the plan says nothing of a record whose removal had begun and whose name goes on": Life(
        5001029, 3, (Act("up", 3406141613), Act("down", 1337753337, kill=17), Act("rename", 3361763140)), idle=False
    ),
    "the plan says nothing of a record whose resource somebody deleted and whose name goes on": life(
        up(), by_hand("delete"), edit(Item("member", "two", "data", "shop-dev-one")), config=(MEMBER,)
    ),
    "the plan says nothing of a record whose resource is gone and whose name another one has by now": life(
        up(), by_hand("delete"), edit(Item("member", "two", "data", "shop-dev-one")), up(kill=100), config=(MEMBER,)
    ),
    "down asks whose the recorded resources are": life(
        up(),
        Act("untag", 2595320938),
        Act("down", 3533232848),
        Act("down", 1776242),
        config=IN_ORDER,
    ),
    "down removes what has no tags of its own from another stack's": life(
        up(), by_hand("hand over"), down(), config=TAGGED_AND_NOT
    ),
    "what an intent of another name has made is forgotten": life(
        up(kill=10),
        edit(Item("common", "proof", "data", "shop-dev-another")),
        config=(Item("common", "proof", "data", "shop-dev-proof"),),
    ),
    "down waits for what others have come to use": life(
        up(), Act("share", 1), down(), config=(Item("common", "proof", "data", "shop-dev-proof"),)
    ),
    "down begins although what is protected keeps it from ending": life(up(), down(unprotect=False), config=GUARDED),
    "recover forgets what was built on a renamed resource": life(
        up(),
        edit(*RENAMED_BELOW),
        up(),
        Act("recover", 5),
        config=THREE_HIGH,
    ),
}
