from pathlib import Path

import pytest

from engine.domain.errors import MediaError
from engine.media import index as media_index
from engine.media.container import open_container, video_of
from engine.media.index import frame_index
from engine.media.probe import probe
from tests.engine.media import clips
from tests.engine.media.fields import write_fields

INTERLACED = {"preset": "veryfast", "x264-params": "interlaced=1:bframes=2:keyint=30"}


def decoded(path: Path) -> list[int]:
    with open_container(path) as container:
        return [frame.pts for frame in container.decode(video_of(container))]


@pytest.fixture
def frames_decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by each frame that is decoded for an index."""
    seen: list[int] = []

    def counted(times, frames=media_index._frames):
        for frame in frames(times):
            seen.append(frame.pts)
            yield frame

    monkeypatch.setattr(media_index, "_frames", counted)
    return seen


def test_of_an_interlaced_recording_only_the_first_frames_are_decoded(tmp_path: Path, frames_decoded) -> None:
    path = clips.write_clip(tmp_path / "a.ts", options=INTERLACED)
    assert frame_index(path).pts.tolist() == decoded(path)
    assert len(frames_decoded) < 40


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("paired", [1, 3, 40])
def test_two_fields_are_one_frame(paired: int, apart: bool, tmp_path: Path, frames_decoded) -> None:
    path = write_fields(tmp_path / "a.ts", 60, paired=paired, apart=apart)
    assert frame_index(path).pts.tolist() == decoded(path)
    assert len(decoded(path)) == 60
    assert (len(frames_decoded) < 40) is not apart


@pytest.mark.parametrize(("name", "codec"), [("a.h264", "libx264"), ("a.hevc", "libx265")])
def test_a_bare_stream_without_times_is_to_be_converted(name: str, codec: str, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=f"{name} tells no times of its frames; convert it to MP4"):
        frame_index(clips.write_clip(tmp_path / name, codec=codec, count=20))


def test_a_common_clip_is_indexed_without_decoding(clip, frames_decoded) -> None:
    for kind in ("three B-frames", "edit list", "fragmented", "transport stream", "variable rate mkv", "VP9"):
        frame_index(clip(kind))
    assert frames_decoded == []


def test_decoding_for_an_index_gives_signs_of_life(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "a.avi", codec="mpeg4", options={"g": "60", "bf": "2"}, count=60)
    beats = []
    probe(path, lambda: beats.append(1))
    assert len(beats) == 60
