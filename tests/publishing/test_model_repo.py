"""Publishing to a Hub on this machine: by the command, with the real client, and loaded again from there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from colorizer.errors import PublishError
from colorizer.pretrained import manifest, weights_file
from colorizer.pretrained.locate import SHIPPED
from colorizer.publishing import model_card, model_repo
from tests.helpers.hub_server import TOKEN, HubServer
from tests.helpers.paths import ROOT

NAME = "someone/colorizer"


@pytest.fixture
def server(tmp_path):
    with HubServer(tmp_path / "hub") as running:
        running.cache = tmp_path / "cache"
        yield running


@pytest.fixture
def files(tmp_path, tiny_network) -> dict[str, Path | bytes]:
    """What is published, with a network so small that it is quick."""
    folder = tmp_path / "trained"
    weights_file.save(tiny_network, folder)
    about = {"command": "python train.py --photos mine", "photos": 1234, "crops": 56789, "minutes": 7.5}
    (folder / manifest.TRAINING_NAME).write_text(json.dumps(about))
    text = str(model_card.build_card(folder, NAME, sheet=True)).encode()
    return {
        model_card.CARD_NAME: text,
        model_card.SHEET_NAME: b"\xff\xd8 a picture",
        **{p.name: p for p in folder.iterdir()},
    }


def python(server, code: str, token: str | None = TOKEN, **variables) -> subprocess.CompletedProcess:
    environment = server.environment(server.cache, token, PYTHONPATH=str(ROOT), **variables)
    command = [sys.executable, "-"]
    return subprocess.run(
        command, input=code, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200
    )


def send(server, files: dict, *options: str, name: str = NAME, **variables) -> str:
    """Publishes in a fresh process; what it printed, or the last line of its error."""
    contents = [(key, value if isinstance(value, bytes) else str(value)) for key, value in files.items()]
    call = ", ".join([repr(name), repr(contents), *options])
    code = f"from colorizer.publishing.model_repo import publish; print(*publish({call}))"
    done = python(server, code, **variables)
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def test_the_shipped_weights_are_published_in_one_commit_and_load_from_there(server):
    page, address = send(server, dict(model_repo.collect_model_files(NAME)), "private=True").split()
    assert page.startswith(f"{server.address}/{NAME}/commit/")
    repo = server.repo("model", NAME)
    assert repo["private"]
    assert len(repo["commits"]) == 2  # that of its creation, and ours
    there = server.files("model", NAME)
    assert there[manifest.WEIGHTS_NAME] == (SHIPPED / manifest.WEIGHTS_NAME).read_bytes()
    assert {
        model_card.CARD_NAME,
        model_card.SHEET_NAME,
        manifest.TRAINING_NAME,
        manifest.MANIFEST_NAME,
    } < set(there)
    assert f'Colorizer.from_pretrained("{NAME}")'.encode() in there[model_card.CARD_NAME]
    assert there[model_card.SHEET_NAME].startswith(b"\xff\xd8")
    code = f"from colorizer.pretrained.locate import find_weights; print(find_weights({address!r}))"
    assert Path(python(server, code).stdout.strip()).read_bytes() == there[manifest.WEIGHTS_NAME]


def test_a_dry_run_shows_the_card_and_the_sizes_and_asks_nobody(server, capsys, monkeypatch, files):
    monkeypatch.setattr(model_repo, "make_sheet", lambda folder: b"\xff\xd8 a picture")
    monkeypatch.setattr("huggingface_hub.HfApi", None)
    folder = files[manifest.WEIGHTS_NAME].parent
    assert model_repo.main([NAME, "--dry-run", "--weights", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "pipeline_tag: image-to-image" in shown
    assert f"{(folder / manifest.WEIGHTS_NAME).stat().st_size:,}  {manifest.WEIGHTS_NAME}" in shown
    assert "bytes in 5 files" in shown


def test_a_proposal_leaves_the_branch_alone_and_can_be_loaded_by_its_own_name(server, files):
    server.create("model", NAME)
    before = server.files("model", NAME)
    page, address = send(server, files, "create_pr=True").split()
    assert page == f"{server.address}/{NAME}/discussions/1"
    assert server.files("model", NAME) == before
    assert set(server.files("model", NAME, "refs/pr/1")) == set(files)
    for name in (f"{NAME}@refs/pr/1", address):
        code = f"from colorizer.pretrained.locate import find_weights; print(find_weights({name!r}))"
        assert (
            Path(python(server, code).stdout.strip()).read_bytes()
            == files[manifest.WEIGHTS_NAME].read_bytes()
        )


def test_an_upload_is_repeated_when_the_hub_stumbles_and_what_is_there_is_not_sent_again(server, files):
    server.fail("PUT /cdn/", "broken")
    server.fail(f"POST /api/models/{NAME}/preupload", "busy")
    first = send(server, files)
    assert f"{NAME}@" in first
    assert server.files("model", NAME)[manifest.WEIGHTS_NAME] == files[manifest.WEIGHTS_NAME].read_bytes()
    server.asked.clear()
    assert send(server, files).split()[1] == first.split()[1]  # nothing new, so no new commit
    assert not any(request.startswith("PUT") for request in server.asked)


def test_what_the_hub_does_not_take_is_one_sentence(server, files):
    assert "Publishing needs a token: set HF_TOKEN" in send(server, files, token=None)
    assert "Invalid user token" in send(server, files, token="hf_wrong")
    assert "someone-else/colorizer cannot be published to at" in send(
        server, files, name="someone-else/colorizer"
    )
    assert "Invalid metadata in README.md" in send(
        server, files | {model_card.CARD_NAME: b"---\nlicense: [\n---\n"}
    )


def test_damaged_weights_are_not_published(files, capsys):
    folder = files[manifest.WEIGHTS_NAME].parent
    files[manifest.WEIGHTS_NAME].write_bytes(b"damaged")
    assert model_repo.main([NAME, "--weights", str(folder)]) == 2
    assert "is damaged or was changed" in capsys.readouterr().err


def test_training_that_is_to_be_published_asks_for_the_token_first_and_publishes_at_the_end(
    monkeypatch, capsys
):
    from colorizer.training import cli, trainer
    from colorizer.training.distribute import Processes

    done = []

    class Trainer:
        processes = Processes()

        def __init__(self, config):
            done.append("began")

        def run(self):
            done.append("trained")

    def refuse():
        raise PublishError("Publishing needs a token")

    train = ["--photos", "x", "--out", "mine", "--publish", NAME]
    monkeypatch.setattr(trainer, "Trainer", Trainer)
    monkeypatch.setattr(model_repo, "main", lambda arguments: done.append(arguments) or 0)
    monkeypatch.setattr(model_repo, "require_login", refuse)
    assert cli.main(train) == 2
    assert done == []
    assert "Publishing needs a token" in capsys.readouterr().err
    monkeypatch.setattr(model_repo, "require_login", lambda: done.append("asked"))
    assert cli.main(train) == 0
    assert done == ["asked", "began", "trained", [NAME, "--weights", "mine"]]
