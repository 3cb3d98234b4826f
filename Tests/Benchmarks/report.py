"""Numbers for people: a table of medians and 95th percentiles beside what is promised."""

import statistics


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(seconds):
    return "-" if seconds is None else f"{seconds * 1000:.1f} ms"


class Table:
    """Rows of text; `promise` marks a row as kept or broken and `verdict` says whether all were kept."""

    def __init__(self, *header):
        self.header, self.rows, self.broken = header, [], 0

    def row(self, *cells, kept=None):
        if kept is not None:
            self.broken += not kept
            cells += ("kept" if kept else "BROKEN",)
        self.rows.append([str(cell) for cell in cells])

    def times(self, name, values, promise=None, runs=None):
        """A row about durations in seconds; None stands for a run without an outcome, which breaks any promise."""
        came = [value for value in values if value is not None]
        count = f"{len(came)}/{runs or len(values)}"
        if not came:
            return self.row(name, count, "-", "-", "-", milliseconds(promise), kept=False)
        worst, p95 = max(came), percentile(came, 0.95)
        cells = (name, count, milliseconds(statistics.median(came)), milliseconds(p95), milliseconds(worst))
        complete = len(came) == (runs or len(values))
        if promise is None:
            self.row(*cells, "seen", kept=complete)
        else:
            self.row(*cells, f"<= {milliseconds(promise)}", kept=complete and p95 <= promise)

    def show(self):
        rows = [list(self.header)] + self.rows
        widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(), flush=True)
        return self.broken == 0
