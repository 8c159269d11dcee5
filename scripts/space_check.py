"""Builds what a Hugging Face Space builds from this repository, and colours one photo there.

    make space-check            # or: sudo python3 scripts/space_check.py

The page runs under the conditions of a Space: a fresh environment from requirements.txt alone, wheels only,
    so
without a compiler; the files that `colorizer deploy` would send, read-only; user 1000, who can write only to
a home and a temporary folder; two cores; 16 GB of memory, enforced; no network except the loopback interface.
It starts as on a Space (GRADIO_SERVER_NAME=0.0.0.0, port 7860), and one photo goes through `gradio_client`.
Linux, and root, since only root can become another user and leave the network.
"""

import argparse
import fcntl
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
USER, CORES, MEMORY, PORT = 1000, 2, 16 << 30, 7860
MINORS = ("", ".14", ".13", ".12", ".11")
CLIENT = """
import sys
from gradio_client import Client, handle_file
from PIL import Image
page = Client("http://127.0.0.1:7860", verbose=False)
result = page.predict(handle_file(sys.argv[1]), api_name="/colorize")
before, after = Image.open(sys.argv[1]), Image.open(result)
assert after.size == before.size and after.mode == "RGB", (after.size, after.mode)
print(f"coloured: {after.width}x{after.height} pixels")
"""


def find_python() -> str:
    """A Python 3.11 or later that user 1000 can execute, unlike one in root's home."""
    system = [shutil.which(f"python3{minor}", path="/usr/local/bin:/usr/bin") for minor in MINORS]
    for name in (sys.executable, *system):
        code = "import sys, venv; sys.exit(sys.version_info < (3, 11))"
        try:
            if name and as_user([os.path.realpath(name), "-c", code], capture_output=True).returncode == 0:
                return os.path.realpath(name)
        except PermissionError:
            continue
    sys.exit("space-check: there is no Python 3.11 or later that user 1000 may execute")


def as_user(command: list[str], **options: Any) -> subprocess.CompletedProcess:
    """Runs a command as user 1000."""
    return subprocess.run(command, user=USER, group=USER, extra_groups=[], **options)


def build(folder: Path) -> dict[str, str]:
    """The environment and the files of a Space; returns the variables of its processes."""
    start = time.monotonic()
    folder.chmod(0o755)
    subprocess.run([find_python(), "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    # This Python's pip installs into it: Debian's own Python has no pip.
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--only-binary=:all:"]
    subprocess.run([*pip, "-r", ROOT / "requirements.txt"], check=True)
    print(f"installed in {time.monotonic() - start:.0f} s", flush=True)

    # In the fresh environment: the selection of the files must need no other packages.
    code = (
        "import sys; from pathlib import Path; from colorizer.publishing import space\n"
        "for name, content in space.collect_space_files('owner/space'):\n"
        "    path = Path(sys.argv[1], name); path.parent.mkdir(parents=True, exist_ok=True)\n"
        "    path.write_bytes(content if isinstance(content, bytes) else content.read_bytes())"
    )
    subprocess.run([python, "-c", code, folder / "app"], cwd=ROOT, check=True)
    for name in ("home", "tmp"):
        (folder / name).mkdir()
        os.chown(folder / name, USER, USER)
    return {
        "PATH": f"{python.parent}:/usr/bin:/bin", "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"),
        "GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SERVER_PORT": str(PORT), "SPACE_ID": "owner/space",
        "LANG": "C.UTF-8",
    }  # fmt: skip


def raise_loopback() -> None:
    """Enables the loopback interface, the only one in a fresh network namespace."""
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", 0x41)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, request)  # SIOCSIFFLAGS, see netdevice(7)


def limit() -> None:
    """Two cores and 16 GB for this process and those it starts."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def check_restrictions(app: Path, python: Path) -> None:
    """Checks that the restrictions hold; otherwise a pass would mean nothing."""
    write = as_user(["touch", str(app / "written")], capture_output=True)
    assert write.returncode != 0, "the checkout is writable"
    code = "import socket; socket.create_connection(('1.1.1.1', 53), timeout=3)"
    connect = as_user([python, "-c", code], capture_output=True)
    assert connect.returncode != 0, "there is a network"


def run(folder: Path, variables: dict[str, str]) -> None:
    """Starts the page under the restrictions, colours one photo, and stops it."""
    raise_loopback()
    limit()
    python, app = folder / "venv" / "bin" / "python", folder / "app"
    check_restrictions(app, python)
    log = folder / "log"
    start = time.monotonic()
    with open(log, "w") as out:
        page = subprocess.Popen(
            [python, "app.py"], cwd=app, env=variables, stdout=out, stderr=out,
            user=USER, group=USER, extra_groups=[],
        )  # fmt: skip
    try:
        while True:
            if page.poll() is not None or time.monotonic() - start > 120:
                sys.exit(f"space-check: the page did not start\n{log.read_text()}")
            try:
                socket.create_connection(("127.0.0.1", PORT), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        print(f"started in {time.monotonic() - start:.0f} s", flush=True)
        photo = sorted((app / "examples").glob("*.jpg"))[0]
        client = as_user([python, "-c", CLIENT, str(photo)], cwd=folder / "tmp", env=variables, timeout=120)
        if client.returncode:
            sys.exit(f"space-check: no colours\n{log.read_text()}")
    finally:
        page.terminate()
        page.wait()


def main() -> int:
    """The command; 0 if the Space works."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if os.getuid() != 0 or not sys.platform.startswith("linux"):
        print("space-check: needs Linux and root, to become user 1000 without a network", file=sys.stderr)
        return 2
    if options.inside:
        run(options.inside, dict(line.split("=", 1) for line in sys.stdin.read().splitlines()))
        return 0
    with tempfile.TemporaryDirectory(prefix="space-check-") as name:
        variables = build(Path(name))
        return subprocess.run(
            ["unshare", "--net", sys.executable, __file__, "--inside", name],
            input="\n".join(f"{key}={value}" for key, value in variables.items()), text=True,
        ).returncode  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
