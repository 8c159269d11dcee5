"""The page for everybody, everywhere: screen readers, keyboards, phones, and no request to anyone else."""

from threading import Event

import pytest

from tests.helpers.films import pan, write_film
from tests.helpers.page import drop, open_page, serving, wait_until_colored
from tests.helpers.paths import ROOT

pytestmark = pytest.mark.browser
SCREENSHOTS = ROOT / "screenshots"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def photograph(page, name: str) -> None:
    """Keeps a picture of the whole page in an ignored folder, to be looked at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_tab(browser, url, grey_photo, scheme, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    film = write_film(tmp_path / "wedding.mp4", pan(4))
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme=scheme)
    open_page(page, url)
    findings = []

    def look(place: str) -> None:
        for found in Axe().run(page).response["violations"]:
            if found["impact"] in ("serious", "critical"):
                findings.append((place, found["id"], found["nodes"][0]["html"]))
        photograph(page, f"{place}-{scheme}")

    look("one-empty")
    drop(page, grey_photo)
    page.wait_for_timeout(500)  # toasts and fades must not be caught half-way
    look("one")
    page.get_by_role("tab", name="Many photos").click()
    page.locator("#start").wait_for()
    look("many-empty")
    page.locator("#files input[type=file]").set_input_files([grey_photo])
    page.locator("#files a").wait_for()
    page.locator("#start").click()
    page.get_by_text("1 of 1 photos coloured.").wait_for()
    page.locator("#gallery button").first.click()
    page.locator("#batch-before-after .frame").wait_for()
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    look("many")
    page.get_by_role("tab", name="Film").click()
    page.locator("#film-start").wait_for()
    page.wait_for_timeout(300)
    look("film-empty")
    page.locator("#film-file input[type=file]").set_input_files(film)
    page.locator("#film-file a").wait_for()
    page.locator("#film-start").click()
    page.get_by_text("The film is in colour.").wait_for(timeout=60_000)
    page.wait_for_timeout(500)
    look("film")
    page.get_by_role("tab", name="About").click()
    page.get_by_text("What this is").wait_for()
    page.wait_for_timeout(500)
    look("about")
    page.close()
    assert findings == []


def test_every_control_of_the_first_tab_is_reached_by_the_keyboard(visit, grey_photo):
    drop(visit, grey_photo)
    wanted = {
        "photo",
        "examples",
        "before-after",
        "strength",
        "tone",
        "detail",
        "download",
        "comparison",
        "reset",
    }
    reached = set()
    visit.locator("body").press("Tab")
    for _ in range(60):
        place = "ids => document.activeElement.closest(ids.map(id => '#' + id).join())?.id"
        reached.add(visit.evaluate(place, list(wanted)))
        visit.keyboard.press("Tab")
    assert wanted <= reached


def test_every_picture_has_words_for_those_who_do_not_see_it(visit, grey_photo):
    drop(visit, grey_photo)
    assert visit.locator("img:visible").count() > 4
    assert visit.locator("img:not([alt]), img[alt='']").locator("visible=true").count() == 0


@pytest.mark.parametrize(
    ("width", "height", "options"),
    [
        (360, 740, {"has_touch": True, "is_mobile": True, "color_scheme": "dark"}),
        (640, 400, {"device_scale_factor": 2}),  # a laptop of 1280x800 at 200 % zoom
    ],
    ids=["phone", "zoomed"],
)
def test_nothing_is_cut_off_on_small_screens(browser, url, grey_photo, width, height, options):
    page = browser.new_page(viewport={"width": width, "height": height}, **options)
    open_page(page, url)
    drop(page, grey_photo)
    assert page.evaluate(SIDEWAYS) == 0
    photograph(page, f"{width}-one")
    frame = page.locator("#before-after .frame")
    if options.get("has_touch"):
        frame.scroll_into_view_if_needed()
        box = frame.bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
        cut = frame.evaluate("frame => parseFloat(getComputedStyle(frame).getPropertyValue('--cut'))")
        assert cut == pytest.approx(75, abs=2)
    for tab in ("Many photos", "Film", "About"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(300)
        assert page.evaluate(SIDEWAYS) == 0
        photograph(page, f"{width}-{tab.split()[0].lower()}")
    page.close()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_captions_and_short_file_names_are_not_cut_off(browser, url, grey_photo, width):
    page = browser.new_page(viewport={"width": width, "height": 740})
    open_page(page, url)
    cut = "words => words.filter(word => word.scrollWidth > word.clientWidth).map(word => word.innerText)"
    assert page.locator("#examples .caption-label").evaluate_all(cut) == []
    page.locator("#examples .caption-label", has_text="Eileen Collins NASA").wait_for()
    page.get_by_role("tab", name="Many photos").click()
    page.locator("#files input[type=file]").set_input_files([grey_photo])
    page.locator("#files a").wait_for()
    assert page.locator("#files .stem").evaluate_all(cut) == []
    page.close()


def test_nothing_moves_about_when_colors_arrive(visit, grey_photo):
    visit.wait_for_timeout(500)
    visit.evaluate(
        """() => { window.shifts = 0; new PerformanceObserver(list => {
            for (const entry of list.getEntries()) window.shifts += entry.value;
        }).observe({ type: "layout-shift" }); }"""
    )
    drop(visit, grey_photo)
    visit.wait_for_timeout(500)
    assert visit.evaluate("window.shifts") < 0.1  # what web.dev's Core Web Vitals call good


def test_the_page_works_where_every_other_server_is_out_of_reach(browser, url):
    page = browser.new_page()
    asked, failed = [], []

    def only_home(route):
        asked.append(route.request.url)
        if route.request.url.startswith(url):
            route.continue_()
        else:
            failed.append(route.request.url)
            route.abort()

    page.route("**/*", only_home)
    open_page(page, url)
    page.locator("#examples button").first.click()
    wait_until_colored(page)
    assert len(asked) > 3
    assert failed == []
    page.close()


def test_the_page_says_when_the_network_is_still_warming_up(browser, tiny_colorizer):
    ready = Event()

    class Slow:
        def predict(self, *arguments):
            assert ready.wait(30)
            return tiny_colorizer.predict(*arguments)

    with serving(Slow()) as address:
        page = browser.new_page()
        page.goto(address)
        page.get_by_text("The network is warming up").wait_for()
        ready.set()
        page.get_by_text("The network is ready.").wait_for()
        page.close()


def test_gradios_settings_offer_nothing_that_the_page_refuses(visit):
    visit.get_by_role("button", name="Settings").click()
    visit.get_by_role("heading", name="Display Theme").wait_for()
    for refused in ("Screen Studio", "Progressive Web App"):
        assert not visit.get_by_role("heading", name=refused).is_visible()


def test_the_description_of_the_api_asks_for_nothing_that_is_refused(browser, url):
    page, refused = browser.new_page(), []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    open_page(page, url)
    page.get_by_role("button", name="Use via API").click()
    page.get_by_text("/colorize").first.wait_for()
    page.wait_for_timeout(500)
    page.close()
    assert refused == [f"{url}/gradio_api/mcp/schema"]  # whether there is one; without --mcp there is not
