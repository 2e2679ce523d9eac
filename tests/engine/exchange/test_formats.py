"""What foreign files say that ours do not: the readers' own corners."""

import json
import pickle
from pathlib import Path

import msgspec
import pytest

from engine.domain.annotation import Annotation, Origin, Review
from engine.domain.errors import ExchangeError
from engine.domain.geometry import Absent, Box, Key, Segment, Track, WholeItem
from engine.domain.media import MediaItem
from engine.domain.query import Query
from engine.exchange.dataset import Dataset
from engine.exchange.exporting import Plan, export
from engine.exchange.formats import format_named
from engine.exchange.incoming import Incoming, Options
from engine.exchange.refcoco import unpickled
from tests.engine.exchange.samples import clip, incoming, picture, said, sound


def taken(
    id_: str, source: Path, *items: MediaItem, into: Incoming | None = None
) -> tuple[list[Annotation], list[str]]:
    into = into or incoming(Dataset(items))
    found = [one for one in format_named(id_).read(source, into) if isinstance(one, Annotation)]
    return found, [f"{loss.how} {loss.what}" for loss in into.losses]


def kept(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_foreign_truth_is_accepted_and_a_foreign_score_is_a_prediction(tmp_path: Path) -> None:
    box = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}
    sheet = {
        "images": [{"id": 1, "file_name": "b.png", "width": 1920, "height": 1080}],
        "annotations": [box | {"id": 0, "area": 12, "iscrowd": 1}, box | {"id": 0, "bbox": [5, 5, -1, 4]}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    file = kept(tmp_path / "instances.json", json.dumps(sheet))
    (one,), told = taken("coco", file, picture())
    assert (one.review, one.provenance.origin, one.extra) == (Review.ACCEPTED, Origin.IMPORTED, {"coco.iscrowd": "1"})
    assert told == ["changed annotation number that is used twice", "dropped box without width or height"]
    results = kept(tmp_path / "results.json", json.dumps([box | {"score": 0.25}]))
    (guess,), _ = taken("coco-results", results, picture())
    assert (guess.review, guess.score, guess.geometry) == (Review.PREDICTED, 0.25, Box(1, 2, 4, 6))


def test_a_picture_of_another_size_is_not_guessed_at(tmp_path: Path) -> None:
    sheet = {
        "images": [{"id": 1, "file_name": "b.png", "width": 1080, "height": 1920}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    found, told = taken("coco", kept(tmp_path / "x.json", json.dumps(sheet)), picture())
    assert not found
    assert "dropped picture whose size is not that of the medium" in told


def test_refcoco_pickles_are_read_without_globals(tmp_path: Path) -> None:
    sheet = {
        "images": [{"id": 7, "file_name": "b.png", "width": 1920, "height": 1080}],
        "annotations": [{"id": 9, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    kept(tmp_path / "instances.json", json.dumps(sheet))
    sentences = [{"raw": "The cat", "sent": "the cat", "tokens": ["the", "cat"], "sent_id": 1}, {"raw": "left one"}]
    row = {"ref_id": 1, "ann_id": 9, "image_id": 7, "category_id": 1, "split": "testA", "sentences": sentences}
    for protocol in (0, 2, 4):
        kept(tmp_path / "refs(unc).p", pickle.dumps([row], protocol=protocol))
        found, told = taken("refcoco", tmp_path, picture())
        assert [one.phrase for one in found] == ["The cat", "left one"]
        assert not told
    kept(tmp_path / "refs(unc).p", b"cposix\nsystem\n(S'true'\ntR.")
    with pytest.raises(ExchangeError, match=r"posix\.system"):
        unpickled(tmp_path / "refs(unc).p")


def test_voc_is_counted_from_0_where_an_edge_says_so(tmp_path: Path) -> None:
    def file(name: str, edge: int) -> None:
        bounds = f"<xmin>{edge}</xmin><ymin>5</ymin><xmax>10</xmax><ymax>20</ymax>"
        box = f"<object><name>cat</name><bndbox>{bounds}</bndbox></object>"
        kept(tmp_path / name / "b.xml", f"<annotation><filename>b.png</filename>{box}</annotation>")

    file("one", 1)
    file("zero", 0)
    assert taken("voc", tmp_path / "one", picture())[0][0].geometry == Box(0, 4, 10, 20)
    assert taken("voc", tmp_path / "zero", picture())[0][0].geometry == Box(0, 5, 11, 21)
    asked = incoming(Dataset((picture(),)))
    asked.options = Options(voc_base=0)
    assert taken("voc", tmp_path / "one", into=asked)[0][0].geometry == Box(1, 5, 11, 21)


def test_cvat_frames_between_keyframes_are_left_to_the_line(tmp_path: Path) -> None:
    item = clip("run.mp4")
    frames = [(0, 1, 0, 10), (1, 0, 0, 12), (2, 1, 0, 14), (3, 1, 1, 14)]
    boxes = "".join(
        f'<box frame="{at}" keyframe="{key}" outside="{out}" occluded="0" xtl="{x}" ytl="0" xbr="{x + 9}" ybr="9"/>'
        for at, key, out, x in frames
    )
    text = f'<annotations><meta/><track id="0" label="man">{boxes}</track></annotations>'
    (one,), told = taken("cvat-video", kept(tmp_path / "run.xml", text), item)
    assert one.geometry == Track(
        (Key(512, Box(10, 0, 19, 9)), Key(512 + 1024, Box(14, 0, 23, 9)), Key(512 + 1536, Box(14, 0, 23, 9), True))
    )
    assert not told


def test_label_studio_percent_hashes_and_turned_regions(tmp_path: Path) -> None:
    value = {"x": 10, "y": 20, "width": 5, "height": 10, "rotation": 0, "rectanglelabels": ["cat"]}
    region = {"type": "rectanglelabels", "value": value, "original_width": 1920, "original_height": 1080}
    turned = region | {"value": value | {"rotation": 30}}
    task = {
        "data": {"image": "/data/upload/3/0a1b2c3d-b.png"},
        "annotations": [{"result": [region, turned, {"type": "x"}]}],
    }
    guess = {"predictions": [{"result": [region], "score": 0.5}]}
    (one, two), told = taken("label-studio", kept(tmp_path / "t.json", json.dumps([task | guess])), picture("b.png"))
    assert one.geometry == Box(192, 216, 288, 324)
    assert (two.review, two.score) == (Review.PREDICTED, 0.5)
    assert told == ["dropped entry that cannot be read", "dropped region that is turned"]


def test_a_conversation_becomes_a_question_with_its_places(tmp_path: Path) -> None:
    item = picture("b.png", 1000, 500)
    said_ = [
        {"from": "human", "value": "<image>\nWhere are the cats?"},
        {
            "from": "gpt",
            "value": "Cats:[0.100, 0.300, 0.200, 0.400][0.500, 0.500, 0.600, 0.700] and a dog:[0.9, 0.9, 0.1, 0.1].",
        },
        {"from": "human", "value": "What is it?"},
        {"from": "gpt", "value": "A yard."},
    ]
    record = {"id": "1", "image": "train/b.png", "conversations": said_}
    into = incoming(Dataset((item,)))
    found = list(format_named("groundinggpt").read(kept(tmp_path / "x.json", json.dumps([record])), into))
    asked = [one for one in found if isinstance(one, Query)]
    assert [one.text for one in asked] == ["Where are the cats?", "What is it?"]
    assert asked[1].follows == asked[0].id
    places = [one for one in found if isinstance(one, Annotation)]
    assert [one.geometry for one in places] == [Box(100, 50, 200, 150), Box(500, 250, 600, 450), WholeItem()]
    assert [loss.what for loss in into.losses] == ["coordinates that mean no place in their medium"]


def test_a_moved_box_moves_in_the_wording_it_came_with(tmp_path: Path) -> None:
    item = picture("b.png", 1000, 1000)
    talk = [
        {"from": "human", "value": "<image>\nWhere?"},
        {"from": "gpt", "value": "Look, it is at [0.100, 0.200, 0.300, 0.400]!"},
    ]
    into, format_ = incoming(Dataset((item,))), format_named("groundinggpt")
    source = kept(tmp_path / "x.json", json.dumps([{"image": "b.png", "conversations": talk}]))
    query, place = format_.read(source, into)
    assert isinstance(query, Query)
    assert isinstance(place, Annotation)
    moved = msgspec.structs.replace(place, geometry=Box(500, 500, 600, 600))
    export(Dataset((item,), (), (moved,), (query,)), tmp_path / "y.json", format_, Plan())
    (record,) = json.loads((tmp_path / "y.json").read_bytes())
    assert record["conversations"][1]["value"] == "Look, it is at [0.500, 0.500, 0.600, 0.600]!"
    assert record["stage"] == 2


def test_stages_and_denials_of_conversations(tmp_path: Path) -> None:
    item = picture("b.png")
    first = Query("0" * 25 + "1", item.id, "What is there?", "")
    second = Query("0" * 25 + "2", item.id, "And where is the dog?", "", follows=first.id)
    rows = (
        said(item, WholeItem(), "A yard.", query=first),
        said(item, Absent(), "dog", query=second),
        said(item, WholeItem(), "A green yard."),
        said(item, Box(0, 0, 500, 500), "the shed"),
    )
    export(Dataset((item,), (), rows, (first, second)), tmp_path / "y.json", format_named("groundinggpt"), Plan())
    records = json.loads((tmp_path / "y.json").read_bytes())
    assert [record["stage"] for record in records] == [3, 1, 2]
    assert records[0]["conversations"][3]["value"] == "There is no dog in the image."


def test_swift_placeholders_and_objects_agree(tmp_path: Path) -> None:
    item, tone = picture("b.png"), sound()
    rows = (
        said(item, Box(0, 0, 5, 5), "cat"),
        said(item, Box(9, 9, 50, 50), "cat"),
        said(item, Box(1, 1, 5, 5), "a <bbox> dog"),
        said(tone, Segment(16000, 32000), "bell"),
    )
    export(Dataset((item, tone), (), rows), tmp_path / "y.jsonl", format_named("swift"), Plan())
    for line in map(json.loads, (tmp_path / "y.jsonl").read_bytes().splitlines()):
        text = " ".join(message["content"] for message in line["messages"])
        objects = line.get("objects", {"bbox": [], "ref": []})
        assert text.count("<bbox>") == len(objects["bbox"])
        assert text.count("<ref-object>") == len(objects["ref"])
        assert text.count("<image>") == len(line.get("images", []))


def test_reversed_and_overlong_times_are_told(tmp_path: Path) -> None:
    item = clip("run.mp4")
    text = "run 2.0 1.0##back ## forth\nrun 9 99##long\nnobody 1 2##x\nnonsense\n"
    found, told = taken("charades", kept(tmp_path / "x.txt", text), item)
    assert [one.phrase for one in found] == ["back ## forth", "long"]
    assert told == [
        "changed segment with its ends in another order",
        "clipped segment that reaches beyond its medium",
        "dropped line that is not `VIDEO start end##sentence`",
        "dropped segment of a clip that is not in the project",
    ]


def test_audacity_points_ranges_and_decimal_commas(tmp_path: Path) -> None:
    text = "1,5\t2,5\ta\n\\\t100.0\t200.0\n3.0\tb is no number\n4\n"
    found, told = taken("audacity", kept(tmp_path / "s.txt", text), sound())
    assert [one.geometry for one in found] == [Segment(24000, 40000), Segment(64000, 64000)]
    assert told == ["dropped line that is not `start, end, text`", "dropped range of frequencies"]


def test_short_textgrids_and_foreign_subtitles(tmp_path: Path) -> None:
    head = '"ooTextFile"\n"TextGrid"\n0\n12\n<exists>\n1\n"IntervalTier"\n"words"\n0\n12\n2\n'
    grid = head + '0\n1\n""\n1\n2\n"say ""ah"""\n'
    (one,), _ = taken("praat", kept(tmp_path / "s.TextGrid", grid.encode("utf-16")), sound())
    assert (one.phrase, one.geometry) == ('say "ah"', Segment(16000, 32000))
    cues = (
        "WEBVTT - x\n\nNOTE hello\n\nintro\n00:01.000 --> 00:02.000 align:start\n<b>Hi</b> &amp; bye\nyou\n\nx --> y\n"
    )
    (two,), told = taken("vtt", kept(tmp_path / "s.vtt", cues), sound())
    assert (two.phrase, two.label) == ("Hi & bye\nyou", None)
    assert told == ["dropped cue whose times cannot be read"]


def test_yolo_polygons_scores_and_lists_of_names(tmp_path: Path) -> None:
    kept(tmp_path / "data.yaml", "names: [cat, 'dog: big']\n")
    kept(
        tmp_path / "labels" / "train" / "b.txt",
        "0 0.5 0.5 0.5 0.5\n1 0.1 0.1 0.2 0.1 0.2 0.3\n1 .5 .5 .1 .1 .9\n7 0 0 1 1\n",
    )
    found, told = taken("yolo", tmp_path, picture("b.png", 100, 100))
    assert [one.phrase for one in found] == ["cat", "dog: big", "dog: big"]
    assert [one.review for one in found] == [Review.ACCEPTED, Review.ACCEPTED, Review.PREDICTED]
    assert told == ["changed polygon, of which its box is kept", "dropped line that is not `class xc yc width height`"]


def test_labelme_polygons_and_windows_paths(tmp_path: Path) -> None:
    shapes = [
        {"label": "cat", "points": [[9, 9], [1, 2]], "shape_type": "rectangle"},
        {"label": "dog", "points": [[0, 0], [4, 0], [2, 6]], "shape_type": "polygon"},
        {"label": "nose", "points": [[1, 1]], "shape_type": "point"},
    ]
    sheet = {"version": "7.1.0", "shapes": shapes, "imagePath": "..\\pictures\\b.png", "imageData": None}
    found, told = taken("labelme", kept(tmp_path / "other.json", json.dumps(sheet)), picture("pictures/b.png"))
    assert [one.geometry for one in found] == [Box(1, 2, 9, 9), Box(0, 0, 4, 6)]
    assert told == ["changed polygon, of which its box is kept", "dropped point: only rectangles and polygons are read"]


def test_activitynet_results_and_uneven_lists(tmp_path: Path) -> None:
    item = clip("run.mp4")
    results = {"version": "1", "results": {"v_run": [{"sentence": "a", "timestamp": [1, 2]}]}, "external_data": {}}
    assert len(taken("activitynet", kept(tmp_path / "r.json", json.dumps(results)), item)[0]) == 1
    truth = {"v_run": {"duration": 10, "timestamps": [[1, 2], [3, 4]], "sentences": ["a"]}, "v_no": {"x": 1}}
    found, told = taken("activitynet", kept(tmp_path / "t.json", json.dumps(truth)), item)
    assert len(found) == 1
    assert "dropped time without a sentence, or sentence without a time" in told


def test_a_label_studio_track_shows_until_the_frame_before_it_is_gone(tmp_path: Path) -> None:
    item, box = clip("run.mp4"), Box(64, 36, 128, 72)
    keys = (Key(512, box), Key(512 * 26, box), Key(512 * 51, box, True), Key(512 * 101, box))
    export(Dataset((item,), (), (said(item, Track(keys)),)), tmp_path / "out", format_named("label-studio"), Plan())
    file = tmp_path / "out" / "tasks.json"
    (task,) = json.loads(file.read_bytes())
    (region,) = task["annotations"][0]["result"]
    places = [(place["frame"], place["enabled"]) for place in region["value"]["sequence"]]
    assert places == [(1, True), (26, True), (50, False), (101, True)]
    del region["meta"]
    (foreign,), _ = taken("label-studio", kept(file, json.dumps([task])), item)
    assert isinstance(foreign.geometry, Track)
    for frame in range(250):
        assert (foreign.geometry.box_at(512 + frame * 512) is None) == (Track(keys).box_at(512 + frame * 512) is None)


def test_a_question_about_a_region_is_written_as_it_is_asked(tmp_path: Path) -> None:
    item = picture("b.png", 1000, 1000)
    query = Query("0" * 25 + "1", item.id, "What is this?", "", region=Box(100, 200, 300, 400))
    rows = (said(item, WholeItem(), "A shed.", query=query),)
    export(Dataset((item,), (), rows, (query,)), tmp_path / "y.json", format_named("groundinggpt"), Plan())
    (record,) = json.loads((tmp_path / "y.json").read_bytes())
    assert record["conversations"][0]["value"] == "<image>\nWhat is this? [0.100, 0.200, 0.300, 0.400]"
    into = incoming(Dataset((item,)))
    back = next(one for one in format_named("groundinggpt").read(tmp_path / "y.json", into) if isinstance(one, Query))
    assert back == query
