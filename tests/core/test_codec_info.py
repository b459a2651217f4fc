"""CodecInfo is plain data: arithmetic of rates, JSON both ways, and no torch to read it."""

import json
import subprocess
import sys

import pytest
import torch

from speefeare_core.codec import BookInfo, CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError


def info(books: tuple[BookInfo, ...]) -> CodecInfo:
    return CodecInfo(
        name="test", family="linear", rate_hz=16000, channels=1, hop_samples=320, frame_rate_hz=50.0, books=books,
        depth_mode="residual", latent_dim=8, causal=True, streamable=True, delay_samples=0, stream_delay_samples=0,
        notes=("one",),
    )  # fmt: skip


def test_bitrate_counts_each_book_at_its_own_rate():
    made = info((BookInfo(1024, 50.0, "semantic"), BookInfo(1024, 50.0), BookInfo(4096, 25.0)))
    assert made.bitrate_kbps(1) == pytest.approx(0.5)
    assert made.bitrate_kbps(2) == pytest.approx(1.0)
    assert made.bitrate_kbps() == pytest.approx(1.3)


@pytest.mark.parametrize("depth", [0, -1, 4])
def test_a_depth_that_does_not_exist_is_refused_in_words(depth):
    made = info((BookInfo(16, 50.0),) * 3)
    with pytest.raises(SpeefeareError, match=f"Depth {depth} does not exist in test: choose 1 to 3"):
        made.check_depth(depth)


def test_no_books_no_depth():
    made = info(())
    assert made.check_depth(None) == 0
    assert made.bitrate_kbps() == 0
    with pytest.raises(SpeefeareError, match="no codebooks"):
        made.check_depth(1)


def test_json_round_trip():
    made = info((BookInfo(1024, 50.0, "semantic"), BookInfo(16, 12.5)))
    assert CodecInfo.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_codes_of_slower_books_are_repeated():
    slow, fast = torch.tensor([[[1, 2]]]), torch.tensor([[[3, 4, 5]]])
    encoded = Encoded((slow, fast), None, 3)
    assert encoded.codes.tolist() == [[[1, 1, 2], [3, 4, 5]]]
    with pytest.raises(SpeefeareError, match="no codes"):
        _ = Encoded((), None, 3).codes


def test_reading_the_plain_data_imports_no_torch():
    modules = "speefeare_core.codec, speefeare_core.audio, speefeare_core.codecs"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_single_book_and_depths_that_are_no_numbers():
    one = info((BookInfo(16, 50.0),))
    with pytest.raises(SpeefeareError, match="Depth 2 does not exist in test: it has one book."):
        one.check_depth(2)
    for depth in (1.0, "1"):
        with pytest.raises(SpeefeareError, match="whole number of books"):
            one.check_depth(depth)
