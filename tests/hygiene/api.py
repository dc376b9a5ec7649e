#!/usr/bin/python3
"""docs/api.md lists every public function by header, with the first sentence of its comment. It is made by this script from the headers:
--write makes it anew; without, a page that is not what the headers say fails, and so does a function without a comment.

Usage: api.py SOURCE_ROOT [--write]"""
import pathlib
import re
import sys

HEAD = """# The public functions

Made from the headers by `tests/hygiene/api.py . --write`; the headers are the manual: shapes, ranges, ownership, errors,
threads. `cnn.h` includes all of them but `extend.h`, `format.h` and those of companion libraries.
"""
FILE = re.compile(r"/\*\* @file (\S+)\n(.*?)\*/", re.S)
# a comment, or a declaration: what may stand between them ends the comment's reach
TOKEN = re.compile(r"/\*\*(?!<)(?P<comment>.*?)\*/|(?P<blank>\n[ \t]*\n)|\bCNN_API\b(?P<declaration>[^;]*?)\b(?P<name>cnn_\w+)\s*\(", re.S)
STRUCT = re.compile(r"^typedef struct (cnn_\w+) \{", re.M)


def prose(comment):
    """The first paragraph as one line."""
    lines = [re.sub(r"^\s*\*", "", line).strip() for line in comment.split("\n")]
    return " ".join(lines[:lines.index("")] if "" in lines[:-1] else lines).strip()


def sentence(text):
    """The first one: up to a full stop before a capital, a tag or the end; what stands in brackets does not end it."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        rest = text[i + 1:].lstrip()
        if c == "." and depth <= 0 and (i + 1 == len(text) or text[i + 1] == " ") and (not rest or rest[0].isupper() or rest[0] == "@"):
            return text[:i + 1]
        if text.startswith((" @", " Errors:"), i):
            return text[:i].rstrip() + "."
    return text.rstrip(".:") + "."


def functions(text):
    """(names, sentence) of each comment that functions follow; a blank line ends its reach. Sentence None: no comment."""
    comment, names = None, []
    for match in TOKEN.finditer(text):
        if match["name"]:
            if comment is None:
                yield [match["name"]], None
            else:
                names.append(match["name"])
            continue
        if names:
            yield names, sentence(prose(comment))
            names = []
        comment = None if match["blank"] is not None else match["comment"]
    if names:
        yield names, sentence(prose(comment))


def order(include):
    """Headers as they include each other, from the first on; those that cnn.h does not reach come last."""
    seen = []

    def visit(name):
        if name in seen:
            return
        for needed in re.findall(r'#include "(\w+\.h)"', (include / name).read_text(encoding="utf-8")):
            visit(needed)
        seen.append(name)

    visit("cnn.h")
    for path in sorted(include.glob("*.h")):
        visit(path.name)
    return [name for name in seen if name != "cnn.h"]


def page(include):
    lines, complaints = [HEAD], []
    for name in order(include):
        text = (include / name).read_text(encoding="utf-8")
        title, rows, start = FILE.search(text), [], FILE.search(text).end() if FILE.search(text) else 0
        for names, what in functions(text[start:]):
            if what is None:
                complaints.append(f"{name}: {names[0]} has no comment")
            rows.append(f"| {', '.join(f'`{n}`' for n in names)} | {(what or '').replace('|', chr(92) + '|')} |")
        if not title:
            complaints.append(f"{name}: does not open with @file")
            continue
        lines.append(f"## {name}\n\n{prose(title.group(2))}\n")
        structs = [f"`{struct}`" for struct in STRUCT.findall(text)]
        if structs:
            lines.append(f"Structs: {', '.join(structs)}.\n")
        if rows:
            lines.append("\n".join(["| function | what it does |", "|---|---|", *rows]) + "\n")
    return "\n".join(lines), complaints


def main():
    if len(sys.argv) < 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    root = pathlib.Path(sys.argv[1])
    text, complaints = page(root / "include" / "cnn")
    target = root / "docs" / "api.md"
    if sys.argv[-1] == "--write":
        target.write_text(text, encoding="utf-8")
    elif text != target.read_text(encoding="utf-8"):
        complaints.append("docs/api.md: is not what the headers say; run tests/hygiene/api.py SOURCE_ROOT --write")
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
