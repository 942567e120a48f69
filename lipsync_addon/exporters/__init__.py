"""One file per format. EXPORTERS is the list of them."""

from __future__ import annotations

from .base import Exporter, ExportOptions, write
from .curves_json import CurvesJson
from .livelink_csv import LiveLinkCsv

__all__ = ["EXPORTERS", "ExportOptions", "Exporter", "write"]

EXPORTERS: dict[str, Exporter] = {exporter.extension: exporter for exporter in (LiveLinkCsv(), CurvesJson())}
"""By file ending, ".csv" for example."""
