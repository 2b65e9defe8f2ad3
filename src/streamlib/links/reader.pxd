# How `reader` is compiled, where it is (decision 20); without a compiler nobody reads this.

cdef class PlugReader:
    cdef public object _nothing, _nothing_besides, _nothing_either, _nothing_more, successor

cdef class RingReader:
    cdef public object _popleft, muted, ring, sample, successor
    cdef public list _stalled
    cdef public Py_ssize_t removed, taken

cdef class Gate:
    cdef public object frame

cdef class SlotReader(Gate):
    cdef public object _pile, capacity, closed, delivery, dropped, finishing, gate, live, muted, overflowed, refused
    cdef public object source, source_ended, steady, successor, taken, target, unsettle
