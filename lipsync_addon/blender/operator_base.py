"""What all operators share: a button that says why it is grey, and errors in the user's words."""

from __future__ import annotations

import os
import platform
import traceback
from collections.abc import Callable
from pathlib import Path

import bpy

from ..core.errors import LipsyncError
from ..core.progress import Cancelled
from .translations import told

RAISE = "LIPSYNC_RAISE"
"""Environment variable: set to 1, unexpected errors come up as they are. For developers and tests."""


def log_file() -> Path:
    """Where unexpected errors are described: as the preferences say, else in Blender's configuration."""
    from .preferences import wanted_log  # which draws this

    if chosen := wanted_log(bpy.context):
        return chosen
    return Path(bpy.utils.user_resource("CONFIG", path="lipsync", create=True)) / "log.txt"


class LipsyncOperator:
    """Mixin for bpy.types.Operator: override disabled_reason() and run()."""

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        """The first thing that is missing, as a sentence for the tooltip and the panel; None if it can run."""
        return None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Grey while there is a reason."""
        reason = cls.disabled_reason(context)
        if reason:
            cls.poll_message_set(told(reason))
        return reason is None

    def run(self, context: bpy.types.Context) -> None:
        """The work, from beginning to end. Raises LipsyncError for what the user can put right."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        """{'FINISHED'}, or {'CANCELLED'} after an error."""
        return self.guarded(lambda: self.run(context))

    def guarded(self, action: Callable[[], None], done: str = "FINISHED") -> set[str]:
        """{done}; {'CANCELLED'} and a report if `action` raises."""
        try:
            action()
        except Cancelled:
            self.report({"INFO"}, told("Stopped. Nothing was changed."))
            return {"CANCELLED"}
        except LipsyncError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        except Exception as error:
            if os.environ.get(RAISE) == "1":
                raise
            self.report({"ERROR"}, f"Something unexpected went wrong. Please send {_log(error)} to the developers.")
            return {"CANCELLED"}
        return {done}


def _log(error: Exception) -> Path:
    """Appends the trace to the log file, without the user's name in the paths."""
    path = log_file()
    versions = f"Blender {bpy.app.version_string}, Python {platform.python_version()}, {platform.platform()}"
    text = "".join([versions, "\n", *traceback.format_exception(error), "\n"])
    with path.open("a", encoding="utf-8") as file:
        file.write(text.replace(str(Path.home()), "~"))
    return path
