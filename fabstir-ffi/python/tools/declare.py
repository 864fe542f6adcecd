"""Writes src/fabstir/_abi.py from the C header, or with --check says whether it is current."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
HEADER = HERE.parent / "include" / "fabstir.h"
TARGET = HERE / "src" / "fabstir" / "_abi.py"

SCALARS = {
    "bool": "c_bool", "float": "c_float", "size_t": "c_size_t", "uintptr_t": "c_size_t", "int32_t": "c_int32",
    "uint8_t": "c_uint8", "uint16_t": "c_uint16", "uint32_t": "c_uint32", "uint64_t": "c_uint64",
}


class Header:
    """What a header declares."""

    def __init__(self, text: str) -> None:
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
        macros = re.findall(r"^#define\s+(FABSTIR_\w+)\s+\(?(\d+)\)?\s*$", text, flags=re.M)
        self.macros = [(name, int(value)) for name, value in macros]
        text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
        text = text.replace('extern "C" {', "")
        self.enums = {name: self.members(name, body) for name, body in re.findall(r"enum\s+(\w+)[^{;]*\{(.*?)\}", text, flags=re.S)}
        bodies = re.findall(r"struct\s+(fabstir_\w+)\s*\{(.*?)\}", text, flags=re.S)
        self.structs = {name: [field.strip() for field in body.split(";") if field.strip()] for name, body in bodies}
        text = re.sub(r"\{[^{}]*\}", "", text)
        self.functions = re.findall(r"^\s*((?:const )?(?:enum |struct )?\w+[\s*]+)(fabstir_\w+)\(([^)]*)\)\s*;", text, flags=re.M)
        if not self.structs or not self.functions:
            raise SystemExit(f"{HEADER} declares nothing that can be read")

    @staticmethod
    def members(enum: str, body: str) -> list[tuple[str, int]]:
        prefix = enum.upper() + "_"
        found, value = [], -1
        for member in filter(None, (part.strip() for part in body.split(","))):
            name, _, given = (word.strip() for word in member.partition("="))
            value = int(given, 0) if given else value + 1
            found.append((name.removeprefix(prefix), value))
        return found

    def type_of(self, declared: str) -> str:
        """The ctypes type of a C type, without the name of what has it."""
        pointers = declared.count("*")
        base = re.sub(r"\b(const|struct|enum)\b|\*", " ", declared).split()[0]
        if base == "char" or (base == "uint8_t" and pointers):
            # Given, it is a `bytes` of a length said beside it; else a place to write to.
            return "c_char_p" if "const" in declared else "c_void_p"
        if base in self.enums or base in SCALARS:
            scalar = SCALARS.get(base, "c_uint32")
            return f"POINTER({scalar})" if pointers else scalar
        if base in self.structs:
            return f"POINTER({base})" if pointers else base
        # A handle, or a place for one.
        return ["None", "c_void_p", "POINTER(c_void_p)"][pointers]

    def field(self, declared: str) -> str:
        match = re.fullmatch(r"(.*?)(\w+)(?:\[(\d+)\])?", declared, flags=re.S)
        assert match, declared
        kind, name, length = match.groups()
        base = "c_void_p" if "*" in kind else self.type_of(kind)
        return f'("{name}", {base} * {length})' if length else f'("{name}", {base})'

    def argument(self, declared: str) -> str:
        return self.type_of(re.sub(r"\w+\s*$", "", declared) if not declared.strip().endswith("*") else declared)


def python(header: Header) -> str:
    """The module."""
    lines = ['"""What the C header declares. Made by tools/declare.py."""', ""]
    lines += ["from ctypes import (", "    POINTER,", "    Structure,"]
    used = ["c_bool", "c_char_p", "c_float", "c_int32", "c_size_t", "c_uint8", "c_uint16", "c_uint32", "c_uint64", "c_void_p"]
    lines += [*(f"    {name}," for name in used), ")", "from enum import IntEnum", "from typing import Any", ""]
    lines += [f"{name} = {value}" for name, value in header.macros]
    for name, members in header.enums.items():
        title = "".join(word.capitalize() for word in name.removeprefix("fabstir_").split("_"))
        lines += ["", "", f"class {title}(IntEnum):", f'    """{name}."""', ""]
        lines += [f"    {member}_ = {value}" if member == "None" else f"    {member} = {value}" for member, value in members]
    for name, fields in header.structs.items():
        lines += ["", "", f"class {name}(Structure):", "    _fields_ = ["]
        lines += [*(f"        {header.field(field)}," for field in fields), "    ]"]
    lines += ["", "", "PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {"]
    for result, name, arguments in header.functions:
        given = [part for part in arguments.split(",") if part.strip() not in ("", "void")]
        types = ", ".join(header.argument(part) for part in given)
        lines.append(f'    "{name}": ({header.type_of(result)}, [{types}]),')
    return "\n".join([*lines, "}", ""])


def main() -> int:
    text = python(Header(HEADER.read_text()))
    if "--check" in sys.argv:
        current = TARGET.exists() and TARGET.read_text() == text
        if not current:
            print(f"{TARGET} is not what {HEADER} declares: run {Path(__file__).name}", file=sys.stderr)
        return 0 if current else 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
