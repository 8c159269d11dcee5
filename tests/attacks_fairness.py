"""Attacks of one visitor on the others: their sessions, their place in the queue, and their time."""

import io
import time
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from colorizer import limits
from tests.attack import Target, attack, require
from tests.helpers.visitor import Visitor
from tests.load import photo


def large_photo(side: int) -> bytes:
    """A grey PNG that takes a while."""
    data = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).save(data, "PNG", compress_level=1)
    return data.getvalue()


def largest_photo() -> bytes:
    """A PNG of 119 megapixels with transparency: it takes more memory than any other type."""
    data = io.BytesIO()
    ramp = Image.linear_gradient("L").resize((12_000, 9_900))
    Image.merge("RGBA", (ramp, ramp, ramp, ramp)).save(data, "PNG", compress_level=1)
    return data.getvalue()


@attack()
def empty_sessions(page: Target) -> str:
    with page.honest() as visitor, page.hostile() as other, ThreadPoolExecutor(8) as pool:
        done = visitor.call("color_photo", visitor.upload("honest.jpg", photo(1)), limits.SIZE, 1, 0, None)
        require(done.get("success") is True, f"{done}")
        number = other.function("change_colors")

        def empty(session: int) -> int:
            body = {"data": [None, 1, 0], "fn_index": number, "session_hash": f"empty{session}"}
            return other.http.post("/gradio_api/queue/join", json=body).status_code

        opened = list(pool.map(empty, range(220))).count(200)
        time.sleep(1)
        kept = visitor.call("write_result", None, 1, 0)
        require(kept.get("success") is True, f"the photo is gone: {kept}")
        require(len(visitor.download(visitor.files(kept)[0])) > 1000, "it cannot be fetched")
    return f"{opened} empty sessions; the other's photo is there"


@attack(slow=True)
def sessions_full_of_photos(page: Target) -> str:
    data = large_photo(6000)
    with page.honest() as visitor, page.hostile() as other:
        done = visitor.call("color_photo", visitor.upload("honest.jpg", photo(1)), limits.SIZE, 1, 0, None)
        require(done.get("success") is True, f"{done}")
        large = other.upload("large.png", data)
        number = other.function("color_photo")
        for session in range(120):
            body = {
                "data": [large, limits.SIZE, 1, 0, None],
                "fn_index": number,
                "session_hash": f"full{session}",
            }
            other.http.post("/gradio_api/queue/join", json=body)
            other.http.get("/gradio_api/queue/data", params={"session_hash": f"full{session}"})
        kept = visitor.call("write_result", None, 1, 0)
        require(kept.get("success") is True, f"the photo is gone: {kept}")
    return f"120 sessions with a photo of 36 megapixels: the page holds {page.memory() / 1e6:.0f} MB"


@attack(slow=True)
def sessions_full_of_tags(page: Target) -> str:
    """Small pictures in files of 40 MB: all the rest is one EXIF tag, which the session could keep."""
    data, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "x" * 40_000_000
    Image.linear_gradient("L").save(data, "PNG", exif=exif)
    before = page.memory()
    with page.hostile() as other:
        large = other.upload("large.png", data.getvalue())
        number = other.function("color_photo")
        for session in range(60):
            body = {
                "data": [large, limits.SIZE, 1, 0, None],
                "fn_index": number,
                "session_hash": f"tags{session}",
            }
            other.http.post("/gradio_api/queue/join", json=body)
            other.http.get("/gradio_api/queue/data", params={"session_hash": f"tags{session}"})
    grown = page.memory() - before
    require(grown < 500e6, f"memory grew by {grown / 1e6:.0f} MB")
    return f"60 sessions with a file of 40 MB: memory grew by {grown / 1e6:.0f} MB"


@attack()
def a_full_queue(page: Target) -> str:
    with page.hostile() as other, page.honest() as visitor:
        large = other.upload("large.png", large_photo(2500))
        body = {"data": [large, 1.0, limits.SIZE]}
        answers = [other.http.post("/gradio_api/call/colorize", json=body) for _ in range(70)]
        statuses = [answer.status_code for answer in answers]
        start = time.monotonic()
        visitor.color("honest.jpg", photo(1))
        waited = time.monotonic() - start
        for event in [answer.json()["event_id"] for answer in answers if answer.status_code == 200]:
            other.http.post(
                "/gradio_api/cancel", json={"session_hash": event, "event_id": event, "fn_index": 0}
            )
    require(503 in statuses, f"the queue has no end: {set(statuses)}")
    require(waited < 10, f"the other visitor waited {waited:.1f} s")
    return f"{statuses.count(200)} of 70 wait, the others are refused; another visitor waits {waited:.1f} s"


@attack(slow=True)
def many_batches(page: Target) -> str:
    with page.hostile() as other, page.honest() as visitor:
        large = [other.upload(f"{number}.png", large_photo(3000)) for number in range(3)]
        number = other.function("color_photos")
        for session in range(10):
            body = {"data": [large * 15, 1, None], "fn_index": number, "session_hash": f"batch{session}"}
            other.http.post("/gradio_api/queue/join", json=body)
        time.sleep(2)
        start = time.monotonic()
        done = visitor.call("color_photos", [visitor.upload("honest.jpg", photo(1))], 1, None)
        waited = time.monotonic() - start
        require(done.get("success") is True, f"{done}")
        for session in range(10):
            other.http.post(
                "/gradio_api/cancel",
                json={"session_hash": f"batch{session}", "fn_index": number, "event_id": "x"},
            )
    require(waited < 15, f"another visitor's batch waited {waited:.1f} s")
    return f"450 large photos in ten batches: another visitor's batch takes {waited:.1f} s"


@attack(slow=True)
def every_way_at_once(page: Target) -> str:
    """The largest photos that are accepted, through every function, from three addresses."""
    data = largest_photo()

    def photos(number: int) -> list[dict]:
        with Visitor(page.address, f"127.0.4.{number}", timeout=600) as other:
            large = other.upload("large.png", data)
            return [
                other.call("color_photo", large, limits.SIZE, 1, 0, None),
                other.call("change_negative", None, limits.SIZE, 1, 0, True),
                other.call("write_result", None, 1, 0),
            ]

    def batch(number: int) -> list[dict]:
        with Visitor(page.address, f"127.0.4.{number}", timeout=600) as other:
            return [other.call("color_photos", [other.upload("large.png", data)] * 2, 1, None)]

    def endpoint(number: int) -> list[dict]:
        with Visitor(page.address, f"127.0.4.{number}", timeout=600) as other:
            return [{"success": "event: complete" in other.colorize(other.upload("large.png", data))}]

    def reference(number: int) -> list[dict]:
        with Visitor(page.address, f"127.0.4.{number}", timeout=600) as other:
            other.call("color_photo", other.upload("small.jpg", photo(1)), limits.SIZE, 1, 0, None)
            return [other.call("take_reference", None, other.upload("large.png", data))]

    ways = (photos, batch, endpoint, reference)
    with ThreadPoolExecutor(12) as pool:
        begun = [pool.submit(way, number) for number in range(1, 4) for way in ways]
        ends = [end.get("success") for future in begun for end in future.result()]
    require(True in ends, f"nobody's photo was coloured: {ends}")
    return f"{ends.count(True)} of {len(ends)} were done; the page holds {page.memory() / 1e6:.0f} MB"
