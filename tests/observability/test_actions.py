from __future__ import annotations

import inspect

from streamlib import AgentActions, RuntimeActions, StreamRuntime


def test_a_runtime_has_the_hands_that_are_asked_for() -> None:
    actions: AgentActions = StreamRuntime().actions
    assert isinstance(actions, RuntimeActions)
    asked = {name for name, member in vars(AgentActions).items() if inspect.isfunction(member) and name[0] != "_"}
    assert asked == {"update_config", "add_processor", "remove_processor", "connect", "disconnect"}
