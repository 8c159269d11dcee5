"""More photos at once than the page can colour: the queue refuses some, and the others are served."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import httpx

from colorizer.limits import SIZE, Limits
from colorizer.page import app, examples
from colorizer.page.gradio_patches import QUEUE_FULL
from colorizer.page.settings import SETTINGS
from tests.helpers.page import Counting, ask, serving


class Closed(Counting):
    """A colorizer that answers only when it is told to."""

    def __init__(self, model):
        super().__init__(model)
        self.open = Event()

    def predict(self, *arguments):
        self.open.wait(60)
        return super().predict(*arguments)


def test_who_finds_the_queue_full_is_told_to_come_back_and_the_others_are_served(
    tiny_colorizer, monkeypatch, grey_photo
):
    monkeypatch.setattr(app, "LIMITS", Limits(queue=3))
    closed = Closed(tiny_colorizer)
    with serving(closed) as address, httpx.Client(base_url=address, timeout=60) as client:
        with open(grey_photo, "rb") as file:
            (path,) = client.post("/gradio_api/upload", files={"files": file}).json()
        photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
        answers = [
            client.post("/gradio_api/call/colorize", json={"data": [photo, 1.0, 64]}) for _ in range(12)
        ]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert {answer.status_code for answer in refused} == {503}
        assert all(answer.json()["detail"] == QUEUE_FULL for answer in refused)
        events = [answer.json()["event_id"] for answer in answers if answer.status_code == 200]
        assert 3 <= len(events) <= 4 + SETTINGS.ready  # three wait; the others had begun to
        closed.open.set()
        with ThreadPoolExecutor(len(events)) as pool:
            links = [f"/gradio_api/call/colorize/{event}" for event in events]
            ends = list(pool.map(lambda link: client.get(link).text, links))
        assert all("event: complete" in end for end in ends)


class Busy:
    """A colorizer that notes how many photos it has in hand at most."""

    def __init__(self, model):
        self.colorizer, self.lock, self.now, self.most = model, Lock(), 0, 0

    def predict(self, *arguments):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)
        try:
            return self.colorizer.predict(*arguments)
        finally:
            with self.lock:
                self.now -= 1


def test_whatever_is_asked_at_once_the_network_has_one_photo_in_hand(tiny_colorizer, monkeypatch, grey_photo):
    monkeypatch.setattr(examples.Examples, "_make", lambda self, colorizer: self.warm.set())
    busy = Busy(tiny_colorizer)
    with serving(busy) as address, httpx.Client(base_url=address, timeout=60) as client:
        with open(grey_photo, "rb") as file:
            (path,) = client.post("/gradio_api/upload", files={"files": file}).json()
        photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
        functions = client.get("/config").json()["dependencies"]
        private = [f["id"] for f in functions if f["api_name"] == "color_photo"]
        assert len(private) == 1

        def direct(number: int) -> int:
            route = ["run/colorize", "api/colorize", "run/color_photo", "run/predict"][number % 4]
            body = {"data": [photo, 1.0, 64], "fn_index": private[0]}
            return client.post(f"/gradio_api/{route}", json=body).status_code

        def queued(number: int) -> bool:
            if number % 2:
                return "event: complete" in ask(client, {"path": path})
            session = f"stranger{number}"
            body = {"data": [photo, SIZE, 1.0, 0, None], "fn_index": private[0], "session_hash": session}
            client.post("/gradio_api/queue/join", json=body).raise_for_status()
            answer = client.get("/gradio_api/queue/data", params={"session_hash": session}).text
            return '"success":true' in answer

        with ThreadPoolExecutor(12) as pool:
            refused, done = pool.map(direct, range(12)), pool.map(queued, range(12))
            assert set(refused) == {404}
            assert all(done)
    assert busy.most == 1
