"""The front end equals librosa's, the network's reach is what its contract says, and ONNX Runtime agrees."""

from __future__ import annotations

import librosa
import numpy as np
import onnxruntime
import pytest
import torch

from lipsync_addon.core.model_spec import ModelSpec
from model.export import OUTPUTS, difference, load_checkpoint, to_onnx
from model.network import FFT, HOP, MEL_HOP, MEL_RANGE, MELS, SAMPLE_RATE, WINDOW, Lipsync, LogMel, NetworkConfig
from model.paths import EXPORTED

SMALL = NetworkConfig(hear_width=32, hear_dilations=(1, 2), move_width=16, move_dilations=(1,), residual=4)


@pytest.fixture(scope="module")
def network() -> Lipsync:
    torch.manual_seed(0)
    return Lipsync(SMALL).eval()


def test_mel_energies_equal_librosas(speech):
    samples = speech[: len(speech) // HOP * HOP]
    wanted = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE, n_fft=FFT, hop_length=MEL_HOP, win_length=WINDOW, n_mels=MELS,
        fmin=MEL_RANGE[0], fmax=MEL_RANGE[1], center=True, pad_mode="constant",
    )  # fmt: skip
    mel = LogMel()
    found = torch.matmul(mel.filters, mel.power(torch.from_numpy(samples[None])))[0].numpy()
    assert found.shape[1] == len(samples) // MEL_HOP
    np.testing.assert_allclose(found, wanted[:, : found.shape[1]], rtol=1e-3, atol=1e-5 * wanted.max())


def test_a_frame_depends_on_no_more_than_its_context(network, speech):
    samples = torch.from_numpy(speech[: HOP * 200])[None]
    changed = samples.clone()
    changed[0, HOP * 100] += 0.5
    with torch.no_grad():
        differs = (network(samples)[0] - network(changed)[0]).abs().amax((0, 2)) > 0
    touched = np.flatnonzero(differs.numpy())
    assert len(touched), "the change must be heard"
    assert touched.min() >= 100 - SMALL.context and touched.max() <= 100 + SMALL.context


def test_pytorch_and_onnx_runtime_agree(network, speech, tmp_path):
    path = tmp_path / "small.onnx"
    to_onnx(network, path)
    assert difference(network, path, speech) <= 1e-4
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    batch = np.stack([speech[: HOP * 50], speech[HOP * 50 : HOP * 100]])
    assert [o.shape[:2] for o in session.run(list(OUTPUTS), {"samples": batch})] == [(2, 50)] * 3


def test_visemes_and_phones_are_probabilities_and_weights_stay_in_range(network, speech):
    with torch.no_grad():
        arkit, visemes, phones = network(torch.from_numpy(speech[None, : HOP * 100]))
    assert float(arkit.min()) >= 0 and float(arkit.max()) <= 1
    for shares in (visemes, phones):
        torch.testing.assert_close(shares.sum(-1), torch.ones(1, 100))


def test_the_network_that_ships_is_the_one_that_its_contract_describes():
    spec = ModelSpec.load(EXPORTED / "lipsync.json")
    spec.check_file(EXPORTED / "lipsync.onnx")
    assert (spec.sample_rate, spec.hop) == (SAMPLE_RATE, HOP)
    assert {name: tuple(channels) for name, channels in spec.outputs.items()} == OUTPUTS


def test_a_checkpoint_gives_its_network_back(network, tmp_path):
    state = {"network": SMALL.to_dict(), "averaged": network.state_dict()}
    torch.save(state, tmp_path / "checkpoint.pt")
    again = load_checkpoint(tmp_path / "checkpoint.pt")
    assert again.config == SMALL
    samples = torch.zeros(1, HOP * 20)
    with torch.no_grad():
        torch.testing.assert_close(again(samples)[0], network(samples)[0])
