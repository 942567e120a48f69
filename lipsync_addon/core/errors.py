"""Errors that are written for the person at the keyboard."""

from __future__ import annotations


class LipsyncError(Exception):
    """Something the user can put right.

    `message` says what happened and names the file or object; `hint` says what to do. Both are whole
    sentences in the user's words. str() joins them.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()
