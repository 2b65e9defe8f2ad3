# How `writer` is compiled, where it is (decision 20); without a compiler nobody reads this.
from streamlib.links.reader cimport Gate

cdef class PlugWriter:
    cdef public object ended, successor

cdef class _Occupied(Gate):
    cdef public object successor

cdef class SlotWriter:
    cdef public object ended, successor
    cdef public Gate slot

cdef class GatedSlotWriter(SlotWriter):
    pass

cdef class RingWriter:
    cdef public object _append, _asleep, _credit, _overflow, _wait, _wake, dropped, ended, live, overflowed, refused
    cdef public object ring, successor, unsettle

cdef class LatestWriter:
    cdef public object _append, _asleep, _wake, ended, refused, ring, successor
