from pathlib import Path

import av
import numpy as np
import pytest

from engine.domain.errors import Cancelled
from engine.media.convert import Converter
from engine.media.index import frame_index
from engine.media.proxy import Proxy, make_proxy, proxy_file, remove_proxy
from engine.media.video import VideoReader
from tests.engine.media import clips


@pytest.mark.parametrize("kind", ["variable rate mkv", "edit list", "turned"])
def test_frame_n_of_the_copy_is_frame_n_of_the_clip(kind: str, clip) -> None:
    path = clip(kind)
    index = frame_index(path)
    told: list[tuple[float, float]] = []
    copy = Proxy(make_proxy(path, lambda done, total: told.append((done, total))))
    hidden = clips.KINDS[kind][1].get("hidden", 0)
    for number in (0, 100, 5, 99, len(index) - 1):
        assert clips.number_of(copy.frame(number).to_ndarray(format="rgb24")) == number + hidden
    copy.close()
    assert told[-1] == (len(index), len(index))
    remove_proxy(path)
    assert not proxy_file(path).exists()


def test_the_copy_of_a_damaged_clip_holds_what_is_seen_of_it(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "a.mp4", count=60, options={"g": "10", "bf": "0", "preset": "veryfast"})
    clips.hurt(path, [*range(10), *range(30, 40)], "video")
    copy = Proxy(make_proxy(path, lambda done, total: None))
    seen = [clips.number_of(copy.frame(number).to_ndarray(format="rgb24")) for number in range(50)]
    copy.close()
    assert seen == [*range(10, 30), *[29] * 10, *range(40, 60)]


@pytest.mark.parametrize(
    ("size", "matrix"), [((192, 96), "bt709"), ((192, 96), "bt2020nc"), ((192, 96), "undef"), ((1280, 720), "undef")]
)
def test_the_copy_has_the_colours_of_the_clip(size: tuple[int, int], matrix: str, tmp_path: Path) -> None:
    path = tmp_path / "red.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"x264-params": f"colormatrix={matrix}"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), (200, 40, 30), np.uint8), format="rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    reader, copy = VideoReader(path), Proxy(make_proxy(path, lambda done, total: None))
    shown = [Converter(1).frame(frame, 0).pixels[20, 20].astype(int) for frame in (reader.at(0)[1], copy.frame(0))]
    reader.close()
    copy.close()
    assert np.abs(shown[0] - shown[1]).max() <= 4


def test_a_stopped_copy_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWORK_CACHE", str(tmp_path / "cache"))
    path = clips.write_clip(tmp_path / "a.mp4", count=30)

    def enough(done: float, _total: float) -> None:
        if done == 5:
            raise Cancelled("Enough.")

    with pytest.raises(Cancelled):
        make_proxy(path, enough)
    folder = proxy_file(path).parent
    assert not [file for file in folder.iterdir() if "proxy" in file.name]
