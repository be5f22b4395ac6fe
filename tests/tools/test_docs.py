"""The documents hold together: no section stands twice, and links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def lines_outside_code(document):
    """Its lines without what stands between fences."""
    is_code = False
    for line in document.read_text().splitlines():
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_section_stands_twice_under_one_heading(document):
    """As docs/benchmarks.md once had four of its sections, of two versions, after an edit."""
    seen, above = set(), []
    for line in lines_outside_code(document):
        if found := re.match(r"(#+) (.*)", line):
            above[len(found[1]) - 1 :] = [found[2]]
            assert tuple(above) not in seen, " / ".join(above)
            seen.add(tuple(above))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document):
    text = "\n".join(lines_outside_code(document))
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (document.parent / target).exists(), target
