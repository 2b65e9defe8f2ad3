"""A ticket says when a commit was done, or what it failed with."""

from __future__ import annotations

import pytest

from streamlib.errors import DeadlineError
from streamlib.runtime.ticket import Ticket


def test_a_ticket_that_is_settled_is_not_waited_for() -> None:
    ticket = Ticket()
    assert not ticket.done
    ticket.settle()
    ticket.wait(0)
    assert ticket.done


def test_waiting_raises_what_the_commit_failed_with() -> None:
    ticket = Ticket()
    ticket.settle(ZeroDivisionError("no"))
    with pytest.raises(ZeroDivisionError, match="no"):
        ticket.wait(0)


def test_a_commit_that_does_not_come_is_given_up_in_time() -> None:
    with pytest.raises(DeadlineError, match="a commit"):
        Ticket().wait(0.01)
