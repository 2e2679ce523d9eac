import hashlib
import wave
from pathlib import Path

import pytest
from PIL import Image

from engine.domain.errors import MediaError
from engine.domain.media import MediaKind
from engine.media.probe import media_item, probe
from tests.engine.media import clips


def test_a_clip_is_measured_exactly(clip) -> None:
    known = probe(clip("three B-frames"))
    assert (known.kind, known.width, known.height) == (MediaKind.VIDEO, clips.WIDTH, clips.HEIGHT)
    assert (known.frames, known.fps, known.variable, known.sound) == (150, 30.0, False, False)
    assert known.seconds == 5.0


def test_hidden_frames_of_an_edit_list_do_not_count(clip) -> None:
    known = probe(clip("edit list"))
    assert known.frames == 150 - 33
    assert known.clock.start == 0


def test_time_starts_at_the_first_frame_wherever_the_stream_starts(clip) -> None:
    known = probe(clip("start offset"))
    assert known.clock.start == 1500
    assert known.offset == 1.5
    assert known.clock.seconds_at(known.clock.start) == 0.0


def test_a_variable_rate_is_told(clip) -> None:
    assert probe(clip("variable rate mp4")).variable
    assert not probe(clip("start offset")).variable


def test_a_turned_clip_has_its_size_as_displayed(clip) -> None:
    known = probe(clip("turned"))
    assert (known.width, known.height, known.rotation) == (clips.HEIGHT, clips.WIDTH, 270)
    assert known.sound


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "mp3"), ("a.m4a", "aac"), ("a.ogg", "libopus")],
)
def test_a_sound_is_measured(name: str, codec: str, tmp_path: Path) -> None:
    known = probe(clips.write_sound(tmp_path / name, 2.5, codec=codec))
    assert known.kind is MediaKind.AUDIO
    assert known.seconds == pytest.approx(2.5, abs=0.03)
    assert (known.frames, known.rate, known.channels) == (0, 48000, 2)


@pytest.mark.parametrize(("name", "codec"), [("a.aac", "aac"), ("a.mp3", "libmp3lame")])
def test_a_sound_that_states_no_length_is_measured_to_its_end(name: str, codec: str, tmp_path: Path) -> None:
    """The first bits are many more than the rest, from which its length would be guessed too short."""
    parts = [
        clips.write_sound(tmp_path / f"{rate}{name}", 3.0, codec=codec, bit_rate=rate, container={"write_xing": "0"})
        for rate in (256_000, 64_000)
    ]
    (tmp_path / name).write_bytes(b"".join(part.read_bytes() for part in parts))
    assert probe(tmp_path / name).seconds == pytest.approx(6.0, abs=0.15)


def test_kind_is_seen_in_the_content_not_the_name(tmp_path: Path) -> None:
    Image.new("RGB", (4, 3)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.mp4")
    clips.write_clip(tmp_path / "b.mp4", count=5).rename(tmp_path / "b.jpg")
    assert probe(tmp_path / "a.mp4").kind is MediaKind.IMAGE
    assert probe(tmp_path / "b.jpg").kind is MediaKind.VIDEO


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xd8\xff\xe0", b"RIFF\0\0\0\0WAVE", b"\0" * 5000])
def test_what_is_no_medium_is_named_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(content)
    with pytest.raises(MediaError, match=r"x\.bin"):
        probe(tmp_path / "x.bin")


def test_a_sound_without_samples_is_called_empty(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as out:
        out.setparams((1, 2, 48000, 0, "NONE", ""))
    with pytest.raises(MediaError, match=r"^a\.wav is empty: it holds no sound"):
        probe(tmp_path / "a.wav")


def test_a_list_of_other_files_is_not_followed(tmp_path: Path) -> None:
    clips.write_clip(tmp_path / "b.mp4", count=5)
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile b.mp4\n")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nb.mp4\n#EXT-X-ENDLIST\n")
    for name in ("list.ffconcat", "list.m3u8"):
        with pytest.raises(MediaError):
            probe(tmp_path / name)


def test_a_cut_clip_says_what_is_missing(clip, tmp_path: Path) -> None:
    whole = clips.write_clip(
        tmp_path / "whole.mp4", container={"movflags": "faststart"}, options={"bf": "0", "g": "30"}
    )
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    known = probe(cut)
    assert 0 < known.frames < 150
    assert "of 5.0 s are in the file" in known.notice


def test_a_recording_switched_on_late_says_what_cannot_be_shown(tmp_path: Path) -> None:
    """Of ten seconds not even the kind of coding is known, so that each packet is an error."""
    slow = {"times": lambda count: iter(range(0, 3 * count, 3)), "options": {"preset": "ultrafast", "g": "120"}}
    whole = clips.write_clip(tmp_path / "a.ts", count=160, **slow)
    known = probe(clips.without_start(whole, 0.05))
    assert known.frames == 40
    assert "a_late.ts is cut at its start: the 11." in known.notice
    assert probe(whole).notice == ""


def test_recordings_joined_to_one_file_say_that_frames_are_missing(tmp_path: Path) -> None:
    parts = [clips.write_clip(tmp_path / f"{n}.ts", count=n, options={"g": "30"}) for n in (90, 60)]
    (tmp_path / "joined.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    known = probe(tmp_path / "joined.ts")
    assert known.frames == 90
    assert "The clock of joined.ts starts again inside it" in known.notice


def test_an_item_names_its_file_relative_to_the_project_and_carries_its_digest(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    path = tmp_path / "media" / "a.png"
    Image.new("RGB", (7, 5)).save(path)
    item = media_item(path, tmp_path)
    assert (item.path, item.width, item.height, item.frames) == ("media/a.png", 7, 5, 1)
    assert item.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert media_item(path, tmp_path / "other").path == path.resolve().as_posix()
