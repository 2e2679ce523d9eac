"""The one table of formats. A new format is one module and one row."""

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from engine.domain.errors import UsageError
from engine.domain.media import MediaKind
from engine.exchange import (
    activitynet,
    audacity,
    charades,
    coco,
    coco_captions,
    coco_results,
    cvat_images,
    cvat_video,
    elan,
    label_studio,
    labelme,
    llava,
    native,
    praat,
    refcoco,
    spreadsheet,
    subtitles,
    swift,
    voc,
    yolo,
)
from engine.exchange.dataset import Dataset
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing

_I, _V, _A = MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO
_MICRO = 5e-7


class Format(Struct, frozen=True):
    """One way to write and read annotations.

    `suffix` names a single file ("" for a folder), `extensions` what the reader accepts. `carries` lists geometries
    (box, track, segment, whole, absent), and rejected, label, phrase, facts, questions. `exact` formats take everything
    as it is, `complete` ones work that nobody reviewed, too. `own_splits` formats say train, val and test themselves.
    `pixels` and `seconds` bound the rounding of an edge and an instant (`relative`: as a share of the longer side and
    the running time). `oracle` is the reader of others that the tests hold our files against.
    """

    id: str
    name: str
    suffix: str
    extensions: tuple[str, ...]
    media: frozenset[MediaKind]
    carries: frozenset[str]
    write: Callable[[Dataset, Outgoing], Iterator[File]]
    read: Callable[[Path, Incoming], Iterator[Imported]]
    pixels: float = 0.0
    seconds: float = 0.0
    relative: bool = False
    exact: bool = False
    complete: bool = False
    own_splits: bool = False
    oracle: str = ""

    @property
    def folder(self) -> bool:
        return not self.suffix


def _carries(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ALL = frozenset({_I, _V, _A})
_EVERYTHING = _carries("box track segment whole absent rejected label phrase facts questions")

FORMATS: tuple[Format, ...] = (
    Format(
        "native", "Groundwork JSON", ".json", (".json",), _ALL, _EVERYTHING, native.write, native.read,
        exact=True, complete=True, own_splits=True, oracle="its published JSON Schema",
    ),
    Format(
        "coco", "COCO instances", ".json", (".json",), frozenset({_I, _V}),
        _carries("box track absent label phrase facts"), coco.write, coco.read,
        pixels=1e-9, oracle="pycocotools, faster-coco-eval, datumaro",
    ),
    Format(
        "coco-results", "COCO results", ".json", (".json",), frozenset({_I}), _carries("box label"),
        coco_results.write, coco_results.read, pixels=1e-9, oracle="pycocotools, faster-coco-eval",
    ),
    Format(
        "coco-captions", "COCO captions", ".json", (".json",), frozenset({_I}), _carries("whole label phrase facts"),
        coco_captions.write, coco_captions.read, oracle="pycocotools",
    ),
    Format(
        "refcoco", "Referring expressions (RefCOCO)", "", (".json", ".p"), frozenset({_I}),
        _carries("box absent label phrase facts"), refcoco.write, refcoco.read,
        pixels=1e-9, own_splits=True, oracle="pycocotools (instances.json)",
    ),
    Format(
        "groundinggpt", "GroundingGPT / LLaVA conversations", ".json", (".json",), _ALL,
        _carries("box segment whole absent label phrase facts questions"), llava.write, llava.read,
        pixels=5e-4, seconds=5e-3, relative=True, oracle="the published training reader's text and token ids",
    ),
    Format(
        "swift", "ms-swift conversations", ".jsonl", (".jsonl",), _ALL,
        _carries("box segment whole absent label phrase facts questions"), swift.write, swift.read,
        pixels=1e-9, seconds=5e-4, oracle="counts of placeholders and objects",
    ),
    Format(
        "charades", "Charades-STA", ".txt", (".txt",), frozenset({_V}), _carries("segment phrase"),
        charades.write, charades.read, seconds=_MICRO, oracle="the line grammar",
    ),
    Format(
        "activitynet", "ActivityNet Captions", ".json", (".json",), frozenset({_V}), _carries("segment phrase"),
        activitynet.write, activitynet.read, seconds=1e-9, oracle="the published evaluation's required keys",
    ),
    Format(
        "audacity", "Audacity labels", "", (".txt",), frozenset({_V, _A}), _carries("segment phrase"),
        audacity.write, audacity.read, seconds=_MICRO, oracle="the line grammar",
    ),
    Format(
        "elan", "ELAN EAF", "", (".eaf",), frozenset({_V, _A}), _carries("segment label phrase"),
        elan.write, elan.read, seconds=1e-3, oracle="pympi",
    ),
    Format(
        "praat", "Praat TextGrid", "", (".textgrid",), frozenset({_V, _A}), _carries("segment label phrase"),
        praat.write, praat.read, seconds=1e-9, oracle="praatio",
    ),
    Format(
        "vtt", "WebVTT", "", (".vtt",), frozenset({_V, _A}), _carries("segment label phrase"),
        subtitles.write_vtt, subtitles.read_vtt, seconds=1e-3, oracle="pysubs2",
    ),
    Format(
        "srt", "SubRip (SRT)", "", (".srt",), frozenset({_V, _A}), _carries("segment phrase"),
        subtitles.write_srt, subtitles.read_srt, seconds=1e-3, oracle="pysubs2",
    ),
    Format(
        "label-studio", "Label Studio", "", (".json",), _ALL,
        _carries("box track segment whole absent label phrase facts"), label_studio.write, label_studio.read,
        pixels=1e-9, oracle="the fields and percentages that its SDK reads",
    ),
    Format(
        "cvat-images", "CVAT for images 1.1", ".xml", (".xml",), frozenset({_I}),
        _carries("box whole absent label phrase"), cvat_images.write, cvat_images.read,
        pixels=_MICRO, oracle="datumaro",
    ),
    Format(
        "cvat-video", "CVAT for video 1.1", "", (".xml",), frozenset({_V}), _carries("track label phrase"),
        cvat_video.write, cvat_video.read, pixels=_MICRO, oracle="datumaro",
    ),
    Format(
        "yolo", "YOLO", "", (".yaml", ".yml", ".txt"), frozenset({_I}), _carries("box label"), yolo.write, yolo.read,
        pixels=1e-8, relative=True, own_splits=True, oracle="datumaro",
    ),
    Format(
        "voc", "Pascal VOC", "", (".xml",), frozenset({_I}), _carries("box label"), voc.write, voc.read,
        pixels=1.0, own_splits=True, oracle="datumaro",
    ),
    Format(
        "labelme", "LabelMe", "", (".json",), frozenset({_I}), _carries("box label phrase facts"),
        labelme.write, labelme.read, oracle="datumaro",
    ),
    Format(
        "csv", "CSV table", ".csv", (".csv",), _ALL, _EVERYTHING, spreadsheet.write_csv, spreadsheet.read_csv,
        exact=True, own_splits=True, oracle="Python's csv",
    ),
    Format(
        "tsv", "TSV table", ".tsv", (".tsv",), _ALL, _EVERYTHING, spreadsheet.write_tsv, spreadsheet.read_tsv,
        exact=True, own_splits=True, oracle="Python's csv",
    ),
)  # fmt: skip

_BY_ID = {row.id: row for row in FORMATS}


def format_named(id_: str) -> Format:
    """The row of that id; UsageError names the ones there are."""
    if id_ not in _BY_ID:
        raise UsageError(f"There is no format {id_!r}; choose one of {', '.join(_BY_ID)}.")
    return _BY_ID[id_]
