# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Make docs/demo.svg, the recording of `make demo` in the README, from what a run has printed.

`make demo-recording` runs the demo and calls this with its output, which is kept in demo-recording.txt beside this
file. `make docs` draws the picture again from that text. Nothing of the text is chosen or changed but the folder of
the checkout; colors are like those of Ansible on a terminal; each line appears after the same time, with a rest at the
beginning of each part. Only the standard library.
"""

from __future__ import annotations

import html
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TEXT = HERE / "demo-recording.txt"
PICTURE = HERE.parent.parent / "docs" / "demo.svg"
# In two parts, or the reuse tool takes it for the license of this file.
LICENSE = ("SPDX-License-" + "Identifier: GPL-3.0-or-later", "Copyright: (c) 2026, rkfleet.npu contributors")

COLUMNS, ROWS = 110, 32
WIDTH, HEIGHT, MARGIN = 8.4, 19, 14  # of a character, of a row, around the text: pixels at 14 px
SECONDS, REST, END = 0.12, 2.0, 8.0  # until the next row, at a heading, before it begins again
COLORS = {
    "ok": "#4ec26b", "changed": "#e5c15d", "bad": "#ff6b68", "skipped": "#5fc3d9", "head": "#ffffff", "": "#c9d1d9",
}
KINDS = [
    (r"=== |\$ ", "head"),
    (r"(fatal|failed): |phase \w+: \d+ (failed|unreachable)|boards: .*failed [1-9]", "bad"),
    (r"changed: |phase \w+: \d+ changed", "changed"),
    (r"ok: |phase \w+: \d+ ok|ok      ", "ok"),
    (r"skipping: |phase \w+: \d+ skipped", "skipped"),
    (r"(PLAY|TASK) ", "head"),
]


def clean(output):
    """Return the demo's output as it is kept: without the folder of the checkout, which becomes ~/npu."""
    lines = [line.rstrip() for line in output.splitlines()]
    found = re.search(r"inventory: (/.+?)/build/lab/inventory\.yml", output)
    if found:
        lines = [line.replace(found[1], "~/npu") for line in lines]
    return "".join(f"# {line}\n" for line in LICENSE) + "\n".join(lines).strip() + "\n"


def kind(line, previous=""):
    """Return the name of a line's color. An indented line goes on with that of the line before it."""
    if line.startswith(("    \"", "}")):
        return previous
    return next((name for pattern, name in KINDS if re.match(pattern, line)), "")


def rows(text):
    """Return [(row of at most COLUMNS characters, kind)] of a kept output, which its command precedes."""
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    found, previous = [("$ make demo", "head")], ""
    for line in lines:
        previous = kind(line, previous)
        parts = [line[at:at + COLUMNS] for at in range(0, len(line), COLUMNS)] or [""]
        found += [(part, previous) for part in parts]
    return found


def moments(drawn):
    """Return [seconds from the start at which each row appears] and the length of the whole."""
    now, found = 0.0, []
    for number, (row, unused) in enumerate(drawn):
        now += REST if number and row.startswith("=== ") else SECONDS
        found.append(round(now, 2))
    return found, round(now + END, 2)


def svg(text):
    """Return the picture: rows of a terminal that scroll. What shows no animation shows the end."""
    drawn = rows(text)
    times, length = moments(drawn)
    width = round(COLUMNS * WIDTH + 2 * MARGIN)
    height = ROWS * HEIGHT + 2 * MARGIN
    # Each step shows one row more: the rows are moved up, and a cover hides what is still to come.
    frames, last = [], len(drawn)
    for number, moment in enumerate(times):
        up = max(0, number + 1 - ROWS) * HEIGHT
        frames.append(f"{moment / length * 100:.2f}%{{transform:translateY(-{up}px)}}")
    covers = [f"{moment / length * 100:.2f}%{{transform:translateY({min(number + 1, ROWS) * HEIGHT}px)}}"
              for number, moment in enumerate(times) if number < ROWS]
    styles = "".join(f".{name or 'plain'}{{fill:{color}}}" for name, color in COLORS.items())
    texts = []
    for number, (row, name) in enumerate(drawn):
        if row.strip():
            indent = len(row) - len(row.lstrip())
            shown = row.strip()
            texts.append(f'<text class="{name or "plain"}" x="{indent * WIDTH:g}" y="{number * HEIGHT + 14}"'
                         f' textLength="{len(shown) * WIDTH:g}">{html.escape(shown, quote=False)}</text>')
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">
<!--
{LICENSE[0]}
{LICENSE[1]}
Made by tests/lab/demo_recording.py of tests/lab/demo-recording.txt: run make docs
-->
<title>make demo: an emulated ROCK 5B from a failing to a working MobileNet</title>
<style>
text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}}
{styles}
.head{{font-weight:bold}}
#rows{{transform:translateY(-{max(0, last - ROWS) * HEIGHT}px)}}
#cover{{transform:translateY({ROWS * HEIGHT + MARGIN}px)}}
@media (prefers-reduced-motion:no-preference){{
#rows{{animation:rows {length}s step-end infinite}}
#cover{{animation:cover {length}s step-end infinite}}
}}
@keyframes rows{{0%{{transform:translateY(0)}}{"".join(frames)}}}
@keyframes cover{{0%{{transform:translateY(0)}}{"".join(covers)}}}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>
<svg x="{MARGIN}" y="{MARGIN}" width="{width - 2 * MARGIN}" height="{ROWS * HEIGHT}">
<g id="rows">
{chr(10).join(texts)}
</g>
<rect id="cover" width="100%" height="{ROWS * HEIGHT}" fill="#161b22"/>
</svg>
</svg>
"""


def main(arguments):
    """Keep the output of a run, if one is given, and draw the picture."""
    if arguments:
        output = pathlib.Path(arguments[0]).read_text(encoding="utf-8")
        if "Done in " not in output:
            print(f"{arguments[0]} is not the output of a demo that has ended well", file=sys.stderr)
            return 1
        TEXT.write_text(clean(output), encoding="utf-8")
    PICTURE.write_text(svg(TEXT.read_text(encoding="utf-8")), encoding="utf-8")
    print("wrote", PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
