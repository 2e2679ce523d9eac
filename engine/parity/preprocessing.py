"""What media become before a network sees them, against the recorded arrays."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engine.domain.errors import ModelError
from engine.media.sampled import read_frames, read_picture, read_sound
from engine.media.sampling import frame_indices, frame_values, picture_values, sound_values, square, window_ranges
from engine.parity.golden import Golden
from engine.parity.rows import (
    EQUAL,
    PIXELS,
    SOUND_AT_RATE,
    SOUND_RESAMPLED,
    WAVE,
    Row,
    close,
    equal,
    unread,
)


def preprocessing(golden: Golden) -> Iterator[Row]:
    told = golden.tables["preprocess"]
    for name in told.get("images", {}):
        yield from _image(golden, name)
    for name, facts in told.get("videos", {}).items():
        yield from _video(golden, name, facts)
    for name, facts in told.get("sounds", {}).items():
        yield from _sound(golden, name, facts)
    for case, indices in told.get("frame_index_rule_cases", {}).items():
        count, limit = map(int, case.split("@"))
        yield equal(f"frame indices {case}", frame_indices(count, limit), indices)
    stems = [f"{kind}.{name}" for kind in ("image", "video", "sound") for name in told.get(f"{kind}s", {})]
    yield from unread(golden.tensors["preprocess"], stems)


def _medium(golden: Golden, name: str) -> Path:
    path = golden.folder / "media" / name
    if not path.is_file():
        raise ModelError(f"{path} is missing; choose a whole folder of golden data.")
    return path


def _image(golden: Golden, name: str) -> Iterator[Row]:
    tensors = golden.tensors["preprocess"]
    picture = read_picture(_medium(golden, name))
    padded = square(picture, golden.seeing.pad) if golden.seeing.pad else picture
    yield close(f"image.{name}.square_uint8", torch.tensor(padded), tensors[f"image.{name}.square_uint8"], EQUAL)
    values = torch.from_numpy(picture_values(picture, golden.seeing))[None]
    yield close(f"image.{name}.pixel_values", values, tensors[f"image.{name}.pixel_values"], PIXELS)


def _video(golden: Golden, name: str, facts: dict[str, Any]) -> Iterator[Row]:
    tensors = golden.tensors["preprocess"]
    if "n_frames_file" in facts:
        indices = frame_indices(facts["n_frames_file"], golden.watching.limit)
        yield equal(f"video.{name}.indices", indices, facts["indices"])
    frames = read_frames(_medium(golden, name), golden.watching)
    channels_first = torch.tensor(frames).permute(3, 0, 1, 2)
    yield close(f"video.{name}.frames_uint8", channels_first, tensors[f"video.{name}.frames_uint8"], EQUAL)
    values = torch.from_numpy(frame_values(frames, golden.watching))
    yield close(f"video.{name}.pixel_values", values, tensors[f"video.{name}.pixel_values"], PIXELS)
    pattern = re.compile(re.escape(f"video.{name}.pixel_values_crop_") + r"(\d+)_(\d+)_(\d+)_(\d+)")
    for key in tensors:
        if match := pattern.fullmatch(key):
            top, left, height, width = map(int, match.groups())
            window = channels_first[:, :, top : top + height, left : left + width]
            yield close(key, _crop(golden, window), tensors[key], PIXELS)


def _crop(golden: Golden, window: Tensor) -> Tensor:
    """The published random crop, which the product leaves out: bicubic, cut to whole numbers, wrapped at 256."""
    side = golden.watching.side
    grown = functional.interpolate(window.transpose(0, 1).float(), size=(side, side), mode="bicubic")
    frames = (grown.long() % 256).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return torch.from_numpy(frame_values(frames, golden.watching))


def _sound(golden: Golden, name: str, facts: dict[str, Any]) -> Iterator[Row]:
    tensors, hearing = golden.tensors["preprocess"], golden.hearing(name)
    samples = read_sound(_medium(golden, name), hearing.rate)
    yield equal(f"sound.{name}.samples", len(samples), facts["n_samples_16k"])
    ranges = [list(pair) for pair in window_ranges(len(samples), hearing)]
    yield equal(f"sound.{name}.windows", ranges, facts["clip_sample_ranges"])
    start = tensors.get(f"sound.{name}.waveform16k_first_1000")
    if start is not None:
        ours = torch.from_numpy(samples[: start.shape[-1]].copy())
        yield close(f"sound.{name}.waveform", ours, start.reshape(-1, start.shape[-1])[0], WAVE)
    largest, mean = SOUND_AT_RATE if facts["sample_rate"] == hearing.rate else SOUND_RESAMPLED
    clips = torch.from_numpy(sound_values(samples, hearing))[None]
    yield close(f"sound.{name}.clips", clips, tensors[f"sound.{name}.clips"], largest, mean)
