#!/usr/bin/env python3
"""Makes the test vectors beside this file, or checks that they are what it would make.

    python vectors/reference.py            writes
    python vectors/reference.py --check    compares, exit status 1 on any difference

README.md says what each file pins.
"""

import argparse
import json
import pathlib
import sys

from reference import cbor, messages, sampling, settlement, transcript, wire
from reference.output import dump

HERE = pathlib.Path(__file__).resolve().parent
FILES = {
    "settlement.json": settlement.build,
    "messages.json": messages.build,
    "transcript.json": transcript.build,
    "sampling.json": sampling.build,
    "cbor.json": cbor.build,
    "wire.json": wire.build,
}


def first_difference(ours: object, theirs: object, path: str = "$") -> str:
    """Where two JSON values part, for the message of a failed check."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in [*ours, *theirs]:
            if key not in ours or key not in theirs:
                return f"{path}.{key} is in one of them only"
            if ours[key] != theirs[key]:
                return first_difference(ours[key], theirs[key], f"{path}.{key}")
    if isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            return f"{path} has {len(theirs)} elements, {len(ours)} expected"
        for index, (left, right) in enumerate(zip(ours, theirs, strict=True)):
            if left != right:
                return first_difference(left, right, f"{path}[{index}]")
    return f"{path} is {theirs!r}, {ours!r} expected"


def check(name: str, text: str) -> bool:
    """Compares one file with what it should be and says where it differs."""
    path = HERE / name
    if not path.exists():
        print(f"{name}: missing", file=sys.stderr)
        return False
    found = path.read_text(encoding="utf-8")
    if found == text:
        print(f"{name}: as committed")
        return True
    try:
        parsed = json.loads(found)
    except ValueError as error:
        print(f"{name}: not JSON ({error})", file=sys.stderr)
        return False
    expected = json.loads(text)
    where = "layout only" if parsed == expected else first_difference(expected, parsed)
    print(f"{name}: differs, {where}", file=sys.stderr)
    return False


def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Makes or checks the test vectors.")
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("names", nargs="*", metavar="FILE", help=f"of {', '.join(FILES)}; all by default")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in FILES]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    good = True
    for name in arguments.names or FILES:
        text = dump(FILES[name]()) + "\n"
        if arguments.check:
            good &= check(name, text)
        else:
            (HERE / name).write_text(text, encoding="utf-8")
            print(f"{name}: {len(text)} bytes")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
