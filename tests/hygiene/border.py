#!/usr/bin/python3
"""What crosses the border of the library: nothing but scalars of fixed width and pointers by value; no bool, enum, long, bit-field, va_list
or FILE anywhere in the public headers (an enum without a name makes constants and no type); every options struct begins with its size.

Usage: border.py SOURCE_ROOT"""
import pathlib
import re
import sys

SCALARS = {"int32_t", "int64_t", "uint32_t", "uint64_t", "size_t", "float", "double", "void", "cnn_status", "char"}
FORBIDDEN = re.compile(r"\b(bool|_Bool|enum(?!\s*\{)|long|short|va_list|FILE|wchar_t|int)\b")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
DIRECTIVE = re.compile(r"^\s*#(?:[^\n\\]|\\.|\\\n)*", re.M | re.S)
FUNCTION = re.compile(r"\bCNN_API\b([^;{]*);", re.S)
POINTER = re.compile(r"([\w\s*]+?)\(\s*\*\s*(\w+)\s*\)\s*\(([^)]*)\)", re.S)
STRUCT = re.compile(r"typedef struct (\w+) \{(.*?)\n\} \1;", re.S)
MACRO = re.compile(r"\bCNN_[A-Z_]+\([^()]*\)|__attribute__\(\(.*?\)\)\)")
ATTRIBUTES = re.compile(r"\b(CNN_MUST_CHECK|CNN_API|const)\b")


def value_types(text):
    """Types passed or returned by value in a prototype, as far as they are no pointers."""
    text = ATTRIBUTES.sub(" ", MACRO.sub(" ", text)).replace("...", "")
    head, _, rest = text.partition("(")
    if "*" not in head:
        yield head.split()[0]
    for parameter in rest.rpartition(")")[0].split(","):
        words = parameter.split()
        if words and "*" not in parameter and "[" not in parameter:
            yield words[0]


def complaints(path):
    text = DIRECTIVE.sub("", COMMENT.sub(" ", path.read_text(encoding="utf-8")))
    text = re.sub(r'extern "C"', "", text)
    for word in sorted({match.group(1) for match in FORBIDDEN.finditer(text)}):
        yield f"{path.name}: '{word}' crosses the border"
    for prototype in FUNCTION.findall(text):
        for kind in value_types(prototype):
            if kind not in SCALARS:
                yield f"{path.name}: {' '.join(prototype.split())[:60]}: passes a {kind} by value"
    for name, body in STRUCT.findall(text):
        for result, pointer, parameters in POINTER.findall(body):
            for kind in value_types(f"{result} {pointer}({parameters})"):
                if kind not in SCALARS:
                    yield f"{path.name}: {name}.{pointer} passes a {kind} by value"
        if re.search(r"\w\s*:\s*\d+\s*;", body):
            yield f"{path.name}: {name} has a bit-field"
        if name.endswith("_opts") and not re.match(r"\s*size_t size;", body):
            yield f"{path.name}: {name} does not begin with size_t size"


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    headers = sorted((pathlib.Path(sys.argv[1]) / "include" / "cnn").glob("*.h"))
    found = [text for header in headers for text in complaints(header)]
    print("\n".join(found))
    return 1 if found or len(headers) < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
