import csv

from app.effort import COLUMNS, Meter, Reviewed, as_csv, by, tally


def test_pauses_do_not_count() -> None:
    now = [0.0]
    meter = Meter(lambda: now[0])
    for moment in (1.0, 3.0, 603.0, 604.5):
        now[0] = moment
        meter.input()
    assert meter.verdict() == (4, 0, 4.5)
    assert meter.verdict() == (0, 0, 0.0)


def row(kind: str, inputs: int, model: str = "m", seconds: float = 2.0) -> Reviewed:
    return Reviewed("2026-01-01T00:00:00Z", "I", "A", kind, "Where, “there”?", model, "", inputs, 0, seconds)


def test_means_leave_out_deeds_on_many_at_once() -> None:
    rows = [row("accept", 1), row("reject", 3), row("accept above", 50)]
    assert tally(rows).inputs_each == 2.0
    assert tally(rows).seconds_each == 2.0
    assert tally([]).inputs_each == 0.0


def test_sums_by_model() -> None:
    sums = by([row("accept", 1), row("accept", 3, "better")], "model")
    assert {name: found.inputs for name, found in sums.items()} == {"m": 1, "better": 3}


def test_csv_reads_back() -> None:
    [found] = csv.DictReader(as_csv([row("accept", 1)]).splitlines())
    assert tuple(found) == COLUMNS
    assert found["question"] == "Where, “there”?"
    assert found["seconds"] == "2.000"
