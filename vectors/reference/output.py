"""Writes JSON so that people can read a difference: short containers on one line, long ones an element a line."""

import json

_WIDTH = 118


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(", ", ": "))


def _scalars(value: list) -> bool:
    return all(not isinstance(item, (list, dict)) for item in value)


def _wrapped(items: list[str], indent: int) -> str:
    """Scalars, as many a line as fit."""
    pad = " " * (indent + 1)
    lines = [pad]
    for position, item in enumerate(items):
        piece = item + ("," if position + 1 < len(items) else "")
        if len(lines[-1]) + len(piece) + 1 > _WIDTH and lines[-1].strip():
            lines[-1] = lines[-1].rstrip()
            lines.append(pad)
        lines[-1] += piece + " "
    lines[-1] = lines[-1].rstrip()
    return "[\n" + "\n".join(lines) + "\n" + " " * indent + "]"


def dump(value: object, indent: int = 0) -> str:
    """The text of a value whose first line begins at column `indent`."""
    flat = _plain(value)
    if not isinstance(value, (list, dict)) or not value or (indent and len(flat) + indent <= _WIDTH):
        return flat
    if isinstance(value, list) and _scalars(value):
        return _wrapped([_plain(item) for item in value], indent)
    pad = " " * (indent + 1)
    if isinstance(value, list):
        body = [pad + dump(item, indent + 1) for item in value]
        return "[\n" + ",\n".join(body) + "\n" + " " * indent + "]"
    body = [f"{pad}{_plain(key)}: {dump(item, indent + 1)}" for key, item in value.items()]
    return "{\n" + ",\n".join(body) + "\n" + " " * indent + "}"
