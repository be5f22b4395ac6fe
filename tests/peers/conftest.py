"""A folder for the peers' stores: some of them are ten thousand tiny files."""

import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def folder():
    """In memory, where there is such a place, and gone after the test."""
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() else None
    place = Path(tempfile.mkdtemp(prefix="gridmill-peers-", dir=parent))
    yield place
    shutil.rmtree(place)
