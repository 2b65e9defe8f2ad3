# How `writer` is compiled, where it is (decision 20); without a compiler nobody reads this.
from streamlib.links.reader cimport Gate

cdef class PlugWriter:
    cdef public object _nothing, _nothing_besides, _nothing_either, ended, successor

cdef class _Occupied(Gate):
    cdef public object successor

cdef class SlotWriter:
    cdef public object ended, successor
    cdef public Gate slot

cdef class GatedSlotWriter(SlotWriter):
    pass

cdef class RingWriter:
    cdef public object _append, _wait, _wake, ended, live, ring, successor, unsettle
    cdef public set _asleep
    cdef public list _overflow
    cdef public Py_ssize_t _credit, dropped, overflowed, refused

cdef class LatestWriter:
    cdef public object _append, _asleep, _wake, ended, refused, ring, successor
