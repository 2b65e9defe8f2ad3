"""Packets for the tests of MP4, made by the codecs."""

from __future__ import annotations

import logging

from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media.audio.aac import AacCodec, AacSettings
from streamlib.media.notices import Notices
from streamlib.media.video.h264 import H264Codec, H264Settings, Latency, Preset

LOG = logging.getLogger("streamlib.test")
FAST = H264Settings(preset=Preset.ULTRAFAST, threads=1)
HELD = H264Settings(preset=Preset.VERYFAST, threads=1, latency=Latency.NORMAL)


def notices() -> Notices:
    return Notices(LOG)


def h264(frames: list[VideoFrame], settings: H264Settings = FAST) -> list[EncodedPacket]:
    codec = H264Codec(settings, notices())
    return [packet for frame in frames for packet in codec.encode(frame)] + codec.flush()


def aac(frames: list[AudioFrame]) -> list[EncodedPacket]:
    codec = AacCodec(AacSettings(), notices())
    return [packet for frame in frames for packet in codec.encode(frame)] + codec.flush()
