from __future__ import annotations

from streamlib.clock import NS_PER_S
from streamlib.observability.rates import Rates

KEY = ("pass_0", 1)


def test_a_rate_is_over_the_time_since_the_look_before() -> None:
    rates = Rates()
    assert rates.of(KEY, 20, 3 * NS_PER_S, NS_PER_S) == (10.0, 2.0)
    assert rates.of(KEY, 25, 4 * NS_PER_S, NS_PER_S) == (5.0, 1.0)


def test_a_look_right_behind_another_counts_from_where_that_one_did() -> None:
    rates = Rates()
    rates.of(KEY, 20, 3 * NS_PER_S, NS_PER_S)
    assert rates.of(KEY, 21, 3 * NS_PER_S + 1_000, NS_PER_S)[1] == 2.000001


def test_what_does_not_run_has_no_rate() -> None:
    assert Rates().of(KEY, 0, NS_PER_S, 0) == (0.0, 0.0)


def test_a_counter_made_anew_counts_from_its_beginning() -> None:
    rates = Rates()
    rates.of(KEY, 20, 3 * NS_PER_S, NS_PER_S)
    assert rates.of(KEY, 4, 6 * NS_PER_S, 4 * NS_PER_S) == (2.0, 2.0)


def test_who_was_not_looked_at_longest_is_forgotten_and_more_are_kept_of_a_large_graph() -> None:
    rates = Rates()
    for number in range(Rates.LIMIT + 1):
        rates.of((f"pass_{number}", 1), 10, 2 * NS_PER_S, NS_PER_S)
    assert rates.of(("pass_0", 1), 10, 4 * NS_PER_S, NS_PER_S)[1] == 3.0
    rates.make_room(Rates.LIMIT + 10)
    for number in range(Rates.LIMIT + 1):
        rates.of((f"pass_{number}", 1), 10, 5 * NS_PER_S, NS_PER_S)
    assert rates.of(("pass_0", 1), 20, 6 * NS_PER_S, NS_PER_S) == (10.0, 1.0)
