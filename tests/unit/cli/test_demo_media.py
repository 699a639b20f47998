from __future__ import annotations

import av
import numpy as np
import onnx
import onnxruntime
import pytest

from framelane.cli import _demo_media


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "clip.mp4"
    _demo_media.write_clip(path)
    return path


def test_the_clip_has_moving_pictures_and_sound_of_one_length(clip):
    with av.open(str(clip)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.frames) == (640, 360, _demo_media.FRAMES)
        assert float(video.duration * video.time_base) == pytest.approx(4)
        assert float(sound.duration * sound.time_base) == pytest.approx(4, abs=0.05)
        first, second = (next(container.decode(video=0)).to_ndarray(format="rgb24") for _ in range(2))
    assert (first != second).any()


def test_the_sound_has_a_note_at_each_bounce(clip):
    with av.open(str(clip)) as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    loud = np.abs(sound).max(0)
    every = _demo_media.SOUND_RATE * 20 // 30
    for bounce in range(6):
        just_after = loud[bounce * every + 1000 : bounce * every + 5000].max()
        before_next = loud[(bounce + 1) * every - 5000 : (bounce + 1) * every - 1000].max()
        assert just_after > 4 * before_next


def test_the_network_is_sound_and_draws_edges():
    model = _demo_media.neon_network()
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    image = np.zeros((2, 3, 20, 30), np.float32)
    image[..., 15:] = 1
    (neon,) = session.run(None, {"image": image})
    assert neon.shape == image.shape
    assert (neon[..., 14:16] == 1).all()
    assert np.allclose(neon[..., :14], 0)
    assert np.allclose(neon[..., 16:], 0.3)
