"""A host made of files: what the kernel would show, and what it shows a while later."""

from __future__ import annotations

import pytest


class Tree:
    """Files below a folder, written as the kernel's are read."""

    def __init__(self, root):
        self.root = root

    def write(self, path, text):
        """One file."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)


@pytest.fixture
def tree(tmp_path):
    """An empty host."""
    return Tree(tmp_path)


@pytest.fixture
def between():
    """The figures of a part between two readings ``seconds`` apart."""

    def reading(part, change, seconds=10.0):
        before = part.read()
        change()
        return dict(part.figures(before, part.read(), seconds))

    return reading
