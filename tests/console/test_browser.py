"""The console in a real browser: nothing asked of others, nothing refused, nothing that jumps."""

import json
import time
import urllib.request
from datetime import datetime, timedelta

import pytest
from console_addresses import PAGES, address
from console_browser import Browser, Site
from console_customers import NAME

from keepwell.core.ports import Point

WIDE, NARROW = 1280, 390


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_well_at_both_widths_and_asks_only_us(
    browser: Browser, site: Site, page: str
) -> None:
    browser.requests()
    browser.complaints()
    for width, dark in ((WIDE, False), (NARROW, True)):
        browser.open(site.url + address(page, site.told), width=width, dark=dark)
        browser.until("document.readyState === 'complete'")
        assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.complaints() == []
    assert [url for url in browser.requests() if not url.startswith((site.url, "data:"))] == []


def test_the_first_paint_takes_less_than_a_second(browser: Browser, site: Site) -> None:
    for path in ("/", f"/endpoints/{NAME}"):
        paints = []
        for _ in range(3):
            browser.open(site.url + path)
            paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
            paints.append(browser.until(paint))
        assert min(paints) < 1000


def test_both_themes_follow_the_visitor(browser: Browser, site: Site) -> None:
    colours = []
    for dark in (False, True):
        browser.open(site.url + "/", dark=dark)
        colours.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(246, 246, 243)", "rgb(18, 20, 22)"]


def test_home_follows_the_world_without_a_reload(browser: Browser, site: Site) -> None:
    browser.open(site.url + "/")
    browser.run("window.stayed = true")
    workspace = site.told.workspace
    now = time.time() + 1
    workspace.measurements.append(f"endpoint:{NAME}", [Point("metric:accuracy", now, 0.777)])
    browser.until("document.body.textContent.includes('0.777')")
    assert browser.run("return window.stayed") is True


def test_plots_are_drawn_in_the_colours_of_the_page(browser: Browser, site: Site) -> None:
    strokes = []
    for dark in (False, True):
        browser.open(f"{site.url}/endpoints/{NAME}", dark=dark)
        browser.until("document.querySelectorAll('.js-plotly-plot').length === 3")
        line = "getComputedStyle(document.querySelector('.js-plotly-plot .js-line')).stroke"
        strokes.append(browser.until(line))
    assert strokes == ["rgb(11, 110, 102)", "rgb(92, 200, 184)"]
    assert browser.complaints() == []


def test_the_form_asks_the_endpoint_and_shows_the_answer(browser: Browser, site: Site) -> None:
    browser.open(f"{site.url}/endpoints/{NAME}")
    assert browser.run("return document.querySelector('[name=tenure]').value") == "12"
    assert browser.run("return document.querySelector('[name=Contract]').options.length") == 3
    browser.run("document.querySelector('#try button').click()")
    browser.until("document.querySelector('#answer .value')?.textContent === 'Yes'")
    shown = browser.run("return document.getElementById('answer').textContent")
    assert "72.0%" in shown
    assert "version 2" in shown
    link = browser.run("return document.querySelector('#answer a').getAttribute('href')")
    assert link == "/predictions/01KFN3C8Q4T5D8Z7W9R2M1XYZA"


def test_a_refusal_is_shown_with_its_three_beats(browser: Browser, site: Site) -> None:
    browser.open(f"{site.url}/endpoints/{NAME}")
    fill(browser, "-1")
    browser.run("document.querySelector('#try button').click()")
    browser.until("document.querySelector('#answer.refused')")
    shown = browser.run("return document.getElementById('answer').textContent")
    assert shown == "column 'tenure' is -1it counts monthssend more"
    browser.complaints()  # the browser's own line about the 422


def test_the_curl_line_follows_the_form(browser: Browser, site: Site) -> None:
    browser.open(f"{site.url}/endpoints/{NAME}")
    fill(browser, "33")
    line = browser.run("return document.getElementById('snippet').textContent")
    assert f"curl '{site.url}/endpoints/{NAME}/predict'" in line
    assert '"tenure":33' in line


def test_what_a_visitor_typed_survives_an_update(browser: Browser, site: Site) -> None:
    browser.open(f"{site.url}/endpoints/{NAME}")
    fill(browser, "44")
    top = "document.getElementById('drift').getBoundingClientRect().top"
    browser.until("document.querySelectorAll('.js-plotly-plot').length === 3")
    before = browser.run(f"return {top}")
    update(browser)
    assert browser.run("return document.querySelector('[name=tenure]').value") == "44"
    assert browser.run("return document.querySelectorAll('.js-plotly-plot .js-line').length") > 0
    assert browser.run(f"return {top}") == before


def test_what_a_visitor_opened_stays_open(browser: Browser, site: Site) -> None:
    browser.open(site.url + address("healed incident", site.told))
    browser.run("document.querySelector('details summary').click()")
    update(browser)
    assert browser.run("return document.querySelector('details').open") is True


def test_a_server_that_went_away_is_told_and_comes_back(browser: Browser, site: Site) -> None:
    browser.open(site.url + "/runs")
    browser.run("window.XMLHttpRequest.prototype.open2 = XMLHttpRequest.prototype.open")
    browser.run(
        "XMLHttpRequest.prototype.open = function (method) { this.open2(method, 'http://127.0.0.1:1/') }"
    )
    browser.run("htmx.trigger('#main', 'look')")
    browser.until("!document.getElementById('offline').hidden")
    browser.run("XMLHttpRequest.prototype.open = XMLHttpRequest.prototype.open2")
    browser.run("htmx.trigger('#main', 'look')")
    browser.until("document.getElementById('offline').hidden")
    browser.complaints()


def test_runs_can_be_ticked_and_compared(browser: Browser, site: Site) -> None:
    browser.open(site.url + "/runs")
    browser.run(
        "document.querySelectorAll('.box').forEach((box, at) => { if (at < 2) box.click() })"
    )
    update(browser)
    assert browser.run("return document.querySelectorAll('.box:checked').length") == 2
    browser.run("document.querySelector('form button').click()")
    browser.until("location.pathname === '/runs/compare'")
    browser.until("document.querySelector('h1').textContent === 'Runs side by side'")


def test_the_keyboard_reaches_content_first(browser: Browser, site: Site) -> None:
    browser.open(site.url + "/")
    first = browser.run(
        "return document.querySelector('a, button, input, select, summary').textContent"
    )
    assert first == "Skip to content"
    unnamed = browser.run(
        "return [...document.querySelectorAll('a, button, input, select, textarea')].filter((element) =>"
        " !(element.textContent.trim() || element.getAttribute('aria-label') || element.labels?.length))"
        ".map((element) => element.outerHTML)"
    )
    assert unnamed == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", ["home", "endpoint", "run", "healed incident", "dataset"])
def test_text_has_enough_contrast(browser: Browser, site: Site, page: str, dark: bool) -> None:
    browser.open(site.url + address(page, site.told), dark=dark)
    assert browser.run(CONTRAST) == []


def fill(browser: Browser, tenure: str) -> None:
    browser.run(
        "const input = document.querySelector('[name=tenure]'); input.value = arguments[0];"
        "input.dispatchEvent(new Event('input', { bubbles: true }))",
        tenure,
    )


def update(browser: Browser) -> None:
    """Have the page update itself now, and wait until it has."""
    browser.run(
        "window.settled = false;"
        "document.addEventListener('htmx:afterRequest', () => { window.settled = true }, { once: true });"
        "htmx.trigger('#main', 'look')"
    )
    browser.until("window.settled")


CONTRAST = """
const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const light = ([red, green, blue]) => {
  const [r, g, b] = [red, green, blue].map((part) => part / 255).map((part) =>
    part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const seen = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || element.closest('svg, .plot, option, .visually-hidden, [hidden], .skip')) continue;
  if (!element.getClientRects().length) continue;
  const own_light = light(parse(getComputedStyle(element).color));
  const [a, b] = [own_light, light(ground(element))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) seen.push(`${element.className || element.tagName}: ${ratio.toFixed(2)}`);
}
return [...new Set(seen)];
"""


def test_buttons_act_and_say_what_was_answered(browser: Browser, site: Site) -> None:
    browser.open(site.url + "/alerts")
    browser.run("document.querySelector('#test-log button').click()")
    browser.until("document.querySelector('#test-log .said')?.textContent === 'It was taken.'")
    browser.open(site.url + address("healed incident", site.told))
    browser.run(
        "document.querySelector('#note input').value = 'the supplier <b>moved</b>';"
        "document.querySelector('#note button').click()"
    )
    browser.until(
        "document.querySelector('.note-text')?.textContent === 'the supplier <b>moved</b>'"
    )
    browser.run(
        "document.querySelector('#assign input').value = 'ana';"
        "document.querySelector('#assign button').click()"
    )
    browser.until("document.querySelector('.stats').textContent.includes('ana')")
    assert browser.run("return document.getElementById('close')") is None, "it is closed"
    assert browser.complaints() == []


def test_plots_and_words_tell_the_same_time_of_the_day(browser: Browser, site: Site) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    try:
        browser.open(f"{site.url}/endpoints/{NAME}")
        browser.until("document.querySelectorAll('.js-plotly-plot').length === 3")
        plot = "document.querySelector('.js-plotly-plot')"
        newest = str(browser.until(f"{plot}.data?.[0].x.at(-1)"))
        with urllib.request.urlopen(f"{site.url}/endpoints/{NAME}/quality.json") as answer:
            utc = json.load(answer)["data"][0]["x"][-1]
        assert datetime.fromisoformat(newest) - datetime.fromisoformat(utc).replace(
            tzinfo=None
        ) == timedelta(hours=9)
        browser.open(site.url + "/")
        clock = browser.until("document.querySelector('time[data-clock]')?.textContent")
        assert "AM" not in clock
        assert "PM" not in clock
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
