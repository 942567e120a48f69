# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of the head as a smooth union of simple solids, and projection onto it. Lengths in metres."""
from __future__ import annotations

import numpy as np

from .params import EYE_CENTRE, LID_RADIUS

Array = np.ndarray


def _ellipsoid(p: Array, centre: tuple, radii: tuple) -> Array:
    q = p - np.array(centre)
    r = np.array(radii)
    k0 = np.linalg.norm(q / r, axis=-1)
    k1 = np.linalg.norm(q / (r * r), axis=-1)
    return k0 * (k0 - 1.0) / np.maximum(k1, 1e-9)


def _capsule(p: Array, a: tuple, b: tuple, ra: float, rb: float) -> Array:
    a_, b_ = np.array(a), np.array(b)
    ab = b_ - a_
    t = np.clip(((p - a_) @ ab) / (ab @ ab), 0.0, 1.0)
    return np.linalg.norm(p - a_ - t[..., None] * ab, axis=-1) - (ra + (rb - ra) * t)


def _join(a: Array, b: Array, k: float) -> Array:
    h = np.maximum(k - np.abs(a - b), 0.0) / k
    return np.minimum(a, b) - h * h * k * 0.25


def _cut(a: Array, b: Array, k: float) -> Array:
    return -_join(-a, b, k)


def head(p: Array) -> Array:
    """Signed distance (about) of points [..., 3] to the skin, negative inside."""
    q = p.copy()
    q[..., 0] = np.abs(q[..., 0])
    d = _ellipsoid(q, (0, 0.014, 0.030), (0.091, 0.102, 0.090))
    d = _join(d, _ellipsoid(q, (0, -0.024, -0.038), (0.069, 0.070, 0.066)), 0.05)
    d = _join(d, _ellipsoid(q, (0.038, -0.060, -0.036), (0.033, 0.032, 0.030)), 0.03)
    d = _join(d, _ellipsoid(q, (0, -0.066, -0.088), (0.027, 0.024, 0.019)), 0.05)
    d = _join(d, _ellipsoid(q, (0, -0.0805, -0.0945), (0.0165, 0.0150, 0.0135)), 0.025)
    d = _join(d, _ellipsoid(q, (0, -0.071, -0.062), (0.0335, 0.0315, 0.028)), 0.02)
    d = _cut(d, _ellipsoid(q, (0.039, -0.116, 0.004), (0.028, 0.020, 0.024)), 0.022)
    eye = np.linalg.norm(q - np.array(EYE_CENTRE), axis=-1) - LID_RADIUS
    d = _join(d, eye, 0.007)
    nose = _capsule(q, (0, -0.084, 0.010), (0, -0.103, -0.021), 0.006, 0.008)
    nose = _join(nose, _ellipsoid(q, (0, -0.1065, -0.0250), (0.0125, 0.0115, 0.0110)), 0.008)
    nose = _join(nose, _ellipsoid(q, (0.0105, -0.0985, -0.0280), (0.0070, 0.0090, 0.0065)), 0.006)
    d = _join(d, nose, 0.014)
    return _join(d, _capsule(q, (0, 0.022, -0.07), (0, 0.030, -0.21), 0.036, 0.037), 0.03)


def gradient(p: Array, h: float = 1e-5) -> Array:
    """Gradient of `head` at points [N, 3]."""
    g = np.empty_like(p)
    for k in range(3):
        e = np.zeros(3)
        e[k] = h
        g[:, k] = (head(p + e) - head(p - e)) / (2 * h)
    return g


def project(p: Array, steps: int = 4) -> Array:
    """Points [N, 3] moved onto the skin along its gradient."""
    for _ in range(steps):
        g = gradient(p)
        p = p - (head(p) / np.maximum((g * g).sum(1), 1e-6))[:, None] * g
    return p


def cast(origin: Array, direction: Array, far: float = 0.30) -> Array:
    """Outermost skin point on each ray [N, 3], found by marching inwards from `far` metres."""
    t = np.full(len(origin), far)
    for _ in range(160):
        t -= 0.7 * head(origin + t[:, None] * direction)
    return origin + t[:, None] * direction


def front(x: Array, z: Array) -> Array:
    """Skin points [N, 3] seen from the front at the given x and z."""
    n = len(x)
    o = np.stack([x, np.zeros(n), z], 1)
    return cast(o, np.tile([0.0, -1.0, 0.0], (n, 1)))
