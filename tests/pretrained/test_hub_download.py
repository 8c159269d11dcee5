"""Weights from the Hub: the real client, in processes of its own, against a Hub on this machine."""

import json
import subprocess
import sys
import time
from pathlib import Path

import huggingface_hub
import pytest

from colorizer.errors import WeightsError
from colorizer.model.network import build_network
from colorizer.pretrained import hub_download, manifest, weights_file
from colorizer.pretrained.locate import hub_address
from colorizer.training import hub_dataset
from tests.helpers.hub_server import CLIENT, TOKEN, HubServer
from tests.helpers.network import TINY
from tests.helpers.paths import ROOT

NAME = "someone/colorizer"
IMPORTS = (
    "from colorizer.pretrained import hub_download, manifest; "
    "from colorizer.pretrained.locate import find_weights, load_weights; "
    "from colorizer.training import hub_dataset; "
)
FETCH = (
    "path = find_weights({0!r}); manifest.verify_checksum(path); "
    "hub_download.record_commit({0!r}, path); print(path)"
)
LOAD = (  # a small network instead of the shipped one
    "from tests.helpers.network import TINY; from colorizer.model.network import build_network; "
    "network = build_network(TINY, precision='float32'); "
    "print(load_weights(network, {0!r})); load_weights(network, {1!r})"
)


def packed(network, folder: Path) -> dict[str, bytes]:
    """What a repository of this network's weights holds."""
    weights_file.save(network, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def versions(tmp_path_factory, tiny_network) -> list[dict[str, bytes]]:
    """Two versions of the weights, and those of another network."""
    folder = tmp_path_factory.mktemp("versions")
    newer, other = (build_network(table, "float32", seed=1) for table in (TINY, (*TINY[:-2], TINY[-1])))
    return [packed(network, folder / str(i)) for i, network in enumerate((tiny_network, newer, other))]


@pytest.fixture
def server(tmp_path, versions):
    """A Hub with one repository, its first version published."""
    with HubServer(tmp_path / "hub") as running:
        running.create("model", NAME)
        running.first = running.commit("model", NAME, versions[0], "first")
        running.cache = tmp_path / "cache"
        yield running


def client(server, code: str, cwd: Path = ROOT, **variables) -> str:
    """Runs a line in a fresh process; its output, or the last line of its error."""
    token = variables.pop("token", None)
    environment = server.environment(server.cache, token, PYTHONPATH=str(ROOT), **variables)
    line = IMPORTS + code
    done = subprocess.run(
        [sys.executable, "-c", line], cwd=cwd, env=environment, capture_output=True, text=True, timeout=100
    )
    return done.stdout.strip() + (done.stderr.strip().splitlines()[-1] if done.returncode else "")


def fetch(server, address: str = NAME, **options) -> str:
    """The path of the weights in the cache, or the error."""
    return client(server, FETCH.format(address), **options)


def commit_of(path: str) -> str:
    return Path(path).parent.name


def test_the_stand_in_for_the_hub_was_read_from_the_source_of_this_very_client():
    assert huggingface_hub.__version__.startswith(f"{CLIENT}."), "read its source again, then change CLIENT"


def test_a_name_is_fetched_then_only_asked_about_and_a_commit_is_not_even_asked_about(server, versions):
    path = fetch(server)
    assert Path(path).read_bytes() == versions[0][manifest.WEIGHTS_NAME]
    assert commit_of(path) == server.first
    server.asked.clear()
    assert fetch(server) == path
    assert server.asked == [f"HEAD /{NAME}/resolve/main/{manifest.MANIFEST_NAME}"]
    server.asked.clear()
    assert fetch(server, f"{NAME}@{server.first}") == path
    assert fetch(server, NAME, HF_HUB_OFFLINE="1") == path
    assert fetch(server, f"hf://{NAME}@{server.first}", HF_HUB_OFFLINE="1") == path
    assert server.asked == []


def test_a_name_follows_its_branch_and_a_commit_stays(server, versions):
    fetch(server)
    second = server.commit("model", NAME, versions[1], "second")
    assert commit_of(fetch(server)) == second
    assert commit_of(fetch(server, f"{NAME}@{server.first}")) == server.first
    assert "has no commit, tag or branch v9" in fetch(server, f"{NAME}@v9")


def test_a_local_folder_of_that_name_wins_and_a_variable_names_the_default(server, tmp_path, versions):
    folder = tmp_path / "here" / NAME
    folder.mkdir(parents=True)
    for name, data in versions[1].items():
        (folder / name).write_bytes(data)
    locate = "print(find_weights({}))"
    assert (
        client(server, locate.format(repr(NAME)), cwd=tmp_path / "here") == f"{NAME}/{manifest.WEIGHTS_NAME}"
    )
    assert server.asked == []
    path = client(server, locate.format(""), COLORIZER_WEIGHTS=f"{NAME}@{server.first}")
    assert commit_of(path) == server.first
    assert client(server, locate.format(""), COLORIZER_WEIGHTS=str(folder)) == str(
        folder / manifest.WEIGHTS_NAME
    )


def test_a_private_repository_opens_by_token_which_is_not_sent_on_to_where_the_files_lie(server, versions):
    server.create("model", "someone/secret", private=True)
    server.commit("model", "someone/secret", versions[0], "first")
    assert "if it is private, set HF_TOKEN" in fetch(server, "someone/secret")
    assert commit_of(fetch(server, "someone/secret", token=TOKEN))
    content = [request for request in server.asked if request.startswith("GET /cdn/")]
    assert content
    assert not any("with token" in request for request in content)
    assert "if it is private, set HF_TOKEN" in fetch(server, "someone/nothing")


def test_a_download_that_breaks_off_is_resumed(server, versions):
    server.fail("GET /cdn/", "drop")
    assert Path(fetch(server)).read_bytes() == versions[0][manifest.WEIGHTS_NAME]
    assert sum(request.startswith("GET /cdn/") for request in server.asked) == 2


def test_a_truncated_file_and_a_killed_download_leave_what_was_good(server, versions):
    path = fetch(server)
    second = server.commit("model", NAME, versions[1], "second")
    server.fail("GET /cdn/", "short")
    assert "should be of size" in fetch(server)
    server.fail("GET /cdn/", "stall")
    environment = server.environment(server.cache, PYTHONPATH=str(ROOT))
    code = IMPORTS + FETCH.format(NAME)
    victim = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
    content = server.asked.count(f"GET /cdn/{json.loads(versions[1][manifest.MANIFEST_NAME])['sha256']}")
    while (
        server.asked.count(f"GET /cdn/{json.loads(versions[1][manifest.MANIFEST_NAME])['sha256']}") == content
    ):
        time.sleep(0.05)
    victim.kill()
    victim.wait()
    assert fetch(server, HF_HUB_OFFLINE="1") == path
    assert commit_of(fetch(server)) == second


def test_a_changed_file_is_refused_not_kept_and_what_was_good_stays(server, versions):
    path = fetch(server)
    data = bytearray(versions[1][manifest.WEIGHTS_NAME])
    data[len(data) // 2] ^= 1
    server.commit("model", NAME, {**versions[1], manifest.WEIGHTS_NAME: bytes(data)}, "damaged")
    said = fetch(server)
    assert "is not kept" in said
    assert "its sha256 is" in said
    assert f"{NAME}@{server.first} is still in the cache." in said
    assert fetch(server, HF_HUB_OFFLINE="1") == path
    assert Path(path).read_bytes() == versions[0][manifest.WEIGHTS_NAME]
    assert len(list((server.cache / "hub").rglob(manifest.WEIGHTS_NAME))) == 1
    third = server.commit("model", NAME, versions[1], "repaired")
    assert commit_of(fetch(server)) == third


def test_a_wrong_etag_cannot_pass_old_weights_off_as_new_nor_harm_them(server, versions):
    path = fetch(server)
    server.commit("model", NAME, versions[1], "second")
    old = json.loads(versions[0][manifest.MANIFEST_NAME])["sha256"]
    server.fail(f"HEAD /{NAME}/resolve", "etag", times=9, etag=old)
    assert "is not" in fetch(server)
    assert Path(path).read_bytes() == versions[0][manifest.WEIGHTS_NAME]
    assert fetch(server, HF_HUB_OFFLINE="1") == path


def test_weights_of_another_network_are_refused_and_the_name_stays_at_what_was_good(server, versions):
    path = fetch(server)
    following = server.commit("model", NAME, versions[1], "second", ref="next")
    server.commit("model", NAME, versions[2], "another network")
    loaded, refused = client(server, LOAD.format(f"{NAME}@next", NAME)).split(
        "colorizer.errors.WeightsError: "
    )
    assert commit_of(loaded) == following
    assert "does not hold weights of this network" in refused
    assert fetch(server, HF_HUB_OFFLINE="1") == path
    assert commit_of(fetch(server, f"{NAME}@next", HF_HUB_OFFLINE="1")) == following


def test_a_busy_hub_is_waited_for_and_a_broken_one_done_without_if_the_cache_holds_the_weights(server):
    server.fail("HEAD", "busy", times=2)
    server.fail("GET /cdn/", "busy")
    path = fetch(server)
    assert commit_of(path) == server.first
    server.fail("HEAD", "broken", times=99)
    assert fetch(server) == path


def test_without_network_the_cache_is_taken_with_a_warning_and_an_empty_one_ends_in_one_sentence(server):
    path = fetch(server)
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    assert fetch(server, **nowhere) == path
    server.cache = server.cache / "empty"
    start = time.monotonic()
    said = fetch(server, **nowhere)
    assert time.monotonic() - start < 10
    assert said.startswith(f"colorizer.errors.WeightsError: The weights {NAME}@main cannot be fetched")
    assert said.endswith("try again with a connection, or give a local folder or file instead.")
    assert "HF_HUB_OFFLINE is set, and the cache holds no weights" in fetch(server, HF_HUB_OFFLINE="1")


def test_a_repository_without_weights_says_so(server):
    server.create("model", "someone/empty")
    assert "on the Hub holds no weights" in fetch(server, "someone/empty")


@pytest.mark.parametrize(
    "address",
    ["hf://", "hf://colorizer", "hf://a/b/c", "hf://a/b@", "a b/c", "a/b@../../etc", "a/b@/etc",
     "a/b@x//y", "a/b@" + "c" * 5000, "hf://a/" + "b" * 5000],
    ids=lambda address: address[:20],
)  # fmt: skip
def test_a_wrong_address_is_refused_before_anything_is_asked(address):
    with pytest.raises(WeightsError, match=r"named owner/name or owner/name@revision\. Received: "):
        hub_download.fetch(address)


@pytest.mark.parametrize("address", ["a/b--c", "a/-b", "a/b.git", "ä/b"])
def test_a_name_that_the_hub_does_not_allow_is_one_sentence(address):
    with pytest.raises(WeightsError, match="cannot be a repository on the Hub: "):
        hub_download.fetch(address)


def test_paths_are_not_taken_for_addresses():
    for path in (
        "weights.h5",
        "runs/colorizer.weights.h5",
        "./runs/mine",
        "../mine",
        "/runs/mine",
        "a/b/c",
        "a/b/",
    ):
        assert hub_address(path) is None
    assert hub_address(Path("someone/colorizer")) is None
    assert hub_address("someone/colorizer@main") == "someone/colorizer@main"


# --- photos to learn from ------------------------------------------------------------------------------


def test_photos_of_a_dataset_are_fetched_and_an_interrupted_download_goes_on_where_it_stopped(
    server, photo_bytes
):
    photos = {f"train/{i:02}.png": photo_bytes(i) for i in range(12)}
    server.create("dataset", "someone/photos")
    server.commit("dataset", "someone/photos", photos, "photos")
    code = "print(hub_dataset.local_photos('hf://datasets/someone/photos'))"
    server.fail("GET /cdn/", "short", times=1)
    assert "cannot be fetched: Consistency check failed" in client(server, code)
    fetched = sum(request.startswith("GET /cdn/") for request in server.asked)
    folder = Path(client(server, code))
    assert {path.name: path.read_bytes() for path in folder.glob("train/*")} == {
        name.removeprefix("train/"): content for name, content in photos.items()
    }
    again = sum(request.startswith("GET /cdn/") for request in server.asked) - fetched
    assert again < len(photos)
    assert client(server, code, HF_HUB_OFFLINE="1") == str(folder)
    assert "The photos hf://datasets/someone/none cannot be fetched" in client(
        server, code.replace("photos'", "none'")
    )


def test_other_photos_are_left_where_they_are_and_a_wrong_name_is_refused():
    assert hub_dataset.local_photos("photos.zip") == "photos.zip"
    with pytest.raises(
        FileNotFoundError, match=r"named hf://datasets/owner/name\. Received: hf://datasets/x"
    ):
        hub_dataset.local_photos("hf://datasets/x")
