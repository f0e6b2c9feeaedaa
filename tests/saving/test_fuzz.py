"""Ten seconds of `fuzz_files.py`: mutated files are read or refused, nothing else."""

import pytest

pytest.importorskip("h5py")
pytest.importorskip("safetensors")


@pytest.mark.slow
def test_mutants_are_read_or_refused():
    from saving import fuzz_files

    corpus, takers = fuzz_files.own_corpus()
    counts, failures, highest = fuzz_files.run(corpus, takers, seconds=10)
    assert not failures
    assert counts["refused"] > 20 and counts["read"] > 5
    assert highest < fuzz_files.MEMORY
