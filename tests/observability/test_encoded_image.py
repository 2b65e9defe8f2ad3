from __future__ import annotations

import base64
from pathlib import Path

import pytest

from streamlib import EncodedImage, ImageFormat
from streamlib.errors import ConfigError


def image(format: ImageFormat = ImageFormat.JPEG) -> EncodedImage:
    return EncodedImage(width=8, height=4, format=format, data=b"file")


def test_it_is_saved_under_a_name_that_fits(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.JPEG"):
        assert image().save(tmp_path / name).read_bytes() == b"file"
    with pytest.raises(ConfigError, match=r'a.png would hold jpeg; save it as .*a.jpg, or sample it with format="png"'):
        image().save(tmp_path / "a.png")
    with pytest.raises(ConfigError, match=r"save it as .*a.webp$"):
        image(ImageFormat.WEBP).save(tmp_path / "a")
    with pytest.raises(FileNotFoundError):
        image().save(tmp_path / "nowhere" / "a.jpg")


def test_a_notebook_shows_it() -> None:
    shown = image(ImageFormat.PNG)._repr_html_()
    assert f'src="data:image/png;base64,{base64.b64encode(b"file").decode()}"' in shown
    assert 'width="8" height="4"' in shown
    assert repr(image()) == "<EncodedImage 8x4 jpeg, 4 B>"
