"""Every fourth row is for testing."""

from pathlib import Path

work = Path("/opt/ml/processing")
(table,) = (work / "input/table").iterdir()
rows = table.read_text().splitlines(keepends=True)
(work / "train/rows.csv").write_text("".join(row for number, row in enumerate(rows) if number % 4))
(work / "test/rows.csv").write_text("".join(rows[::4]))
