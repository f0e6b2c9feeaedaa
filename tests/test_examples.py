"""The examples that need no download, run as a reader would run them."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"


def run(*arguments):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, *map(str, arguments)], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", ["mlp_softmax.py", "mlp_binary.py"])
def test_keras_scripts_run_unmodified(script):
    output = run("-m", "pronghorn", EXAMPLES / "seed" / script)
    losses = [float(loss) for loss in re.findall(r"loss: ([\d.]+) - accuracy: [\d.]+\s*$", output, re.M)]
    assert len(losses) == 20 and losses[-1] < losses[0]


def test_every_script_is_listed():
    listed = (EXAMPLES / "README.md").read_text()
    for script in [*EXAMPLES.glob("*.py"), *EXAMPLES.glob("functional/*.py"), *EXAMPLES.glob("cpp/*.cpp")]:
        assert f"{script.name}`" in listed, f"{script.name} is not in examples/README.md"


# What the scripts assert themselves is most of the test. The large models run at a smaller size here.
@pytest.mark.parametrize(
    "command, shows",
    [
        ("digits_mlp.py", r"test accuracy 9\d"),
        ("headline.py --epochs 3", r"main output: \d"),
        ("shared_lstm.py --epochs 1", r"unseen pairs judged rightly"),
        ("layer_nodes.py", r"Layer lstm_2 has multiple inbound nodes"),
        ("inception.py --steps 2", r"loss per step: 0"),
        ("residual.py", r"mean squared error: 0"),
        ("shared_vision.py --epochs 1", r"pairs of held-out digits judged rightly"),
        ("visual_question_answering.py --size 48", r"training step: loss 6.*peak memory"),
        ("video_question_answering.py --size 40 --frames 5", r"training step: loss 6.*peak memory"),
    ],
)
def test_listings_of_the_functional_guide_run(command, shows):
    script, *arguments = command.split()
    assert re.search(shows, run("-m", "pronghorn", EXAMPLES / "functional" / script, *arguments))


@pytest.mark.parametrize(
    "script, package, least",
    [
        ("japanese_vowels.py", "aeon-1.6.0-py3-none-any.whl", 90),
        ("movie_reviews.py", "vaderSentiment-3.3.2.tar.gz", 70),
    ],
)
def test_sequences_of_real_data(script, package, least):
    home = pathlib.Path(os.environ.get("KERAS_HOME", pathlib.Path.home() / ".keras"))
    if not (home / "datasets" / package).exists():
        pytest.skip(
            f"{package} is not in {home / 'datasets'}: run examples/sequences/{script} to download it"
        )
    accuracy = re.search(r"test accuracy ([\d.]+) %", run(EXAMPLES / "sequences" / script))[1]
    assert float(accuracy) > least


def test_data_that_cannot_be_downloaded(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(AssertionError, match="put that file of aeon==1.6.0 into"):
        run(EXAMPLES / "sequences" / "japanese_vowels.py")


def test_the_demo_learns_and_draws(tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "digits.png"
    output = run(EXAMPLES / "digits_cnn.py", "--epochs", "6", "--picture", picture)
    accuracy = float(re.search(r"test accuracy ([\d.]+) %", output)[1])
    assert accuracy > 97
    assert picture.read_bytes().startswith(b"\x89PNG")
