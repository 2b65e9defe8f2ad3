from __future__ import annotations

import random
from collections.abc import Iterable
from heapq import merge
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streamlib.errors import FormatError, MediaError
from streamlib.frames.packet import EncodedPacket
from streamlib.media.mp4 import muxer as module
from streamlib.media.mp4.muxer import MEDIA, Mp4Muxer, Written
from tests.media.clips import SECOND, assert_plays, frame_count, packets, pictures, probe, sound
from tests.media.mp4.streams import HELD, aac, h264, notices

# Sound that begins behind the file's start has the codec's delay in front, one block that is not cut away.
BLOCK = 1024 / 48_000 + 0.001


def by_time(*streams: list[EncodedPacket]) -> Iterable[EncodedPacket]:
    return merge(*streams, key=lambda packet: packet.decode_ns)


def muxed(path: Path, given: Iterable[EncodedPacket], connected: tuple[str, ...] = MEDIA) -> Written:
    muxer = Mp4Muxer(path, notices())
    for packet in given:
        muxer.write(packet)
        muxer.settle(connected)
    written = muxer.close()
    assert written is not None
    return written


def starts(path: Path) -> tuple[float, float]:
    told = probe(path)
    return float(told["video"]["start_time"]), float(told["audio"]["start_time"])


@pytest.mark.promise("media.mp4-starts-at-zero")
@pytest.mark.parametrize("start_ns", [0, 5 * SECOND + 123_456_789, -2 * SECOND, 10**15])
def test_every_file_starts_at_zero(tmp_path: Path, start_ns: int) -> None:
    path = tmp_path / "out.mp4"
    written = muxed(path, by_time(h264(pictures(50, start_ns=start_ns), HELD), aac(sound(2, start_ns=start_ns))))
    assert_plays(path)
    assert starts(path) == (0, 0)
    assert written.pictures == 50
    assert written.seconds == pytest.approx(2, abs=0.01)
    assert frame_count(path, "v:0") == 50


@pytest.mark.promise("media.mp4-starts-at-zero", "media.in-step")
@pytest.mark.parametrize("late", [-0.5, 0.3, 1.0])
def test_there_is_one_offset_for_both(tmp_path: Path, late: float) -> None:
    path = tmp_path / "out.mp4"
    start_ns = 3 * SECOND
    video = h264(pictures(50, start_ns=start_ns + round(late * SECOND)), HELD)
    muxed(path, by_time(video, aac(sound(2, start_ns=start_ns))))
    assert_plays(path)
    pictures_start, sound_start = starts(path)
    assert pictures_start == pytest.approx(max(0, late), abs=0.001)
    assert sound_start == pytest.approx(max(0, -late), abs=BLOCK)


def test_one_stream_alone_makes_a_file(tmp_path: Path) -> None:
    for name, stream in (("video", h264(pictures(30))), ("audio", aac(sound(1)))):
        path = tmp_path / f"{name}.mp4"
        muxed(path, stream, connected=(name,))
        assert_plays(path)
        assert set(probe(path)) == {name, "format"}


def test_pictures_before_the_first_key_frame_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "out.mp4"
    stream = h264(pictures(120))
    second = [n for n, packet in enumerate(stream) if packet.keyframe][1]
    written = muxed(path, stream[7:], connected=("video",))
    assert_plays(path)
    assert written.pictures == 120 - second
    assert caplog.text.count("key frame") == 1


def test_nothing_is_on_the_disk_before_all_streams_are_known(tmp_path: Path) -> None:
    path, muxer = tmp_path / "out.mp4", Mp4Muxer(tmp_path / "out.mp4", notices())
    for packet in h264(pictures(100)):
        muxer.write(packet)
        muxer.settle(MEDIA)
    assert not path.exists()
    for packet in aac(sound(4)):
        muxer.write(packet)
        muxer.settle(MEDIA)
    assert path.exists()
    muxer.close()
    assert frame_count(path, "v:0") == 100


def test_an_input_that_is_silent_holds_the_file_up_for_a_bounded_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_NS", 2 * SECOND)
    path = tmp_path / "out.mp4"
    late = [replace(packet, timestamp_ns=packet.timestamp_ns + 3 * SECOND) for packet in aac(sound(0.2))]
    written = muxed(path, [*h264(pictures(75)), *late])
    assert (written.pictures, written.sounds) == (75, 0)
    assert "nothing came from 'audio'" in caplog.text
    assert caplog.text.count("came too late") == 1
    assert_plays(path)


def test_so_it_does_for_a_bounded_number_of_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_BYTES", 2000)
    muxer = Mp4Muxer(tmp_path / "out.mp4", notices())
    for packet in h264(pictures(60)):
        muxer.write(packet)
        muxer.settle(MEDIA)
    assert (tmp_path / "out.mp4").exists()
    muxer.close()


def test_packets_that_all_bear_one_time_are_kept_up_to_a_number_of_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_BYTES", 2000)
    muxer = Mp4Muxer(tmp_path / "out.mp4", notices())
    for packet in h264(pictures(60)):
        muxer.write(replace(packet, timestamp_ns=0, decode_ns=0))
        muxer.settle(("video",))
        assert muxer._gathered_bytes < 4000
    assert (tmp_path / "out.mp4").exists()
    muxer.close()
    assert frame_count(tmp_path / "out.mp4", "v:0") == 60


def test_an_input_that_gets_its_link_a_moment_later_is_in_the_file(tmp_path: Path) -> None:
    path, muxer = tmp_path / "out.mp4", Mp4Muxer(tmp_path / "out.mp4", notices())
    video, audio = h264(pictures(50)), aac(sound(1, start_ns=SECOND // 2))
    for packet in video[:10]:
        muxer.write(packet)
        muxer.settle(("video",))
    for packet in by_time(video[10:], audio):
        muxer.write(packet)
        muxer.settle(MEDIA)
    muxer.close()
    assert starts(path)[0] == 0
    assert starts(path)[1] == pytest.approx(0.5, abs=BLOCK)


def test_decoding_times_that_do_not_rise_are_moved(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    stream = [replace(packet, timestamp_ns=0, decode_ns=0) for packet in h264(pictures(5))]
    muxed(path, stream, connected=("video",))
    assert_plays(path)
    assert len(packets(path, "v:0")) == 5


def test_without_a_packet_there_is_no_file(tmp_path: Path) -> None:
    muxer = Mp4Muxer(tmp_path / "out.mp4", notices())
    muxer.settle(MEDIA)
    assert muxer.close() is None
    assert list(tmp_path.iterdir()) == []


def test_a_codec_that_does_not_go_in_is_refused_in_words(tmp_path: Path) -> None:
    packet = h264(pictures(1))[0]
    with pytest.raises(FormatError, match="vp9"):
        Mp4Muxer(tmp_path / "out.mp4", notices()).write(replace(packet, stream=replace(packet.stream, codec="vp9")))


def test_a_stream_that_changes_its_size_is_refused_and_the_file_plays(tmp_path: Path) -> None:
    path, muxer = tmp_path / "out.mp4", Mp4Muxer(tmp_path / "out.mp4", notices())
    for packet in h264(pictures(50)):
        muxer.write(packet)
        muxer.settle(("video",))
    other = h264(pictures(1, width=128, start_ns=9 * SECOND))[0]
    with pytest.raises(MediaError, match="64x48 and cannot go on with h264 of 128x48"):
        muxer.write(other)
    muxer.close()
    assert_plays(path)
    assert frame_count(path, "v:0") == 50


def test_an_encoder_that_was_opened_anew_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    written = muxed(path, h264(pictures(50)) + h264(pictures(50, start_ns=2 * SECOND)), connected=("video",))
    assert_plays(path)
    assert written.pictures == frame_count(path, "v:0") == 100


@pytest.mark.promise("media.full-disk")
def test_a_full_disk_is_named_with_the_file() -> None:
    with pytest.raises(MediaError, match="/dev/full could not be written: No space left"):
        muxed(Path("/dev/full"), h264(pictures(60)), connected=("video",))


def test_after_an_error_closing_does_nothing() -> None:
    muxer = Mp4Muxer(Path("/dev/full"), notices())
    muxer.write(h264(pictures(1))[0])
    with pytest.raises(MediaError):
        muxer.close()
    assert muxer.is_broken
    assert muxer.close() is None


@pytest.fixture(scope="module")
def both_streams() -> tuple[list[EncodedPacket], list[EncodedPacket]]:
    return h264(pictures(50), HELD), aac(sound(2))


@settings(max_examples=8)
@given(seed=st.integers(0, 1000), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_in_whatever_order_inputs_come_the_file_plays(
    seed: int,
    sizes: list[int],
    tmp_path_factory: pytest.TempPathFactory,
    both_streams: tuple[list[EncodedPacket], list[EncodedPacket]],
) -> None:
    path, chance = tmp_path_factory.mktemp("order") / "out.mp4", random.Random(seed)
    streams = [list(stream) for stream in both_streams]
    order: list[EncodedPacket] = []
    for size in sizes * 20:
        stream = chance.choice(streams)
        order += [stream.pop(0) for _ in range(min(size, len(stream)))]
    muxed(path, order + streams[0] + streams[1])
    assert_plays(path)
    assert starts(path) == (0, 0)
    assert frame_count(path, "v:0") == 50


def test_what_was_written_reads_as_a_sentence() -> None:
    words = str(Written(Path("a.mp4"), 3, 5, 1.5, 2_000_000))
    assert words == "a.mp4: 3 pictures and 5 blocks of sound, 1.50 s, 2.00 MB"


def test_who_reads_a_file_that_is_replaced_goes_on_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    muxed(path, h264(pictures(50)), ("video",))
    before = path.read_bytes()
    with path.open("rb") as reader:
        muxed(path, h264(pictures(25)), ("video",))
        assert reader.read() == before
    assert frame_count(path, "v:0") == 25


def test_a_file_that_was_removed_while_it_was_written_is_no_success(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    muxer = Mp4Muxer(path, notices())
    for packet in h264(pictures(50)):
        muxer.write(packet)
        muxer.settle(("video",))
    path.unlink()
    with pytest.raises(MediaError, match=r"out\.mp4 could not be kept: it was removed while it was written"):
        muxer.close()


def test_a_gap_that_the_file_cannot_have_is_told_and_what_is_before_it_plays(tmp_path: Path) -> None:
    path, given = tmp_path / "out.mp4", h264(pictures(10))
    gap = [replace(one, timestamp_ns=one.timestamp_ns + 10**17, decode_ns=one.decode_ns + 10**17) for one in given]
    muxer = Mp4Muxer(path, notices())
    with pytest.raises(MediaError, match=r"a gap of 27,777\.8 h, and .* 6\.6 h at most; it plays up to 0\.4 s; see"):
        for packet in given + gap:
            muxer.write(packet)
            muxer.settle(["video"])
        muxer.close()
    assert_plays(path)
    assert frame_count(path, "v:0") == 10


def test_the_longest_gap_is_in_the_file(tmp_path: Path) -> None:
    given, hours_ns = h264(pictures(2)), 23_860 * SECOND
    late = [replace(one, timestamp_ns=one.timestamp_ns + hours_ns, decode_ns=one.decode_ns + hours_ns) for one in given]
    assert muxed(tmp_path / "out.mp4", given + late, ("video",)).seconds == pytest.approx(23_860.08)
    assert frame_count(tmp_path / "out.mp4", "v:0") == 4


def test_a_file_whose_first_picture_cannot_be_written_does_not_pretend_to_play(tmp_path: Path) -> None:
    first, *_ = h264(pictures(1))
    muxer = Mp4Muxer(tmp_path / "out.mp4", notices())
    muxer.write(replace(first, decode_ns=first.decode_ns - 10**17))
    with pytest.raises(MediaError, match="at most; what is there does not play"):
        muxer.close()
