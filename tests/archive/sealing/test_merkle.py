import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.sealing.merkle import SIZE, leaf_of, path_to, root_by, root_of

# The inputs and roots with which implementations of RFC 6962 are compared.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(number: int) -> bytes:
    return b"".join(leaf_of(b"record %d" % n) for n in range(number))


def by_the_book(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word by word: split at the largest power of two below the number of leaves."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    pair = by_the_book(hashes[:half]) + by_the_book(hashes[half:])
    return hashlib.sha256(b"\x01" + pair).digest()


@pytest.mark.parametrize("number", range(9))
def test_the_roots_that_all_implementations_agree_on(number: int) -> None:
    assert root_of(b"".join(leaf_of(data) for data in INPUTS[:number])).hex() == ROOTS[number]


@given(st.integers(1, 300))
def test_the_root_is_that_of_the_standard(number: int) -> None:
    run = leaves(number)
    assert root_of(run) == by_the_book([run[at : at + SIZE] for at in range(0, len(run), SIZE)])


@given(st.integers(1, 70))
def test_every_leaf_has_a_path_to_the_root(number: int) -> None:
    run = leaves(number)
    root = root_of(run)
    for index in range(number):
        leaf = run[index * SIZE : (index + 1) * SIZE]
        assert root_by(leaf, index, number, path_to(run, index)) == root


@given(st.data())
def test_a_path_fits_one_leaf_one_place_and_one_size(data: st.DataObject) -> None:
    number = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, number - 1))
    run = leaves(number)
    path, leaf, root = path_to(run, index), run[index * SIZE : (index + 1) * SIZE], root_of(run)
    other = data.draw(st.integers(0, number - 1).filter(lambda n: n != index))
    for wrong in (
        lambda: root_by(leaf_of(b"another"), index, number, path),
        lambda: root_by(leaf, other, number, path),
        lambda: root_by(leaf, index, number, path[:-1]),
        lambda: root_by(leaf, index, number, [*path, leaf]),
        lambda: root_by(leaf, index, number, [path[0][:31], *path[1:]]),
        lambda: root_by(leaf, number, number, path),
    ):
        try:
            assert wrong() != root
        except ValueError:
            continue


def test_a_node_is_no_leaf() -> None:
    """A pair of hashes passed off as a record gives another tree (RFC 6962, 2.1: that is what the prefixes are for)."""
    two = leaves(2)
    assert leaf_of(two) != root_of(two)


def test_what_is_no_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="no whole number of hashes"):
        root_of(b"x" * 33)
    for index in (-1, 3):
        with pytest.raises(IndexError, match="no leaf"):
            path_to(leaves(3), index)
