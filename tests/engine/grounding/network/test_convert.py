"""The golden checkpoint through the conversion: same numbers, same bytes however often it is stopped."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine.domain.errors import Cancelled, ModelError
from engine.grounding.architecture import LlamaSize
from engine.grounding.checkpoint import load_model, load_senses
from engine.grounding.compact import LanguageTensors
from engine.grounding.convert import convert, quantize
from engine.grounding.gguf_header import check_gguf
from engine.grounding.jobs import LEDGER
from engine.grounding.manifest import Manifest, read_manifest, verify

ROOT = Path(__file__).parents[4]
GOLDEN = ROOT / "tests" / "golden" / "parity" / "set_A"
SOURCE, CLIP = GOLDEN / "checkpoint", GOLDEN / "clip_vision_tower"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("converted") / "model"
    convert(SOURCE, CLIP, folder, ["fp32", "int8", "bf16"], senses="fp32")
    return folder


def _hashes(folder: Path) -> dict[str, str]:
    return {name: told.sha256 for name, told in read_manifest(folder).files.items()}


def test_the_converted_model_answers_with_the_golden_logits(made: Path) -> None:
    golden = load_file(GOLDEN / "model.safetensors")
    model = load_model(made, precision="fp32")
    with torch.no_grad():
        logits = model(inputs_embeds=golden["case.image_and_sound.inputs_embeds"]).logits
        sound = load_senses(made).encode_sound(golden["in.sound"])
    torch.testing.assert_close(logits, golden["case.image_and_sound.logits"], atol=1e-3, rtol=0)
    torch.testing.assert_close(sound, golden["enc.sound.projected"], atol=2e-4, rtol=0)


def test_a_converted_folder_says_what_it_is_and_holds_nothing_else(made: Path) -> None:
    manifest = read_manifest(made)
    verify(made, manifest)
    assert manifest.hearing.windows == 3
    assert manifest.hearing.placement == "thirds"
    assert (manifest.seeing.resize, manifest.watching.limit) == (56, 8)
    assert "ImageBind" in manifest.licence
    assert {path.name for path in made.iterdir()} == {*manifest.files, "manifest.json"}
    names = {name for file in manifest.senses for name in load_file(made / file)}
    assert not [name for name in names if ".vision." in name or ".text." in name or "position_ids" in name]


def test_pytorch_archives_give_the_same_bytes_as_safetensors(made: Path, tmp_path: Path) -> None:
    source, clip = tmp_path / "source", tmp_path / "clip"
    for old, new in ((SOURCE, source), (CLIP, clip)):
        shutil.copytree(old, new)
        for path in new.glob("*.safetensors"):
            torch.save(load_file(path), path.with_suffix(".bin"))
            path.unlink()
        for index in new.glob("*.index.json"):
            index.unlink()
    shutil.copy(GOLDEN / "arch.json", source / "arch.json")
    convert(source, clip, tmp_path / "model", ["fp32", "int8", "bf16"], senses="fp32")
    assert _hashes(tmp_path / "model") == _hashes(made)


def test_a_whole_clip_is_taken_for_its_image_tower(made: Path, tmp_path: Path) -> None:
    """As the towers are published: nested configuration, the half for text beside it, a PyTorch archive."""
    clip = Path(shutil.copytree(CLIP, tmp_path / "clip"))
    weights = load_file(clip / "model.safetensors")
    more = {"text_model.final_layer_norm.weight": torch.ones(3), "logit_scale": torch.tensor(1.0)}
    more |= {"visual_projection.weight": torch.ones(2, 48), "text_projection.weight": torch.ones(2, 3)}
    more["vision_model.embeddings.position_ids"] = torch.arange(17)[None]
    torch.save({**weights, **more}, clip / "pytorch_model.bin")
    (clip / "model.safetensors").unlink()
    config = json.loads((clip / "config.json").read_text())
    (clip / "config.json").write_text(json.dumps({"model_type": "clip", "text_config": {}, "vision_config": config}))
    convert(SOURCE, clip, tmp_path / "model", ["fp32", "int8", "bf16"], senses="fp32")
    assert _hashes(tmp_path / "model") == _hashes(made)


@pytest.mark.parametrize("calls", [0, 40, 330, 380, 395])
def test_a_cancelled_conversion_goes_on_to_the_same_bytes(made: Path, tmp_path: Path, calls: int) -> None:
    left = calls

    def stop(_what: str, _done: int, _total: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Cancelled("stopped")

    target = tmp_path / "model"
    with pytest.raises(Cancelled):
        convert(SOURCE, CLIP, target, ["fp32", "int8", "bf16"], senses="fp32", progress=stop)
    with pytest.raises(ModelError, match="no model folder"):
        read_manifest(target)
    before = {path.name: path.stat().st_mtime_ns for path in target.glob("*.safetensors")}
    convert(SOURCE, CLIP, target, ["fp32", "int8", "bf16"], senses="fp32")
    assert _hashes(target) == _hashes(made)
    assert {name: (target / name).stat().st_mtime_ns for name in before} == before
    assert not (target / LEDGER).exists()


@pytest.mark.parametrize(("how", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_killed_or_interrupted_conversion_goes_on_to_the_same_bytes(
    made: Path, tmp_path: Path, how: signal.Signals, status: int
) -> None:
    target = tmp_path / "model"
    options = ["--clip", str(CLIP), "--to", str(target), "--precision", "fp32,int8,bf16", "--senses", "fp32"]
    command = [sys.executable, "-m", "engine", "models", "convert", str(SOURCE), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(target.glob("*")):
            time.sleep(0.002)
        process.send_signal(how)
        assert process.wait() in {status, 0}
    convert(SOURCE, CLIP, target, ["fp32", "int8", "bf16"], senses="fp32")
    assert _hashes(target) == _hashes(made)


def test_another_request_does_not_go_on_with_old_files(tmp_path: Path) -> None:
    def stop(what: str, _done: int, _total: int) -> None:
        if what.startswith("language"):
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        convert(SOURCE, CLIP, tmp_path, ["bf16"], senses="bf16", progress=stop)
    convert(SOURCE, CLIP, tmp_path, ["fp32"], senses="fp32")
    assert load_senses(tmp_path).model.query_tokens.dtype == torch.float32


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "taken" / "tokenizer.model").mkdir(parents=True)
    for target in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "taken"):
        with pytest.raises(ModelError, match=re.escape(f"{target} cannot be written")):
            convert(SOURCE, CLIP, target, ["bf16"])
    assert (tmp_path / "file").read_text() == "mine"


FOREIGN = ("scratchpad.txt", "movie.mkv.part", "convert.json.bak", "scratch/notes.txt")


@pytest.mark.gguf
def test_files_of_the_user_beside_the_model_are_left_alone(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    (tmp_path / "scratch").mkdir()
    for name in FOREIGN:
        (tmp_path / name).write_text("mine")
    convert(SOURCE, CLIP, tmp_path, ["bf16", "Q8_0"])
    quantize(tmp_path, "Q6_K")
    assert [(tmp_path / name).read_text() for name in FOREIGN] == ["mine"] * len(FOREIGN)
    ours = {path.name for path in tmp_path.iterdir()} - {*FOREIGN, "scratch"}
    assert ours == {*read_manifest(tmp_path).files, "manifest.json"}


def test_a_file_that_is_called_like_the_ledger_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text('{"mine": 1}')
    with pytest.raises(ModelError, match=LEDGER):
        convert(SOURCE, CLIP, tmp_path, ["bf16"])
    assert [path.read_text() for path in tmp_path.iterdir()] == ['{"mine": 1}']


def test_packed_weights_come_back_close_and_pack_again_to_the_same(made: Path, tmp_path: Path) -> None:
    convert(SOURCE, CLIP, tmp_path, ["nf4"])
    plain = LanguageTensors(made, read_manifest(made).language("torch", "fp32").files)
    for folder, kind, limit in ((tmp_path, "nf4", 0.1), (made, "int8", 0.012)):
        held = LanguageTensors(folder, read_manifest(folder).language("torch", kind).files)
        assert set(held) == set(plain)
        for name in plain:
            error = (held[name].float() - plain[name]).norm() / plain[name].norm()
            assert error < limit, name


def test_quantize_adds_a_precision_and_keeps_the_rest(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "copy"))
    before = read_manifest(folder)
    manifest = quantize(folder, "fp16")
    assert manifest == read_manifest(folder)
    assert manifest.language("torch", "fp16") is not None
    assert before.files.items() <= manifest.files.items()
    with pytest.raises(ModelError, match="already"):
        quantize(folder, "fp16")


def _llama(manifest: Manifest) -> LlamaSize:
    return manifest.architecture.llama


@pytest.mark.gguf
def test_gguf_files_pass_our_own_header_check(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    manifest = convert(SOURCE, CLIP, tmp_path, ["F16", "Q8_0", "Q4_K_M"])
    files = sorted(path.name for path in tmp_path.glob("*.gguf"))
    assert files == ["language-F16.gguf", "language-Q4_K_M.gguf", "language-Q8_0.gguf"]
    for name in files:
        check_gguf(tmp_path / name, _llama(manifest))


def _no_clip(source: Path) -> None:
    (source.parent / "clip" / "model.safetensors").unlink()


def _lost_shard(source: Path) -> None:
    (source / "model-00002-of-00002.safetensors").unlink()


def _other_width(source: Path) -> None:
    path = source.parent / "arch.json"
    told = json.loads(path.read_text())
    told["llama"]["intermediate_size"] = 145
    path.write_text(json.dumps(told))


def _other_crop(source: Path) -> None:
    path = source.parent / "clip" / "preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "crop_size": 30}))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_no_clip, "no model weights"),
        (_lost_shard, "00002.safetensors cannot be read"),
        (_other_width, "has the shape"),
        (_other_crop, "the size of pictures"),
    ],
)
def test_an_incomplete_checkpoint_is_told_before_anything_is_written(
    tmp_path: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    source, clip = tmp_path / "source", tmp_path / "clip"
    shutil.copytree(SOURCE, source)
    shutil.copytree(CLIP, clip)
    shutil.copy(GOLDEN / "arch.json", tmp_path)
    damage(source)
    with pytest.raises(ModelError, match=sentence):
        convert(source, clip, tmp_path / "model", ["bf16"])
    assert not (tmp_path / "model").exists()


def test_too_little_room_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(ModelError, match="GB are needed"):
        convert(SOURCE, CLIP, tmp_path / "model", ["bf16"])
    assert not list((tmp_path / "model").iterdir())


@pytest.mark.parametrize("name", ["", " ", "a" * 121, "two\nlines", "\udcff"])
def test_a_name_that_no_model_may_have_is_told_before_anything_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="name has 1 to 120"):
        convert(tmp_path / "no such", CLIP, tmp_path / "model", ["bf16"], name=name)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_a_manifest_that_cannot_be_written_is_told_before_anything_is(tmp_path: Path) -> None:
    source = Path(shutil.copytree(SOURCE, tmp_path / os.fsdecode(b"source\xff")))
    shutil.copy(GOLDEN / "arch.json", tmp_path)
    with pytest.raises(ModelError, match="does not make a model"):
        convert(source, CLIP, tmp_path / "model", ["bf16"])
    assert not (tmp_path / "model").exists()


def test_an_unknown_precision_is_told_with_those_that_exist() -> None:
    with pytest.raises(ModelError, match="Q4_K_M"):
        convert(SOURCE, CLIP, Path("unused"), ["q3"])
