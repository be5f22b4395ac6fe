"""The page that says what of Zarr is supported is what the command does."""

from zarr_support.table import PAGE, page


def test_the_page_is_what_the_command_does(gridmill):
    made, committed = page(gridmill).splitlines(), PAGE.read_text().splitlines()
    changed = [line for line in made if line not in committed]
    assert made == committed, f"tests/zarr_support/table.py writes {PAGE} anew; changed: {changed}"
