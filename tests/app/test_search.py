import pytest

from app.search import annotation_filter, item_filter
from engine.domain.annotation import Label, Review
from engine.domain.project import AnnotationFilter, ItemFilter

LABELS = {"L": Label("L", "Kite")}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("red kite", AnnotationFilter(text="red kite")),
        ("score:0.2-0.6 kite", AnnotationFilter(text="kite", score=(0.2, 0.6))),
        ("score:0.5", AnnotationFilter(score=(0.5, 1.0))),
        ("score:-0.4", AnnotationFilter(score=(0.0, 0.4))),
        ("score:high", AnnotationFilter(text="score:high")),
        ("by:ann since:2026-01-31", AnnotationFilter(author="ann", since="2026-01-31")),
        ("until:2026-01-31", AnnotationFilter(until="2026-01-31T23:59:59.999999Z")),
        ("since:yesterday", AnnotationFilter(text="since:yesterday")),
        ("label:kite", AnnotationFilter(label="L")),
        ("label:dog", AnnotationFilter(text="label:dog")),
        ("question:kite where", AnnotationFilter(question="kite", text="where")),
        ('question:"red kite" sky', AnnotationFilter(question="red kite", text="sky")),
        ("state:Rejected", AnnotationFilter(reviews=(Review.REJECTED,))),
        ("state:fine", AnnotationFilter(text="state:fine")),
        ('"red kite', AnnotationFilter(text="red kite")),
        ("ratio 4:3", AnnotationFilter(text="ratio 4:3")),
    ],
)
def test_words_become_a_filter(words: str, wanted: AnnotationFilter) -> None:
    assert annotation_filter(words, LABELS, item=None, reviews=()) == wanted


def test_item_and_states_are_kept() -> None:
    found = annotation_filter("", {}, item="I", reviews=(Review.PREDICTED,))
    assert found == AnnotationFilter(item="I", reviews=(Review.PREDICTED,))


def test_media_are_searched_by_path_and_by_what_is_on_them() -> None:
    chosen = ItemFilter(pending=True)
    assert item_filter("beach", LABELS, chosen) == ItemFilter("beach", pending=True)
    found = item_filter("beach label:kite question:where", LABELS, chosen)
    assert found == ItemFilter("beach", pending=True, having=AnnotationFilter(label="L", question="where"))
