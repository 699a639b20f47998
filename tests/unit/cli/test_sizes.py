from __future__ import annotations

import pytest

from framelane.cli._sizes import find_working_sizes


def picky(multiple, least=1):
    def works(size):
        works.tried.append(size)
        return all(side % multiple == 0 and side >= least for side in size)

    works.tried = []
    return works


@pytest.mark.parametrize("multiple", [2, 3, 6, 14, 16, 32, 36, 56, 64])
@pytest.mark.parametrize("size", [(181, 145), (1919, 1081)])
def test_the_multiple_is_found(multiple, size):
    found = find_working_sizes(picky(multiple), size)
    assert found.multiple == multiple
    for side, low, high in zip(size, found.below, found.above, strict=True):
        assert low % multiple == high % multiple == 0
        assert low <= side <= high < side + multiple
        assert side - low < multiple


def test_one_side_may_fit_already():
    found = find_working_sizes(picky(16), (180, 144))
    assert (found.below, found.above) == ((176, 144), (192, 144))


def test_a_network_that_takes_no_small_frames():
    found = find_working_sizes(picky(32, least=1000), (1500, 1010))
    assert (found.multiple, found.below, found.above) == (32, None, (1504, 1024))


def test_nothing_smaller_may_work():
    assert find_working_sizes(picky(64), (40, 40)).below is None


def test_a_network_that_takes_nothing_is_not_tried_for_ever():
    works = picky(1, least=10**9)
    assert find_working_sizes(works, (100, 100)) is None
    assert len(works.tried) < 80


def test_trying_is_cheap():
    works = picky(16)
    find_working_sizes(works, (3841, 2161))
    large = [size for size in works.tried if size[0] * size[1] > 1_000_000]
    assert len(large) <= 3
