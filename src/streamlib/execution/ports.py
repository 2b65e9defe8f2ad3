"""The ports of a processor while it lives, bound to links: what waits at its inputs, and whether its outputs have room.

Wiring binds channels to them, and what stands at a port stands as an attribute of the processor: a reader, a writer or
a plug. They know neither when the processor is called nor why; that is its `instance`, which extends this class and
does not hold one, because each hop to a port is paid for by every pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from streamlib.execution.entry import EntryWriter, carries_stamps
from streamlib.links.channel import Channel
from streamlib.links.fanout import Fan, Heirs, Succession
from streamlib.links.many import IncomingLink, ManyReader
from streamlib.links.reader import Gate, News, Reader, RingReader, SlotReader
from streamlib.links.tap import OutputTap
from streamlib.links.tapped import TapOutput, bare
from streamlib.links.writer import NO_LIMIT, PlugWriter, RingWriter, Writer
from streamlib.processors.context import ProcessContext
from streamlib.processors.declaration import Declaration
from streamlib.processors.processor import Processor

NO_PLACES: Mapping[str, int] = {}
"""Nothing is known of where links stand: behind those that came before."""
_NOBODY_LOOKS: Mapping[str, OutputTap] = {}


class Ports(Gate):
    """The inputs and outputs of one processor.

    Attributes:
        readers: What reads the inputs, one for each link.
        writers: What stands at the connected outputs, one for each port.
        left_unread: What its last call found and read nothing of; it is called when there is something else.
        unread_ns: When the first of its last calls came that have read nothing, by the clock for media.
        taps: The taps of those outputs at which somebody looks.
    """

    __slots__ = ("_fans", "_incoming", "context", "declaration", "left_unread", "processor", "readers", "taps",
                 "unread_ns", "writers")  # fmt: skip

    def __init__(self, processor: Processor, declaration: Declaration, context: ProcessContext) -> None:
        self.processor = processor
        self.declaration = declaration
        self.context = context
        # Each with its port, and one for each port that is declared: for one or two a tuple is a third as big as a
        # dictionary with a list.
        self._incoming: tuple[tuple[str, Channel], ...] = ()
        self._fans: tuple[Fan, ...] = tuple([Fan() for _ in declaration.outputs])
        self.readers: tuple[SlotReader | RingReader, ...] = ()
        self.writers: tuple[Writer, ...] = ()
        self.left_unread: list[News] | None = None
        self.unread_ns = 0
        self.taps: Mapping[str, OutputTap] = _NOBODY_LOOKS
        self._stamp_what_enters()

    @property
    def inputs(self) -> dict[str, list[Channel]]:
        """The channels of each connected input in their order, by port."""
        inputs: dict[str, list[Channel]] = {}
        for port, channel in self._incoming:
            inputs.setdefault(port, []).append(channel)
        return inputs

    @property
    def outputs(self) -> dict[str, Fan]:
        """The channels of each output, by port; of none any more once it has parted with them."""
        return dict(zip(self.declaration.outputs, self._fans, strict=False))

    # ----------------------------------------------------------------------------------------- what waits at the inputs

    def incoming(self) -> list[Channel]:
        """The channels of all inputs."""
        return [channel for _, channel in self._incoming]

    def waiting(self) -> int:
        """Frames that wait at its inputs."""
        waiting = 0
        for reader in self.readers:
            waiting += reader.depth()
        return waiting

    def unseen(self) -> bool:
        """Whether frames wait, and not only those that its last call found and left."""
        return self.waiting() > 0 and (self.left_unread is None or self.left_unread != self.news())

    def exhausted(self) -> bool:
        """Whether every connected input has ended and is empty; one that was cut only has to be empty."""
        ended = False
        for reader in self.readers:
            if not reader.muted:
                if not reader.ended:
                    return False
                ended = True
        return ended and not self.waiting()

    def neglected(self) -> str:
        """Which inputs its last call has left unread, and what to do; empty where there are none. From any thread."""
        if self.left_unread is None:
            return ""
        ports = [port for port, links in self.inputs.items() if any(link.statistics().depth for link in links)]
        if not ports:
            return ""
        what = f"process() leaves what waits at {' and '.join(ports)} unread; have it read there, or cut the link"
        return self.processor.unread_because or what

    # ------------------------------------------------------------------------------------------- what a call took of it

    def oldest(self) -> Any:
        """The frame that the next call will find first, or None."""
        for reader in self.readers:
            frame = reader.peek()
            if frame is not None:
                return frame
        return None

    def taken(self) -> int:
        """Frames taken from its inputs so far."""
        taken = 0
        for reader in self.readers:
            taken += reader.count()
        return taken

    def news(self) -> list[News]:
        """For each input, what a call would find there."""
        return [reader.news() for reader in self.readers]

    def is_unread(self) -> bool:
        """Whether its last call has read nothing, and one that is under way has not so far either. From any thread."""
        left = self.left_unread
        return left is not None and all(
            reader.count_for_sure() <= was.taken and reader.depth() >= was.depth
            for reader, was in zip(self.readers, left, strict=False)  # they may be bound anew just now
        )

    def leave_unread(self, found: list[News], now_ns: int) -> None:
        """A call that began at that time has read nothing of what it found."""
        if self.left_unread is None:
            self.unread_ns = now_ns
        self.left_unread = found

    def account(self, before: list[News], now_ns: int) -> bool:
        """Count what a call took from slots, and note what it left unread. True when it took anything."""
        took = 0
        for reader, was in zip(self.readers, before, strict=True):
            is_ = reader.news()
            if isinstance(reader, SlotReader):
                from_slot = was.depth - is_.depth - (is_.taken - was.taken)
                reader.taken += from_slot
                reader.refill()
                took += from_slot
            took += is_.taken - was.taken
        if took:
            self.left_unread = None
        else:
            self.leave_unread(before, now_ns)
        return bool(took)

    def skip(self) -> None:
        """Take a frame that a call failed on before it read it. Between two calls."""
        for reader in self.readers:
            if reader.depth():
                reader.read()
                if isinstance(reader, SlotReader):
                    reader.taken += 1
                    reader.refill()
                self.left_unread = None
                return

    def fix(self) -> None:
        """Turn the counts of slots that passes implied into numbers; before passes are arranged anew."""
        for reader in self.readers:
            if isinstance(reader, SlotReader):
                reader.fix()

    # ---------------------------------------------------------------------------------------------- room at the outputs

    def outgoing(self) -> list[Channel]:
        """The channels of all outputs."""
        return [channel for links in self._fans for channel in links]

    def free(self) -> bool:
        """Whether its outputs have room for what a call writes; all are asked, so that each without room says so."""
        free = True
        for writer in self.writers:
            if not writer.free():
                free = False
        return free

    def puts_aside(self) -> bool:
        """Whether frames that it wrote wait for room in their links."""
        return any(isinstance(link.writer, RingWriter) and link.writer.aside() for link in self.outgoing())

    def room(self) -> int:
        """How many calls that write one frame each its outputs have room for."""
        room = NO_LIMIT
        for writer in self.writers:
            room = min(room, writer.room())
        return room

    def held_by(self) -> list[str]:
        """The links without room."""
        return [link.name for link in self.outgoing() if link.writer is not None and not link.writer.free()]

    def send_off(self) -> None:
        """Send what was put aside, room or not: nobody will run the processor any more. For the owner."""
        for channel in self.outgoing():
            channel.send_off()

    def abandon(self) -> None:
        """The processor is stuck in a call and left behind: those it feeds hear the end; from any thread."""
        for channel in self.outgoing():
            channel.abandon()

    # ------------------------------------------------------------------------------------ who is next to it in its loop

    def feeders(self) -> list[Any]:
        """The processors that write to its slots."""
        return [slot.source for slot in self.readers if isinstance(slot, SlotReader) and slot.source is not None]

    def fed(self) -> list[Any]:
        """The processors whose slots it writes to."""
        slots = [channel.reader for channel in self.outgoing()]
        return [slot.target for slot in slots if isinstance(slot, SlotReader) and slot.target is not None]

    # --------------------------------------------------------------------------------------------------- bound to links

    def bind_input(
        self, port: str, channel: Channel, *, before: Channel | None = None, places: Mapping[str, int] = NO_PLACES
    ) -> None:
        """Put the reading end of a channel where the processor finds its input. For the owner.

        An input of one link has this one from now on; one of many takes it in where `before` was, or behind the others,
        and then lets go of those that were cut and read. They stand as `places` says, by the names of the links; those
        that were cut stand behind.
        """
        if self.declaration.inputs[port].many:
            inputs = self.inputs
            there = [channel if held is before else held for held in inputs.get(port, ())]
            # With `before`, others in there may be about to be followed in their places, too.
            held = [one for one in there if one is channel or before is not None or not one.done]
            bound = held if channel in held else [*held, channel]
            inputs[port] = sorted(bound, key=lambda one: places.get(one.name, len(places))) if places else bound
            self._incoming = tuple([(name, one) for name, channels in inputs.items() for one in channels])
        elif any(name == port for name, _ in self._incoming):
            self._incoming = tuple([(name, channel if name == port else one) for name, one in self._incoming])
        else:
            self._incoming = (*self._incoming, (port, channel))
        self._hold_inputs(port)
        self.readers = tuple([found.reader for _, found in self._incoming if found.reader is not None])
        self.left_unread = None
        if isinstance(channel.reader, SlotReader):
            channel.reader.target = self

    def refit(self, channel: Channel) -> None:
        """Hold the ends of a channel anew, because somebody looks now or nobody does any more. For the owner."""
        for port, links in self.inputs.items():
            if channel in links:
                self._hold_inputs(port)
        self.rebind({channel})

    def _hold_inputs(self, port: str) -> None:
        links = [of for name, of in self._incoming if name == port and of.reader is not None]
        if self.declaration.inputs[port].many:
            self._put(port, ManyReader([IncomingLink(of.name.partition("->")[0], of.inlet()) for of in links]))
        else:
            self._put(port, links[0].inlet())

    def _put(self, port: str, new: Reader) -> None:
        old: Reader = getattr(self.processor, port)
        if old is not new:
            setattr(self.processor, port, new)
        if bare(old) is not bare(new):
            old.retire(new)

    def rebind(self, channels: Collection[Channel]) -> None:
        """Bind the outputs that write to some of these channels anew. For the owner."""
        for port, links in self.outputs.items():
            written = [channel for channel in channels if channel in links]
            if written:
                self.bind_output(port, written)

    def bind_output(self, port: str, renewed: Iterable[Channel] = ()) -> None:
        """Put the writing end of the port's channels where the processor finds its output. For the owner.

        It is another than before, so that a `write` kept from before can lead to it, and so are the writers of those
        channels that are `renewed`; those of the others stay.
        """
        old: Writer = getattr(self.processor, port)
        held, links = self._port_writer(port), self.outputs[port]
        for channel in renewed:
            links.renew(channel, held)
            if isinstance(channel.reader, SlotReader):
                channel.reader.source = self
        new = links.writer(held)
        tap = self.taps.get(port)
        if tap:
            new = TapOutput(new, tap)
        if held.ended and not new.ended:
            new.end()
        held.retire(new)
        if isinstance(old, EntryWriter):
            old.lead_to(new)
        else:
            setattr(self.processor, port, new)
        named = zip(self.declaration.outputs, self._fans, strict=True)
        self.writers = tuple([getattr(self.processor, name) for name, links in named if links])

    def tap_output(self, port: str, tap: OutputTap | None) -> None:
        """Show what is written to an output to a tap, or with None to nobody. For the owner."""
        if port in self.outputs and self.taps.get(port) is not tap:
            others = {name: of for name, of in self.taps.items() if name != port}
            self.taps = others if tap is None else {**others, port: tap}
            self.bind_output(port)

    def switch_output(
        self,
        port: str,
        cut: Sequence[Channel],
        joined: Sequence[Channel],
        heirs: Mapping[Channel, Heirs] | None = None,
    ) -> None:
        """Write no more to some channels, and to others instead, from one frame to the next. For the owner.

        A frame may be on its way through the port just now, with its writer waiting for room in one of several
        links. Where a cut link has not had it, those that are joined in its place get it: as `heirs` says, or
        else the first for the first, and so on.
        """
        links = self.outputs.get(port)
        if links is None:  # another took the place of who had it, and ended what is cut
            return
        if heirs is None:
            heirs = {old: Heirs((new,)) for old, new in zip(cut, joined, strict=False)}
        held = self._port_writer(port)
        before = [channel.part() for channel in cut]
        for channel in cut:
            links.remove(channel)
        links.add(joined)
        self.context.count_joined(port, len(joined))
        self.bind_output(port, joined)
        if joined and not self.declaration.inputs:
            self.context.wake()  # a source may have waited for somebody to read it
        succession = Succession()
        for channel, writer in sorted(zip(cut, before, strict=True), key=lambda one: one[0].place):
            if writer is not None and writer is not held:
                writer.retire(succession.of(channel, heirs.get(channel, Heirs())))
        for channel in cut:
            channel.end()

    def take_over(self, old: Ports) -> None:
        """Go on with the links and stamps of another processor's ports. For the owner.

        Where it is of another type and lacks a port, the links there are cut in the same edit, or nobody was linked.
        """
        for port, channels in old.inputs.items():
            for channel in channels:
                if port in self.declaration.inputs:
                    self.bind_input(port, channel)
                else:
                    channel.close()
        before_each, names = old.outputs, self.declaration.outputs
        self._fans = tuple([before_each.get(name, fan) for name, fan in zip(names, self._fans, strict=True)])
        for port, links in before_each.items():
            if port not in names:
                for channel in links:
                    channel.end()
                continue
            self.bind_output(port, links)
            new, before = getattr(self.processor, port), getattr(old.processor, port)
            if isinstance(new, EntryWriter) and isinstance(before, EntryWriter):
                new.go_on_from(before)

    def part(self) -> None:
        """Hold none of the channels any more, and be known to none: they are another's, or nobody's."""
        for slot in [*self.readers, *[channel.reader for channel in self.outgoing()]]:
            if isinstance(slot, SlotReader):
                slot.source = None if slot.source is self else slot.source
                slot.target = None if slot.target is self else slot.target
        self._incoming, self._fans = (), ()
        self.readers, self.writers = (), ()

    def _port_writer(self, port: str) -> Writer:
        writer: Writer = getattr(self.processor, port)
        return writer.inner if isinstance(writer, EntryWriter) else writer

    def _stamp_what_enters(self) -> None:
        if self.declaration.inputs:
            return
        for name, output in self.declaration.outputs.items():
            if carries_stamps(output.frame_types):
                setattr(self.processor, name, EntryWriter(PlugWriter(), self.context.runtime.clock.now_ns))
