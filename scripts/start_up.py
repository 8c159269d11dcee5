"""Measures how long the page needs from its start to its first photo, and what the time is spent on.

    python scripts/start_up.py [PHOTO]     # from the repository's root; about half a minute

Starts `app.py` in a process of its own, sends it one photo as soon as it listens, then runs the same steps
one by one in another process, each with its seconds. The very first start on a machine loads TensorFlow, to
measure what computes the network faster (see `model/runtime.py`).
"""

import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "examples" / "london-boy-1945.jpg"
PORT = 7895
STEPS = """
import time
started = time.perf_counter()
def lap(what):
    global started
    print(f"{time.perf_counter() - started:6.2f} s  {what}")
    started = time.perf_counter()
import gradio; lap("import gradio")
import app; from colorizer.page import app; lap("the rest of the imports")
colorizer = app.Colorizer.from_pretrained(); lap("the choice of the runtime, and the weights")
import sys; print("         with" if "tensorflow" in sys.modules else "         without", "TensorFlow")
colorizer.predict("PHOTO"); lap("first photo")
colorizer.predict("PHOTO"); lap("second photo")
page = app.build_page(colorizer); lap("building the page")
"""


def first_answer(photo: Path) -> tuple[float, float]:
    """Seconds from the start of `app.py` until it listens, and until it has returned a photo in colour."""
    from gradio_client import Client, handle_file

    started = time.perf_counter()
    page = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(PORT)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                urlopen(f"http://127.0.0.1:{PORT}/config").close()
                break
            except URLError as error:
                if page.poll() is not None:
                    raise RuntimeError(f"app.py stopped by itself with status {page.returncode}") from error
                time.sleep(0.05)
        listening = time.perf_counter() - started
        Client(f"http://127.0.0.1:{PORT}", verbose=False).predict(handle_file(photo), api_name="/colorize")
        return listening, time.perf_counter() - started
    finally:
        page.terminate()
        page.wait()


def main(arguments: list[str]) -> None:
    """Prints both."""
    photo = Path(arguments[0] if arguments else PHOTO)
    listening, answered = first_answer(photo)
    print(
        f"{listening:6.2f} s  until the page listens\n{answered:6.2f} s  until its first answer\n\nof which"
    )
    subprocess.run([sys.executable, "-c", STEPS.replace("PHOTO", str(photo))], cwd=ROOT, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
