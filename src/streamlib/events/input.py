"""What somebody does with keyboard, mouse and window, on `input:keyboard`, `input:mouse` and `input:window`.

Published by whoever has a window, and by any program that wants to play one: `runtime.events.publish(KeyPressed(…))`.
Keys are named by their place on the keyboard, after the W3C's "UI Events KeyboardEvent code Values"; what a key types
in the layout of its user is in `text`. Pressing shift is an event of its own, before those that bear it as a modifier.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from streamlib.events.event import Event
from streamlib.events.topics import INPUT_KEYBOARD, INPUT_MOUSE, INPUT_WINDOW
from streamlib.ids import ProcessorId


class KeyCode(StrEnum):
    """A key by its place, named as on a US keyboard; its value is the W3C's code."""

    A = "KeyA"
    B = "KeyB"
    C = "KeyC"
    D = "KeyD"
    E = "KeyE"
    F = "KeyF"
    G = "KeyG"
    H = "KeyH"
    I = "KeyI"  # noqa: E741 - the key's name
    J = "KeyJ"
    K = "KeyK"
    L = "KeyL"
    M = "KeyM"
    N = "KeyN"
    O = "KeyO"  # noqa: E741 - the key's name
    P = "KeyP"
    Q = "KeyQ"
    R = "KeyR"
    S = "KeyS"
    T = "KeyT"
    U = "KeyU"
    V = "KeyV"
    W = "KeyW"
    X = "KeyX"
    Y = "KeyY"
    Z = "KeyZ"

    DIGIT_0 = "Digit0"
    DIGIT_1 = "Digit1"
    DIGIT_2 = "Digit2"
    DIGIT_3 = "Digit3"
    DIGIT_4 = "Digit4"
    DIGIT_5 = "Digit5"
    DIGIT_6 = "Digit6"
    DIGIT_7 = "Digit7"
    DIGIT_8 = "Digit8"
    DIGIT_9 = "Digit9"

    SPACE = "Space"
    ENTER = "Enter"
    ESCAPE = "Escape"
    TAB = "Tab"
    BACKSPACE = "Backspace"
    INSERT = "Insert"
    DELETE = "Delete"

    LEFT = "ArrowLeft"
    RIGHT = "ArrowRight"
    UP = "ArrowUp"
    DOWN = "ArrowDown"
    HOME = "Home"
    END = "End"
    PAGE_UP = "PageUp"
    PAGE_DOWN = "PageDown"

    SHIFT_LEFT = "ShiftLeft"
    SHIFT_RIGHT = "ShiftRight"
    CONTROL_LEFT = "ControlLeft"
    CONTROL_RIGHT = "ControlRight"
    ALT_LEFT = "AltLeft"
    ALT_RIGHT = "AltRight"
    META_LEFT = "MetaLeft"
    META_RIGHT = "MetaRight"
    CAPS_LOCK = "CapsLock"

    F1 = "F1"
    F2 = "F2"
    F3 = "F3"
    F4 = "F4"
    F5 = "F5"
    F6 = "F6"
    F7 = "F7"
    F8 = "F8"
    F9 = "F9"
    F10 = "F10"
    F11 = "F11"
    F12 = "F12"

    MINUS = "Minus"
    EQUAL = "Equal"
    BRACKET_LEFT = "BracketLeft"
    BRACKET_RIGHT = "BracketRight"
    BACKSLASH = "Backslash"
    SEMICOLON = "Semicolon"
    QUOTE = "Quote"
    BACKQUOTE = "Backquote"
    COMMA = "Comma"
    PERIOD = "Period"
    SLASH = "Slash"

    UNKNOWN = "Unidentified"


class MouseButton(StrEnum):
    """A button of a mouse."""

    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"
    BACK = "back"
    FORWARD = "forward"
    OTHER = "other"


class Modifiers(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The modifier keys that are held; false where none is.

    Attributes:
        shift: Either shift key.
        ctrl: Either control key.
        alt: Either alt or option key.
        meta: Either command or Windows key.
    """

    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    meta: bool = False

    def __bool__(self) -> bool:
        return self.shift or self.ctrl or self.alt or self.meta


class InputEvent(Event, frozen=True, gc=False, kw_only=True, tag=True):
    """Anything that somebody does.

    Attributes:
        window: The processor that shows the window it was done in; empty where a program published it.
    """

    window: ProcessorId = ProcessorId("")


# ------------------------------------------------------------------------------------------------------- the keyboard


class KeyboardEvent(InputEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Anything done with a key.

    Attributes:
        key: Which key.
        modifiers: Which modifier keys were held before.
    """

    key: KeyCode
    modifiers: Modifiers = Modifiers()

    @property
    def topic(self) -> str:
        """The keyboard's topic."""
        return INPUT_KEYBOARD


class KeyPressed(KeyboardEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A key went down, or repeats because it is held.

    Attributes:
        text: What it types; empty where it types nothing.
        repeated: Whether it was down already.
    """

    text: str = ""
    repeated: bool = False


class KeyReleased(KeyboardEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A key came up."""


# ---------------------------------------------------------------------------------------------------------- the mouse


class MouseEvent(InputEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Anything done with the mouse.

    Attributes:
        x: How far right of the left edge of the window's content, in logical pixels.
        y: How far below its upper edge, in logical pixels.
        modifiers: Which modifier keys were held.
    """

    x: float
    y: float
    modifiers: Modifiers = Modifiers()

    @property
    def topic(self) -> str:
        """The mouse's topic."""
        return INPUT_MOUSE


class MouseMoved(MouseEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The mouse is somewhere else.

    Attributes:
        buttons: Which buttons are held: it is dragged.
    """

    buttons: tuple[MouseButton, ...] = ()


class MousePressed(MouseEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A button went down.

    Attributes:
        clicks: 2 for the second of a double click.
    """

    button: MouseButton
    clicks: int = 1


class MouseReleased(MouseEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A button came up."""

    button: MouseButton


class MouseScrolled(MouseEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The wheel was turned, or two fingers were moved.

    Attributes:
        dx: How far to the right, in notches of a wheel; a touchpad has fractions.
        dy: How far down, in the same.
    """

    dx: float = 0.0
    dy: float = 0.0


# --------------------------------------------------------------------------------------------------------- the window


class WindowEvent(InputEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Anything done with a window."""

    @property
    def topic(self) -> str:
        """The topic of windows."""
        return INPUT_WINDOW


class WindowResized(WindowEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The window has another size.

    Attributes:
        width: Of its content, in logical pixels.
        height: Of its content, in logical pixels.
        pixel_ratio: Pixels of the screen to a logical one, along a side.
    """

    width: int
    height: int
    pixel_ratio: float = 1.0


class WindowMoved(WindowEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The window is somewhere else.

    Attributes:
        x: How far right of the screen's left edge, in logical pixels; negative on a screen to the left of it.
        y: How far below its upper edge, in logical pixels.
    """

    x: int
    y: int


class WindowFocused(WindowEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Keys go to the window from now on."""


class WindowUnfocused(WindowEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Keys go elsewhere from now on."""


class WindowClosed(WindowEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Somebody closed the window."""
