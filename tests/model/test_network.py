"""The front end equals librosa's, the network's reach is what its contract says, and ONNX Runtime agrees."""

from __future__ import annotations

import librosa
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from lipsync_addon.core.model_spec import ModelSpec
from lipsync_addon.inference.predictor import Predictor
from model.export import (
    NAMES,
    TOLERANCE,
    controls,
    differences,
    in_half,
    load_checkpoint,
    run_onnx,
    run_pytorch,
    to_onnx,
)
from model.network import (
    ARKIT_CHANNELS, CONTROLS, FFT, HOP, LIVE, MEL_HOP, MEL_RANGE, MELS, OFFLINE, SAMPLE_RATE, SILENT, SLOPE, UNITS,
    WINDOW, HearGraph, Lipsync, LogMel, MoveGraph, NetworkConfig, sliding,
)  # fmt: skip
from model.paths import CHECKPOINTS, EXPORTED

SMALL = NetworkConfig(
    hear_width=32,
    hear_dilations=(1, 2),
    move_width=16,
    move_dilations=(1,),
    residual=4,
    hear_ahead=(2, 0),
    move_ahead=(1,),
)
KEPT = {"offline": "0.4.0.pt", "live": "0.4.0-live.pt"}


@pytest.fixture(scope="module")
def network() -> Lipsync:
    torch.manual_seed(0)
    return Lipsync(SMALL).eval()


@pytest.fixture(scope="module")
def files(network, tmp_path_factory):
    """The small network's two graphs."""
    folder = tmp_path_factory.mktemp("small")
    paths = {part: folder / f"small.{part}.onnx" for part in ("hear", "move")}
    for part, path in paths.items():
        to_onnx(network, part, path)
    return paths


def test_mel_energies_equal_librosas(speech):
    samples = speech[: len(speech) // HOP * HOP]
    wanted = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE, n_fft=FFT, hop_length=MEL_HOP, win_length=WINDOW, n_mels=MELS,
        fmin=MEL_RANGE[0], fmax=MEL_RANGE[1], center=True, pad_mode="constant",
    )  # fmt: skip
    mel = LogMel()
    found = torch.matmul(mel.filters, mel.power(torch.from_numpy(samples[None])))[0].numpy()
    assert found.shape[1] == len(samples) // MEL_HOP
    np.testing.assert_allclose(found, wanted[:, : found.shape[1]], rtol=1e-2, atol=1e-4 * wanted.max())


def test_sliding_windows_are_those_of_the_values_in_a_row():
    values = torch.arange(40).reshape(2, 20)
    for width, size in ((4, 10), (5, 10), (2, 2), (4, 3)):
        assert sliding(values.unflatten(1, (-1, width)), size).equal(values.unfold(1, size, width))


@torch.no_grad()
def test_a_frame_depends_on_no_more_than_its_context(network, speech):
    samples = torch.from_numpy(speech[: HOP * 200])[None]
    changed = samples.clone()
    changed[0, HOP * 100] += 0.5
    differs = (HearGraph(network)(samples)[0] - HearGraph(network)(changed)[0]).abs().amax((0, 2)) > 0
    touched = np.flatnonzero(differs.numpy())
    past, future = SMALL.context("hear")
    assert len(touched), "the change must be heard"
    assert touched.min() >= 100 - future and touched.max() <= 100 + past


def test_the_live_network_looks_at_most_110_ms_ahead():
    ahead = sum(LIVE.context(part)[1] for part in ("hear", "move"))
    assert ahead * HOP / SAMPLE_RATE <= 0.11
    assert sum(OFFLINE.context(part)[1] for part in ("hear", "move")) * HOP / SAMPLE_RATE >= 0.43


def test_pytorch_and_onnx_runtime_agree(network, files, speech):
    samples = speech[: HOP * 200]
    found = differences(run_pytorch(in_half(network), samples), run_onnx(network, files, samples))
    assert max(found[name] for name in ("phones", "visemes", "arkit")) <= TOLERANCE
    assert max(found.values()) <= 10 * TOLERANCE  # of an untrained network, whose features have no scale
    session = onnxruntime.InferenceSession(files["hear"], providers=["CPUExecutionProvider"])
    batch = np.stack([speech[: HOP * 50], speech[HOP * 50 : HOP * 100]])
    assert [o.shape[:2] for o in session.run(["phones", "residual"], {"samples": batch})] == [(2, 50)] * 2


@pytest.mark.parametrize("part", ["hear", "move"])
def test_onnx_runtime_knows_the_activation_as_one_operation(files, tmp_path, part):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    onnxruntime.InferenceSession(files[part], options, providers=["CPUExecutionProvider"])
    operations = [node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node]
    assert operations.count("FastGelu") == len(getattr(SMALL, f"{part}_dilations"))
    assert "Pow" not in operations and operations.count("Tanh") == (part == "hear")  # the residual's


@torch.no_grad()
def test_visemes_and_phones_are_probabilities_and_coefficients_stay_in_range(network, speech):
    phones, residual = HearGraph(network)(torch.from_numpy(speech[None, : HOP * 100]))
    told = network.move.neutral.expand(1, 100, -1)
    arkit, visemes, _, _ = MoveGraph(network)(phones, residual, told)
    assert float(arkit.min()) >= 0 and float(arkit.max()) <= 1 and arkit.shape == (1, 100, len(ARKIT_CHANNELS))
    past, future = SMALL.context("hear")
    known = torch.zeros(1, 100)  # frames whose context is not there are 0
    known[:, past : 100 - future] = 1
    for shares in (visemes, phones):
        torch.testing.assert_close(shares.sum(-1), known)


@pytest.mark.parametrize("kind", KEPT)
@torch.no_grad()
def test_frames_with_their_context_are_those_of_the_trained_network(kind, speech):
    kept = load_checkpoint(CHECKPOINTS / KEPT[kind])
    samples = torch.from_numpy(speech[None, : HOP * 150])
    inside = {
        part: slice(past, 150 - future) for part in ("hear", "move") for past, future in [kept.config.context(part)]
    }
    logits, residual = kept.hear(kept.mel(samples))
    phones = torch.softmax(logits, -1)
    for found, wanted in zip(HearGraph(kept)(samples), (phones, residual)):
        torch.testing.assert_close(found[:, inside["hear"]], wanted[:, inside["hear"]], rtol=0, atol=1e-5)
    told = kept.move.neutral.expand(1, 150, -1)
    motion, found = kept.move(phones, residual, told), MoveGraph(kept)(phones, residual, told)
    jaw = motion.units[..., UNITS.index("jawOpen")].clamp(0, 1)
    torch.testing.assert_close(
        found[0][:, inside["move"], ARKIT_CHANNELS.index("jawOpen")], jaw[:, inside["move"]], rtol=0, atol=1e-5
    )
    torch.testing.assert_close(found[3][:, inside["move"]], motion.features[:, inside["move"]], rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", NAMES)
def test_the_networks_that_ship_are_those_whose_weights_are_kept(kind, speech):
    kept = load_checkpoint(CHECKPOINTS / KEPT[kind])
    spec = ModelSpec.load(EXPORTED / f"{NAMES[kind]}.json")
    assert kept.config == {"offline": OFFLINE, "live": LIVE}[kind]
    assert spec.controls == controls() and list(spec.controls) == list(CONTROLS)
    files = {part: EXPORTED / getattr(spec, part).file for part in ("hear", "move")}
    samples = speech[: HOP * 200]
    assert max(differences(run_pytorch(kept, samples), run_onnx(kept, files, samples)).values()) <= TOLERANCE
    assert Predictor.load(EXPORTED / f"{NAMES[kind]}.json", providers=["CPU"]).spec == spec


def test_both_networks_together_are_at_most_15_mb():
    assert sum(path.stat().st_size for path in EXPORTED.glob("*.onnx")) <= 15e6


@torch.no_grad()
def test_controls_of_the_network_that_ships_steer_the_mouth(speech):
    """Less intensity, less motion; more, more; joy smiles."""
    kept = load_checkpoint(CHECKPOINTS / KEPT["offline"])
    phones, residual = HearGraph(kept)(torch.from_numpy(speech[None, : len(speech) // HOP * HOP]))

    def moved(**changes: float) -> torch.Tensor:
        told = torch.tensor(list((CONTROLS | changes).values())).expand(1, phones.shape[1], -1)
        return MoveGraph(kept)(phones, residual, told)[0][0]

    jaw, smile = ARKIT_CHANNELS.index("jawOpen"), ARKIT_CHANNELS.index("mouthSmileLeft")
    plain = moved()
    assert moved(intensity=0.5)[:, jaw].mean() < 0.75 * plain[:, jaw].mean()
    assert moved(intensity=1.5)[:, jaw].mean() > 1.25 * plain[:, jaw].mean()
    assert moved(joy=1.0)[:, smile].mean() > plain[:, smile].mean() + 0.2


@torch.no_grad()
def test_in_silence_nothing_trembles_while_breath_and_emotion_show(speech):
    """Units near 0 are 0 where silence is heard, others stay; where something is said nothing changes."""
    kept = load_checkpoint(CHECKPOINTS / KEPT["offline"])
    heard = HearGraph(kept)(torch.from_numpy(speech[None, : len(speech) // HOP * HOP]))
    quiet = torch.zeros_like(heard[0])
    quiet[..., 0] = 1.0
    neutral = kept.move.neutral.expand(1, heard[0].shape[1], -1)
    for phones in (heard[0], quiet):
        motion = kept.move(phones, heard[1], neutral)
        raw = torch.nn.functional.leaky_relu(kept.move.units(motion.features), SLOPE)
        small, silent = raw < OFFLINE.rest[0], phones[..., :1] >= SILENT[1]
        assert (motion.units[small & silent] == 0).all() and (small & silent & (raw > 0)).any()
        torch.testing.assert_close(
            motion.units[~small & (raw >= OFFLINE.rest[1])], raw[~small & (raw >= OFFLINE.rest[1])]
        )
        spoken = (phones[..., :1] <= SILENT[0]).expand_as(raw)
        torch.testing.assert_close(motion.units[spoken], raw[spoken])
    joyful = neutral.clone()
    joyful[..., list(CONTROLS).index("joy")] = 1.0
    assert kept.move(quiet, heard[1], joyful).units[..., UNITS.index("mouthSmile")].min() > 0.2
