"""What can go wrong, with the codes that every binding and the wire share."""

from ._abi import Status

Code = Status
"""A stable code: a number that is appended to and never changed."""


class FabstirError(Exception):
    """A refusal or failure; `code` says which, the text what happened."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __str__(self) -> str:
        return f"{super().__str__()} ({self.code.name.lower()})"

    @property
    def retryable(self) -> bool:
        """Whether the same call can succeed later without being changed."""
        from ._native import is_retryable

        return is_retryable(self.code)
