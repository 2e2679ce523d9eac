"""The readers that others use load our files and find in them what we meant."""

import csv
import html
import json
from pathlib import Path

import faster_coco_eval
import pysubs2
import pytest
from praatio import textgrid
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from pympi.Elan import Eaf

from engine.domain.annotation import Label, Review
from engine.domain.geometry import Box, Segment
from engine.domain.ids import new_id
from engine.exchange.dataset import Dataset
from engine.exchange.exporting import Plan, export
from engine.exchange.formats import format_named
from engine.exchange.identity import Numbers
from tests.engine.exchange.samples import example, picture, said, sound

Rows = list[tuple[float, float, str, str]]


def street(folder: str = "ü/") -> Dataset:
    """Forty pictures with a hundred boxes of three kinds, from 2 px to the whole picture."""
    labels = tuple(Label(new_id(), name) for name in ("car", "Käfer", "犬"))
    items = tuple(picture(f"{folder}{at}.png", 640 + at, 480) for at in range(40))
    rows = []
    for at in range(100):
        item = items[at % 40]
        left, top = (at * 37) % 400 + at / 7, (at * 53) % 300 + at / 11
        wide = 2 + (at * 29) % (item.width - left - 2)
        box = Box(left, top, left + wide, min(top + wide / 2 + 1, 480.0))
        rows.append(said(item, box, f"thing {at}", label=labels[at % 3]))
    return Dataset(items, labels, tuple(rows))


def exported(dataset: Dataset, folder: Path) -> tuple[Path, Path]:
    numbers = Numbers()
    truth, results = folder / "instances.json", folder / "results.json"
    export(dataset, truth, format_named("coco"), numbers=numbers)
    export(dataset, results, format_named("coco-results"), numbers=numbers)
    return truth, results


def test_coco_scores_the_truth_against_itself_as_perfect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    truth, results = exported(street(), tmp_path)
    ours = COCO(str(truth))
    evaluation = COCOeval(ours, ours.loadRes(str(results)), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0, abs=1e-12)
    assert evaluation.stats[8] == pytest.approx(1.0, abs=1e-12)
    faster = faster_coco_eval.COCO(str(truth))
    second = faster_coco_eval.COCOeval_faster(faster, faster.loadRes(str(results)), "bbox")
    second.run()
    assert second.stats[0] == pytest.approx(1.0, abs=1e-12)
    assert second.stats[8] == pytest.approx(1.0, abs=1e-12)
    capsys.readouterr()


def test_coco_files_are_what_strict_readers_ask_for(tmp_path: Path) -> None:
    for path in exported(street(), tmp_path):
        data = path.read_bytes()
        assert data.isascii()
        assert b"NaN" not in data
        assert b"Infinity" not in data
    sheet = json.loads((tmp_path / "instances.json").read_bytes())
    for key in ("images", "annotations", "categories"):
        numbers = [row["id"] for row in sheet[key]]
        assert numbers == sorted(set(numbers))
        assert numbers[0] == 1
    assert all({"area", "iscrowd", "segmentation"} <= row.keys() for row in sheet["annotations"])
    assert not any(row["file_name"].startswith("/") or "\\" in row["file_name"] for row in sheet["images"])


def test_captions_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(example(), tmp_path / "captions.json", format_named("coco-captions"))
    coco = COCO(str(tmp_path / "captions.json"))
    assert [row["caption"] for row in coco.loadAnns(coco.getAnnIds())] == ["A street in the morning."]
    capsys.readouterr()


def test_references_load_as_coco(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(example(), tmp_path / "refs", format_named("refcoco"))
    coco = COCO(str(tmp_path / "refs" / "instances.json"))
    rows = json.loads((tmp_path / "refs" / "refs.json").read_bytes())
    assert {row["ann_id"] for row in rows if not row["no_target"]} == set(coco.getAnnIds())
    assert all(sentence["sent_id"] in row["sent_ids"] for row in rows for sentence in row["sentences"])
    capsys.readouterr()


def speech() -> tuple[Dataset, list[tuple[float, float, str, str]]]:
    """Overlapping segments of two labels and of none, with what is awkward in a text; as seconds, label, phrase."""
    item = sound("talk.wav", 600)
    labels = (Label(new_id(), "Anna"), Label(new_id(), "B & <C>"))
    rows, told = [], []
    for at in range(60):
        start, length = at * 140_001 % 9_000_000, 1 + at * 12_345 % 200_000
        label = (*labels, None)[at % 3]
        phrase = f'Wort {at} "so" & <b>ü</b> 漢'
        rows.append(said(item, Segment(start, start + length), phrase, label=label))
        told.append((start / 16000, (start + length) / 16000, label.name if label else "", phrase))
    return Dataset((item,), labels, tuple(rows)), sorted(told)


def test_praatio_reads_the_textgrid(tmp_path: Path) -> None:
    dataset, told = speech()
    export(dataset, tmp_path / "out", format_named("praat"))
    grid = textgrid.openTextgrid(str(tmp_path / "out" / "talk.TextGrid"), includeEmptyIntervals=False)
    found = sorted(
        (entry.start, entry.end, name.partition(" · ")[0].replace("phrases", ""), entry.label)
        for name in grid.tierNames
        for entry in grid.getTier(name).entries
    )
    compare(found, told, 1e-9)


def test_pympi_reads_the_eaf(tmp_path: Path) -> None:
    dataset, told = speech()
    export(dataset, tmp_path / "out", format_named("elan"))
    eaf = Eaf(str(tmp_path / "out" / "talk.eaf"))
    found = sorted(
        (start / 1000, end / 1000, name.partition(" · ")[0].replace("phrases", ""), words)
        for name in eaf.get_tier_names()
        for start, end, words in (row[:3] for row in eaf.get_annotation_data_for_tier(name))
    )
    compare(found, told, 1e-3)


@pytest.mark.parametrize("id_", ["vtt", "srt"])
def test_pysubs2_reads_the_subtitles(id_: str, tmp_path: Path) -> None:
    dataset, told = speech()
    export(dataset, tmp_path / "out", format_named(id_))
    lines = pysubs2.load(str(tmp_path / "out" / f"talk.{id_}"), encoding="utf-8")
    found = sorted((line.start / 1000, line.end / 1000, "", html.unescape(line.plaintext)) for line in lines)
    if id_ == "srt":
        told = [(start, end, label, words.replace("<b>", "").replace("</b>", "")) for start, end, label, words in told]
    compare(found, [(start, end, "", words) for start, end, _, words in told], 1e-3)


def test_csv_gives_every_row_to_any_reader(tmp_path: Path) -> None:
    dataset = example()
    for id_, separator in (("csv", ","), ("tsv", "\t")):
        export(dataset, tmp_path / f"t.{id_}", format_named(id_))
        with (tmp_path / f"t.{id_}").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter=separator))
        assert sorted(row["id"] for row in rows) == sorted(one.id for one in dataset.annotations)


def test_a_spreadsheet_is_given_no_formula(tmp_path: Path) -> None:
    item = picture()
    dangerous = ["=1+1", "+cmd", "-x", "@sum", "\tx", "'=y"]
    rows = tuple(said(item, Box(0, 0, 5, 5 + at), words) for at, words in enumerate(dangerous))
    export(Dataset((item,), (), rows), tmp_path / "t.csv", format_named("csv"))
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        found = [row["phrase"] for row in csv.DictReader(file)]
    assert found == [f"'{words}" for words in dangerous]


def test_unreviewed_and_rejected_work_stays_at_home(tmp_path: Path) -> None:
    item = picture()
    rows = tuple(said(item, Box(0, 0, 5, 5 + at), review=review) for at, review in enumerate(Review))
    for id_ in ("coco", "voc", "yolo", "labelme", "csv", "refcoco"):
        format_ = format_named(id_)
        report = export(Dataset((item,), (), rows), tmp_path / f"{id_}{format_.suffix}", format_, Plan())
        assert report.annotations == (4 if id_ == "csv" else 3)


def compare(found: Rows, told: Rows, bound: float) -> None:
    """Same words of the same labels, times within the bound; order among equal times is free."""
    rest = list(told)
    for start, end, label, words in found:
        alike = (row for row in rest if row[2:] == (label, words))
        rest.remove(next(row for row in alike if max(abs(row[0] - start), abs(row[1] - end)) <= bound))
    assert not rest
