"""The adapters of a project: versions with their provenance, of which at most one is in use.

They lie in `adapters/` of the project folder, one folder each; `adapters.json` says which were in use, in order.
"""

import shutil
import zipfile
from pathlib import Path

import msgspec

from engine.domain.errors import StoreError, UsageError
from engine.domain.ids import new_id
from engine.domain.training import AdapterRecord, Standing

FOLDER, ORDER, RECORD = "adapters", "adapters.json", "adapter.json"
FILES = frozenset({RECORD, "adapter_config.json", "adapter_model.safetensors", "trained.safetensors", "adapter.gguf"})
_LARGEST = 16 << 30


class AdapterShelf:
    """Adapters of the project in `project`; only what is changed through here keeps its order."""

    def __init__(self, project: Path) -> None:
        self.folder = project / FOLDER

    def records(self) -> list[AdapterRecord]:
        """All adapters, oldest first, each with its standing."""
        order = self._order()
        found = [self._read(path) for path in self.folder.glob(f"*/{RECORD}")]
        return [_standing(record, order) for record in sorted(found, key=lambda record: (record.at, record.id))]

    def get(self, name: str) -> AdapterRecord:
        """The adapter of that id or, if only one has it, of that name."""
        found = [record for record in self.records() if name in {record.id, record.name}]
        if len(found) != 1:
            raise UsageError(f"There is no single adapter “{name}” in “{self.folder}”; give a listed id.")
        return found[0]

    def path(self, record: AdapterRecord) -> Path:
        return self.folder / record.folder

    def in_use(self) -> AdapterRecord | None:
        """The promoted adapter; None while the model answers alone."""
        return next((record for record in self.records() if record.standing is Standing.PROMOTED), None)

    def add(self, source: Path, name: str = "") -> AdapterRecord:
        """Copy an adapter folder onto the shelf as a candidate. Whole or not at all."""
        record = self._read(source / RECORD)
        record = msgspec.structs.replace(
            record,
            name=name or record.name,
            folder=record.id,
            standing=Standing.CANDIDATE,
            scores={},
            passes=None,
            verdict="",
        )
        if (self.folder / record.id).exists():
            record = msgspec.structs.replace(record, id=(fresh := new_id()), folder=fresh)
        part = self.folder / f"{record.folder}.part"
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir(parents=True)
            for path in source.iterdir():
                if path.name in FILES and path.is_file() and not path.is_symlink():
                    shutil.copy2(path, part)
            self._write(part / RECORD, msgspec.json.encode(record))
            part.rename(self.path(record))
        except OSError as error:
            shutil.rmtree(part, ignore_errors=True)
            raise StoreError(f"The adapter cannot be copied to “{self.folder}”; free some space there.") from error
        return record

    def judge(
        self, record: AdapterRecord, scores: dict[str, float], *, passes: bool | None, verdict: str = ""
    ) -> AdapterRecord:
        """Write down how it compared; `passes` None says that there was too little to judge by."""
        judged = msgspec.structs.replace(record, scores=scores, passes=passes, verdict=verdict)
        self._write(self.path(record) / RECORD, msgspec.json.encode(judged))
        return judged

    def promote(self, record: AdapterRecord, *, anyway: bool = False) -> None:
        """Take it into use. A UsageError unless it was found not worse, or `anyway`."""
        if not (record.passes or anyway):
            raise UsageError(f"The adapter “{record.name}” {_reason(record)}; compare it first, or insist on using it.")
        self._put([*self._order(), record.id])

    def roll_back(self) -> AdapterRecord | None:
        """Go back to what was in use before; None for the model alone."""
        order = self._order()
        if not order:
            raise UsageError("No adapter is in use; there is nothing to go back from.")
        self._put(order[:-1])
        return self.in_use()

    def remove(self, record: AdapterRecord) -> None:
        """Delete an adapter that is not in use."""
        if record.standing is Standing.PROMOTED:
            raise UsageError(f"The adapter “{record.name}” is in use; go back to another one first.")
        self._put([one for one in self._order() if one != record.id])
        shutil.rmtree(self.path(record), ignore_errors=True)

    def export(self, record: AdapterRecord, path: Path) -> None:
        """One archive with all files of the adapter."""
        part = path.with_name(path.name + ".part")
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
                for file in sorted(self.path(record).iterdir()):
                    archive.write(file, file.name)
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise StoreError(f"“{path}” cannot be written; choose another place or free some space.") from error

    def import_(self, path: Path) -> AdapterRecord:
        """An adapter out of an archive that `export` wrote; nothing but its known files is taken."""
        part = self.folder / "import.part"
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir(parents=True)
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
                if {info.filename for info in infos} - FILES or sum(info.file_size for info in infos) > _LARGEST:
                    raise StoreError(f"“{path}” holds more than an adapter; it is refused.")
                for info in infos:
                    archive.extract(info, part)
            return self.add(part)
        except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise StoreError(f"“{path}” is no archive of an adapter; choose another file.") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _order(self) -> list[str]:
        try:
            return msgspec.json.decode((self.folder / ORDER).read_bytes(), type=list[str])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"“{self.folder / ORDER}” cannot be read; remove it to use no adapter.") from error

    def _put(self, order: list[str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(self.folder / ORDER, msgspec.json.encode(order))

    def _write(self, path: Path, content: bytes) -> None:
        part = path.with_name(path.name + ".part")
        try:
            part.write_bytes(content)
            part.replace(path)
        except OSError as error:
            raise StoreError(f"“{path}” cannot be written; free some space there.") from error

    def _read(self, path: Path) -> AdapterRecord:
        try:
            return msgspec.json.decode(path.read_bytes(), type=AdapterRecord)
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"“{path.parent}” is no adapter; choose the folder that a training run left.") from error


def _reason(record: AdapterRecord) -> str:
    if record.passes is False:
        return "was found worse than what it would replace"
    return "was asked too few questions to be judged" if record.verdict else "was not compared yet"


def _standing(record: AdapterRecord, order: list[str]) -> AdapterRecord:
    standing = Standing.CANDIDATE
    if record.id in order:
        standing = Standing.PROMOTED if order[-1] == record.id else Standing.RETIRED
    return msgspec.structs.replace(record, standing=standing)
