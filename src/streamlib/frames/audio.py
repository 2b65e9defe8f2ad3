"""A block of sound: samples as float32, one column for each channel, with their rate and their stamps.

It resamples nothing and knows no device; `streamlib.media` does. Next on the path: a port's `write`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from msgspec.structs import force_setattr, replace
from numpy.typing import DTypeLike, NDArray

from streamlib.clock import NS_PER_S
from streamlib.errors import FormatError
from streamlib.frames.dlpack import CPU, export
from streamlib.frames.stamped import Stamped, seconds
from streamlib.schema.builtins import SCHEMA_AUDIO_FRAME
from streamlib.schema.types import Schema

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

MAX_CHANNELS = 8

_FLOAT32 = np.dtype(np.float32)


class AudioFrame(Stamped, frozen=True, gc=False, eq=False):
    """A block of sound. The samples are taken over without a copy and made read-only; hand over a copy to keep one.

    Attributes:
        samples: float32 of shape (samples, channels), 1 to 8 channels, full scale -1.0 to 1.0; one dimension is
            taken as mono. The order of channels is FFmpeg's default for their number.
        sample_rate: in Hz.
        duration_ns: worked out from the number of samples where 0 is given.

    Raises:
        FormatError: shape, type or rate do not fit.
    """

    schema: ClassVar[Schema] = SCHEMA_AUDIO_FRAME

    samples: NDArray[np.float32]
    sample_rate: int

    def __post_init__(self) -> None:
        samples: object = self.samples
        if not isinstance(samples, np.ndarray) or samples.dtype != _FLOAT32:
            raise FormatError(_wrong_type(samples))
        given = samples
        if samples.ndim == 1:
            samples = samples.reshape(-1, 1)
            force_setattr(self, "samples", samples)
        if samples.ndim != 2 or not 1 <= samples.shape[1] <= MAX_CHANNELS:
            raise FormatError(_wrong_shape(samples))
        if self.sample_rate <= 0:
            raise FormatError(f"a sample rate is above 0 Hz, got {self.sample_rate}")
        given.setflags(write=False)
        samples.setflags(write=False)
        if not self.duration_ns:
            force_setattr(self, "duration_ns", round(samples.shape[0] * NS_PER_S / self.sample_rate))

    @property
    def num_samples(self) -> int:
        """The samples of one channel."""
        return int(self.samples.shape[0])

    @property
    def channels(self) -> int:
        """The number of channels."""
        return int(self.samples.shape[1])

    @property
    def nbytes(self) -> int:
        """The bytes of the samples."""
        return self.samples.nbytes

    def with_samples(self, samples: NDArray[np.float32], sample_rate: int = 0) -> AudioFrame:
        """A frame of other samples that keeps the stamps and the metadata; the duration follows the samples.

        Args:
            samples: as in the constructor.
            sample_rate: in Hz; this frame's where not given.

        Raises:
            FormatError: shape or type do not fit.
        """
        return replace(self, samples=samples, sample_rate=sample_rate or self.sample_rate, duration_ns=0)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """The samples, so that `numpy.asarray(frame)` works; read-only unless it is a copy."""
        return np.array(self.samples, dtype=dtype, copy=copy)

    def __dlpack__(
        self,
        *,
        stream: None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> CapsuleType:
        """The samples through DLPack; a copy for consumers that cannot be told that a view is read-only."""
        return export(self.samples, stream, max_version, dl_device, copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The CPU."""
        return CPU

    def __repr__(self) -> str:
        return f"<AudioFrame {self.num_samples}x{self.channels} {self.sample_rate} Hz {seconds(self)}>"


def _wrong_type(samples: object) -> str:
    if not isinstance(samples, np.ndarray):
        return f"samples are a numpy array, got {type(samples).__name__}; numpy.asarray(..., numpy.float32) makes one"
    hints = {
        "int16": "; samples.astype(numpy.float32) / 32768 converts",
        "int32": "; (samples / 2147483648).astype(numpy.float32) converts",
        "float64": "; samples.astype(numpy.float32) converts",
    }
    return f"samples are float32 between -1 and 1, got {samples.dtype}{hints.get(samples.dtype.name, '')}"


def _wrong_shape(samples: NDArray[Any]) -> str:
    shape = samples.shape
    planar = samples.ndim == 2 and 1 <= shape[0] <= MAX_CHANNELS
    hint = "; samples.T if channels come first" if planar else ""
    return f"samples have the shape (samples, channels) with 1 to {MAX_CHANNELS} channels, got {shape}{hint}"
