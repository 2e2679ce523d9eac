from widgets.paging import Pages


def test_only_pages_that_are_looked_at_are_read() -> None:
    reads: list[tuple[int, int]] = []

    def read(offset: int, limit: int) -> range:
        reads.append((offset, limit))
        return range(offset, min(offset + limit, 1_000_000))

    pages = Pages(read, 1_000_000, size=100, keep=2)
    assert [pages.row(at) for at in (0, 99, 500_000)] == [0, 99, 500_000]
    assert reads == [(0, 100), (500_000, 100)]
    pages.row(700_000)
    pages.row(0)
    assert reads[-1] == (0, 100)


def test_a_row_that_is_gone_is_none() -> None:
    assert Pages(lambda _offset, _limit: (), 5).row(3) is None
