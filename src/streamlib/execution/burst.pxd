# How `burst` is compiled, where it is (decision 20); without a compiler nobody reads this.
cimport cython
from streamlib.links.reader cimport Gate

@cython.locals(done=Py_ssize_t)
cpdef object alone(object chain, object head, object feed, Py_ssize_t stop)

@cython.locals(gate=Gate)
cpdef object through(object chain, object head, object feed, Py_ssize_t stop)

@cython.locals(gate=Gate)
cpdef object once(object steps, object left_over)
