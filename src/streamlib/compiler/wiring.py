"""How links come to run: which loop each processor is in, and which form each link has because of it.

Comes from `phases`. A link inside one loop is a slot, between two loops a ring. While frames flow an end is
changed only by the loop that owns it, between two frames, and in this order, so that nothing is lost and nothing
overtakes: writers are switched first (a cut and a join of one processor in the same moment), then readers take
what still waits in an old link before the new one, then the loops call their processors in the new order. An
input that a processor on its way out still feeds takes its new link last, by `switch_late`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace

from streamlib.compiler.delta import new_channel
from streamlib.compiler.joints import Joint, heirs
from streamlib.compiler.patience import Patience
from streamlib.compiler.site import Site
from streamlib.errors import DeadlineError
from streamlib.execution.gaps import OF_A_SLOT_WRITER, gaps_filled
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop, loop_of
from streamlib.execution.ports import NO_PLACES
from streamlib.graph.components import LightweightMarker, TransientMarker, WiredChannel
from streamlib.graph.entities import Subject
from streamlib.graph.link import Link
from streamlib.ids import ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.fanout import Heirs
from streamlib.processors.execution_mode import ExecutionMode

V = TypeVar("V")


class Wiring:
    """The links that one commit joins and cuts, and the loops it changes.

    Args:
        instance_of: The instance of a processor: a new one of this commit, or the running one.
        leaving: Instances that go with this commit; their loops take nobody in.

    Attributes:
        late: Loops that did not come to a change in time.
    """

    def __init__(
        self,
        site: Site,
        instance_of: Callable[[Subject], ProcessorInstance | None],
        leaving: set[ProcessorInstance],
        patience: Patience,
    ) -> None:
        self._site = site
        self._patience = patience
        self._instance_of = instance_of
        self._leaving = leaving
        self._homes: dict[ProcessorInstance, Loop] = {}
        self._heirs: dict[ProcessorInstance, ProcessorInstance] = {}
        self.joined: list[Joint] = []
        self.cut: list[Joint] = []
        self.late: list[str] = []
        self._lingering: list[Joint] = []
        self._inside: list[Joint] = []
        self._new: set[ProcessorInstance] = set()
        self._formed: list[Joint] = []
        self._reformed: list[Joint] = []
        self._unsettle: dict[Loop, Callable[[Any], None]] = {}
        self._since_ns = 0  # when the first link was joined: one number for all of the commit

    # ------------------------------------------------------------------------------------------- before the switch

    def join(self, link: Link) -> Channel:
        """Make the running form of a link; nobody writes to it before `switch`."""
        channel = new_channel(self._site.graph, link)
        channel.tap = self._site.tap_of(link.id)
        channel.since_ns = self._since_ns = self._since_ns or self._site.clock.now_ns()
        self.joined.append(Joint(link, channel, *self._ends(link)))
        return channel

    def join_anew(self, link: Link, before: Channel) -> None:
        """Give a running link another form, which takes the place of the one it has when writers are switched."""
        self.cut.append(Joint(link, before, *self._ends(link)))
        self.join(link).since_ns = before.since_ns
        self.joined[-1] = replace(self.joined[-1], before=before)

    def take_apart(self, link: Link, channel: Channel, source: ProcessorInstance, target: ProcessorInstance) -> None:
        """Cut a link when writers are switched: its end is said if the reader goes, and ends nobody if it stays.

        Between two processors that go nothing is cut. One that goes keeps its links to those who stay until it
        has sent its last frame.
        """
        joint = Joint(link, channel, source, target)
        if source not in self._leaving:
            self.cut.append(joint)
        elif target not in self._leaving:
            self._lingering.append(joint)
        else:
            self._inside.append(joint)

    def settle_homes(self, new: Sequence[ProcessorInstance]) -> None:
        """Choose the loop of each lightweight processor that is new, or whose feeders have changed.

        Args:
            new: Those that come with this commit, each behind those that feed it.
        """
        graph = self._site.graph
        self._new = set(new)
        touched: list[ProcessorId] = []
        changed = (*self.joined, *self.cut, *self._lingering)
        settled = self._leaving | self._new
        touched += [joint.target.id for joint in changed if joint.target not in settled]
        touched += [member.id for gone in self._leaving for member in _hosted_by(gone) if member.id in graph]
        pending = {id_ for id_ in set(touched) if self._is_lightweight(id_)}
        pending |= {instance.id for instance in new if instance.loop is None}  # as all but those are by now
        self._settle_new(new, pending)
        while pending:
            for id_ in graph.order(pending):
                pending.discard(id_)
                instance = self._at(id_)
                if self._choose_home(instance, [self._at(feeder) for feeder in graph.predecessors(id_)]):
                    below = [fed for fed in graph.successors(id_) if fed not in pending]
                    pending |= {fed for fed in below if self._is_lightweight(fed)}
        for instance in self._rewired():
            home = self.home(instance)
            assert home is not None
            self._homes.setdefault(instance, home)

    def _settle_new(self, new: Sequence[ProcessorInstance], pending: set[ProcessorId]) -> None:
        """Choose the loops of those who come, up to the first whom somebody feeds that has none yet; all are `pending`.

        All their links come with them, so that neither who feeds them nor whom they feed is looked up in the graph,
        which took longer at a start than all else here.
        """
        feeders: defaultdict[ProcessorInstance, list[ProcessorInstance]] = defaultdict(list)
        for joint in self.joined:
            feeders[joint.target].append(joint.source)
        for instance in new:
            if instance.id not in pending:
                continue
            feeding = feeders.get(instance, ())
            if not all(feeder.id not in pending for feeder in feeding):
                return
            pending.discard(instance.id)
            self._choose_home(instance, feeding)

    def _rewired(self) -> set[ProcessorInstance]:
        """Lightweight processors with a link that is given another form: their loops let go of them for that time."""
        return {joint.target for joint in self.joined if joint.before and self._is_lightweight(joint.target.id)}

    def _is_lightweight(self, id_: ProcessorId) -> bool:
        instance = self._instance_of(id_)
        marked = self._site.graph.has(id_, LightweightMarker)
        if not marked or instance is None or instance.declaration.execution.mode is ExecutionMode.MANUAL:
            return False
        # One that is over stays where it is, as long as that is there: it may be made anew in its place.
        return not instance.over or (isinstance(instance.loop, Loop) and instance.loop.head in self._leaving)

    def _choose_home(self, instance: ProcessorInstance, feeders: Iterable[ProcessorInstance]) -> bool:
        """Choose the loop of one lightweight processor; True when that is another than before."""
        loops = [self.home(feeder) for feeder in feeders if not feeder.over]
        usable = [loop for loop in loops if loop is not None and loop.head not in self._leaving and loop.hosts]
        before = self.home(instance)
        if before is not None and before in usable:
            return False
        by_thread = sorted(usable, key=_is_manual)
        home = by_thread[0] if by_thread else self._common_loop(instance)
        if home is before:
            return False
        self._homes[instance] = home
        return True

    def _common_loop(self, instance: ProcessorInstance) -> Loop:
        with self._site.starting(instance.id):
            return self._site.threads.common_loop()

    def home(self, instance: ProcessorInstance) -> Loop | None:
        """The loop that an instance will be in after the switch."""
        found = self._homes.get(instance, instance.loop)
        assert found is None or isinstance(found, Loop)
        return found

    def give_forms(self) -> None:
        """Give each new link the form that fits where its ends will run, and bind the ends that do not run yet."""
        with gaps_filled(len(self.joined), OF_A_SLOT_WRITER):
            for joint in self.joined:
                self._give_form(joint)

    # -------------------------------------------------------------------------------------------------- the switch

    def switch(self) -> None:
        """Change what runs, each end by its owner. Each step is answered before the next begins."""
        self._follow_all()
        for joint in self.joined:
            if joint.before is not None:
                self._site.graph.insert(joint.link.id, WiredChannel(joint.channel))
        resting = {*self._homes}.difference(self._rewired())
        moved = [
            i for i, home in self._homes.items() if i.loop is not None and (i.loop is not home or i not in resting)
        ]
        self._release_movers(moved)
        self._switch_writers()
        self._change_forms(moved)
        self._switch_readers()
        self._close_dead_ends()

    def _close_dead_ends(self) -> None:
        """Have links to those who are over hold nobody back, where it is not `_switch_input` that does it."""
        for joint in self._reformed:
            target = self._now(joint.target)
            if target.over and target not in self._leaving:
                self._apply(target.loop, partial(self._close_dead_end, joint))
        self._reformed.clear()

    def _release_movers(self, moved: list[ProcessorInstance]) -> None:
        """Have old loops let go of those who move; until they are taken in, frames wait for them in their links."""
        for loop, gone in _by_loop((instance.loop, instance) for instance in moved).items():
            if isinstance(loop, Loop) and not self._apply(loop, partial(loop.take_out, gone)):
                continue  # it is inside a pass, which counts by what `fix` takes away
            for instance in gone:
                instance.fix()

    def _switch_writers(self) -> None:
        """Have each writing processor let go of cut links and take new ones, in one moment."""
        cut: dict[ProcessorInstance, list[Joint]] = defaultdict(list)
        joined: dict[ProcessorInstance, list[Joint]] = defaultdict(list)
        for joint in self.cut:
            cut[joint.source].append(joint)
            joint.channel.release()
        for joint in (*self.cut, *self._lingering):
            if self._goes_on(joint.target):
                joint.channel.mute()
        for joint in self.joined:
            joined[joint.source].append(joint)
        passing = self._new | self._leaving
        follow = heirs([*self.cut, *self._lingering, *self._inside], self.joined, passing, self.home)

        def switch(writing: list[ProcessorInstance], touched: Loop | None) -> None:
            for instance in writing:
                self._switch_outputs(follow, instance, cut.get(instance, []), joined.get(instance, []))
                for joint in cut.get(instance, []) if self.late else ():
                    self._have_looked_at(joint)  # the reader may be elsewhere by now, where a slot wakes nobody
            if touched is not None:
                self._touch(touched, writing)

        for loop, writing in _by_loop((instance.loop, instance) for instance in {**cut, **joined}).items():
            # Who writes to a slot that nobody reads yet is asked from now on whether it has room.
            touched = loop if isinstance(loop, Loop) and loop.head not in self._new else None
            self._apply(loop, partial(switch, writing, touched))

    def _goes_on(self, reader: ProcessorInstance) -> bool:
        """Whether the reader of a cut link goes on; a stream of frames ends with its link, if it gets no other."""
        if reader in self._leaving:
            return False
        passing = self._site.graph.has(reader.id, TransientMarker)
        return not passing or any(joint.target is reader for joint in self.joined)

    def _change_forms(self, moved: list[ProcessorInstance]) -> None:
        """Give the links of those who move the form that fits their new place."""
        fresh = {id(joint.channel) for joint in self.joined}
        for instance in moved:
            for joint in self._joints_of(instance):
                if id(joint.channel) not in fresh:
                    fresh.add(id(joint.channel))
                    self._change_form(joint, moved)

    def _change_form(self, joint: Joint, moved: list[ProcessorInstance]) -> None:
        resting = [end for end in (joint.source, joint.target) if end not in moved]
        self._formed.append(joint)
        self._reformed.append(joint)

        def change() -> None:
            if joint.channel not in joint.target.inputs.get(joint.link.target.port, ()):
                return  # the writer was stuck in a call until now, and the reader has another link
            self._give_form(joint)
            joint.source.rebind([joint.channel])
            joint.target.bind_input(joint.link.target.port, joint.channel)
            if self.late:  # the other end has been arranged meanwhile, with the form from before
                self._have_looked_at(joint)

        loop = resting[0].loop if resting else None
        if isinstance(loop, Loop):
            self._apply(loop, change)
        else:
            change()

    def _switch_readers(self) -> None:
        """Have each reading processor take over its new links, and each loop call its processors in the new order."""
        late = set(map(id, self._late()))
        self._take_in([joint for joint in self.joined if id(joint) not in late], (*self.joined, *self.cut))

    def switch_late(self) -> None:
        """Have inputs take over new links once those who fed them before have sent their last frame."""
        late = self._late()
        self._untap()
        self._homes.clear()
        self._leaving = set()
        if late:
            self._take_in(late, late)

    def _untap(self) -> None:
        """Leave nothing of the taps of links that have gone at the inputs that may still read from them."""
        for joint in (*self.cut, *self._lingering):
            if joint.channel.tap is not None and joint.target not in self._leaving:
                joint.channel.tap, target = None, self._now(joint.target)
                self._apply(target.loop, partial(target.refit, joint.channel))

    def _late(self) -> list[Joint]:
        fed = {joint.link.target for joint in self._lingering}
        return [joint for joint in self.joined if joint.link.target in fed]

    def _take_in(self, joints: list[Joint], changed: Iterable[Joint]) -> None:
        in_place_first = sorted(joints, key=lambda joint: joint.before is None)
        places = {joint.target: self._places_at(joint.target) for joint in joints}
        inputs = _by_loop((self.home(joint.target), joint) for joint in in_place_first)
        arrivals = _by_loop((home, instance) for instance, home in self._homes.items())
        near = [*changed, *self._formed]
        ends = [j.source for j in near] + [j.target for j in near if j.target not in self._leaving]
        touched = _by_loop((self.home(end), end) for end in dict.fromkeys(ends))
        self._formed.clear()

        def take_in(loop: Loop) -> None:
            for joint in inputs.get(loop, []):
                self._switch_input(joint, places[joint.target])
            self._touch(loop, touched.get(loop, []), arrivals.get(loop, []))

        for loop in dict.fromkeys([*inputs, *arrivals, *touched]):
            if isinstance(loop, Loop):
                self._apply(loop, partial(take_in, loop))
        for instance, home in self._homes.items():
            instance.loop = home

    def _places_at(self, target: ProcessorInstance) -> Mapping[str, int]:
        """Where the links of an input of many stand; nothing for a processor that has none."""
        if not any(port.many for port in self._now(target).declaration.inputs.values()):
            return NO_PLACES
        return {id_: place for place, id_ in enumerate(self._site.graph.link_ids_into(target.id))}

    def renew(self, instance: ProcessorInstance) -> None:
        """Make the links of a processor that is over run again, for one that takes its place."""
        for joint in self._joints_of(instance):
            if joint.source is instance:
                joint.channel.reopen()
            self._change_form(joint, [instance])

    # --------------------------------------------------------------------------------------- on the threads of loops

    def _switch_outputs(
        self,
        heirs: Mapping[Channel, Heirs],
        source: ProcessorInstance,
        cut: list[Joint],
        joined: list[Joint],
    ) -> None:
        for port in dict.fromkeys([joint.link.source.port for joint in (*cut, *joined)]):
            self._now(source).switch_output(
                port,
                [joint.channel for joint in cut if joint.link.source.port == port],
                [joint.channel for joint in joined if joint.link.source.port == port],
                heirs,
            )

    def _touch(
        self, loop: Loop, touched: Iterable[ProcessorInstance], arrivals: Iterable[ProcessorInstance] = ()
    ) -> None:
        loop.take_in(arrivals, [self._now(instance) for instance in touched])

    def _switch_input(self, joint: Joint, places: Mapping[str, int]) -> None:
        port, target = joint.link.target.port, self._now(joint.target)
        if joint.before is not None:
            joint.channel.go_on_from(joint.before)
        elif not target.declaration.inputs[port].many:
            for before in target.inputs.get(port, ()):
                if before is not joint.channel:
                    joint.channel.take_over(before)
        target.bind_input(port, joint.channel, before=joint.before, places=places)
        self._close_dead_end(
            joint
        )  # here and no sooner: it may have come to its end while it was late, or was drained to

    def _close_dead_end(self, joint: Joint) -> None:
        """Have a link to one who is over hold nobody back: what comes is counted as dropped."""
        if self._now(joint.target).over and not joint.channel.closed:
            joint.channel.close()

    def _have_looked_at(self, joint: Joint) -> None:
        """Have the loops at both ends of a link see the form that it has now."""
        for end in (self._now(joint.source), self._now(joint.target)):
            loop = loop_of(end)
            if loop is not None:
                loop.post(partial(loop.touch, [end]))
                loop.serve()

    # ------------------------------------------------------------------------------------------------------- pieces

    def _give_form(self, joint: Joint) -> None:
        writes_in, read_in = self.home(joint.source), self.home(joint.target)
        assert writes_in is not None
        assert read_in is not None
        if writes_in is read_in:
            # One function for all slots of a loop: each look at a method would make another.
            joint.channel.wire_slot(self._unsettle.setdefault(writes_in, writes_in.unsettle))
            return
        may_wait = writes_in.head is joint.source and writes_in.may_wait
        joint.channel.wire_ring(
            writes_in.waker,
            read_in.waker,
            wait=writes_in.wait_for_room if may_wait else None,
            unsettle=writes_in.note_aside,
        )

    def _joints_of(self, instance: ProcessorInstance) -> list[Joint]:
        graph = self._site.graph
        links = [*graph.links_into(instance.id), *graph.links_from(instance.id)]
        joints = []
        for link in links:
            wired = graph.get(link.id, WiredChannel)
            if wired is not None:
                source, target = self._at(link.source.processor_id), self._at(link.target.processor_id)
                joints.append(Joint(link, wired.channel, source, target))
        return joints + [joint for joint in self._lingering if instance in {joint.source, joint.target}]

    def follow(self, old: ProcessorInstance, new: ProcessorInstance) -> None:
        """One instance takes the place of another now, with its links and its loop. For the owner of that loop."""
        self._heirs[old] = new

    def _now(self, instance: ProcessorInstance) -> ProcessorInstance:
        """The instance that has the place of another by now."""
        return self._heirs.get(instance, instance)

    def _follow_all(self) -> None:
        """Mean those who have taken the place of others by now; one that does it later is met when it has."""
        if not self._heirs:
            return
        for joints in (self.joined, self.cut, self._lingering):
            joints[:] = [replace(j, source=self._now(j.source), target=self._now(j.target)) for j in joints]
        self._homes = {self._now(instance): home for instance, home in self._homes.items()}

    def _ends(self, link: Link) -> tuple[ProcessorInstance, ProcessorInstance]:
        return self._at(link.source.processor_id), self._at(link.target.processor_id)

    def _at(self, id_: ProcessorId) -> ProcessorInstance:
        instance = self._instance_of(id_)
        assert instance is not None, id_
        return instance

    def _is_only_ours(self, loop: Loop) -> bool:
        """Whether nobody else touches a loop yet: its head comes with this commit, and what runs it is not started."""
        return loop.head in self._new and loop.runner is not None and not loop.threaded

    def _apply(self, loop: object, action: Callable[[], None]) -> bool:
        """Have a loop do something; one that does not come to it in time is noted, and does it when it comes back."""
        if not isinstance(loop, Loop) or self._is_only_ours(loop):
            action()
            return True
        try:
            self._patience.apply(loop, action)
        except DeadlineError:
            self.late.append(loop.name)
            return False
        return True


def _hosted_by(gone: ProcessorInstance) -> list[ProcessorInstance]:
    loop = gone.loop
    if not isinstance(loop, Loop) or loop.head is not gone:
        return []
    return [member for member in loop.members if member is not gone]


def _is_manual(loop: Loop) -> bool:
    return loop.head is not None and loop.head.declaration.execution.mode is ExecutionMode.MANUAL


def _by_loop(pairs: Iterable[tuple[object, V]]) -> dict[object, list[V]]:
    grouped: dict[object, list[V]] = defaultdict(list)
    for loop, value in pairs:
        grouped[loop].append(value)
    return grouped
