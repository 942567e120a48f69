"""Who speaks and how: what the network is told beside the sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..core.adaptation import Adaptation
from ..core.controls import Controls
from ..core.model_spec import ControlSpec, ModelSpec
from ..inference.network import DEFAULT_NETWORK


@dataclass(frozen=True, slots=True)
class Speaker:
    """For core.pipeline and restyle()."""

    controls: Controls = Controls()
    """Styles and intensity; emotions come with the face."""
    actor: Adaptation | None = None


@cache
def own_network() -> ModelSpec:
    """The description of the network that comes with the add-on."""
    return ModelSpec.load(DEFAULT_NETWORK)


def network_controls() -> Mapping[str, ControlSpec]:
    """What that network can be told."""
    return own_network().controls
