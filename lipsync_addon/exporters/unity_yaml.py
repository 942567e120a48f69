"""The pieces of a Unity animation clip as text, in the order and spelling in which Unity writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from .base import number

LINEAR = 69
"""Tangent mode of a key whose both sides are straight lines, each of its own."""
THIRD = "0.33333334"
"""Weight of a tangent that is not weighted."""

PLAIN = r"(?!(y|n|yes|no|on|off|true|false|null)$)[a-z_][\w./ -]*(?<! )|"

HEAD = """%YAML 1.1
%TAG !u! tag:unity3d.com,2011:
--- !u!74 &7400000
AnimationClip:
  m_ObjectHideFlags: 0
  m_CorrespondingSourceObject: {{fileID: 0}}
  m_PrefabInstance: {{fileID: 0}}
  m_PrefabAsset: {{fileID: 0}}
  m_Name: {name}
  serializedVersion: 6
  m_Legacy: 0
  m_Compressed: 0
  m_UseHighQualityCurve: 1
  m_RotationCurves: []
  m_CompressedRotationCurves: []
"""
TARGET = """    attribute: {attribute}
    path: {path}
    classID: {type}
    script: {{fileID: 0}}
"""
MIDDLE = """  m_PPtrCurves: []
  m_SampleRate: {fps}
  m_WrapMode: 0
  m_Bounds:
    m_Center: {{x: 0, y: 0, z: 0}}
    m_Extent: {{x: 0, y: 0, z: 0}}
  m_ClipBindingConstant:
    genericBindings:
"""
BINDING = """    - serializedVersion: 2
      path: {path}
      attribute: {attribute}
      script: {{fileID: 0}}
      typeID: {type}
      customType: {custom}
      isPPtrCurve: 0
"""
SETTINGS = """    pptrCurveMapping: []
  m_AnimationClipSettings:
    serializedVersion: 2
    m_AdditiveReferencePoseClip: {{fileID: 0}}
    m_AdditiveReferencePoseTime: 0
    m_StartTime: 0
    m_StopTime: {stop}
    m_OrientationOffsetY: 0
    m_Level: 0
    m_CycleOffset: 0
    m_HasAdditiveReferencePose: 0
    m_LoopTime: 0
    m_LoopBlend: 0
    m_LoopBlendOrientation: 0
    m_LoopBlendPositionY: 0
    m_LoopBlendPositionXZ: 0
    m_KeepOriginalOrientation: 0
    m_KeepOriginalPositionY: 1
    m_KeepOriginalPositionXZ: 0
    m_HeightFromFeet: 0
    m_Mirror: 0
  m_EditorCurves:
"""
TAIL = """  m_EulerEditorCurves: []
  m_HasGenericRootTransform: 0
  m_HasMotionFloatCurves: 0
  m_Events: []
"""


def curve_text(keys: str) -> str:
    """The head of a curve around its keys; what it moves comes after."""
    return f"""  - curve:
      serializedVersion: 2
      m_Curve:
{keys}      m_PreInfinity: 2
      m_PostInfinity: 2
      m_RotationOrder: 4
"""


def key_text(time: float, value: str, before: str, after: str, weight: str) -> str:
    """One key; numbers for a curve of numbers, vectors for one of angles."""
    return f"""      - serializedVersion: 3
        time: {number(time)}
        value: {value}
        inSlope: {before}
        outSlope: {after}
        tangentMode: {LINEAR}
        weightedMode: 0
        inWeight: {weight}
        outWeight: {weight}
"""


def vector(values: Iterable[float]) -> str:
    """Three numbers as Unity writes them."""
    return "{{x: {}, y: {}, z: {}}}".format(*map(number, values))


def scalar(text: str) -> str:
    """A YAML scalar: as it is where nothing can be misread, else in quotes."""
    return text if re.fullmatch(PLAIN, text, re.ASCII | re.IGNORECASE) else json.dumps(text)
