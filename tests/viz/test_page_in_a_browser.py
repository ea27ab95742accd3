"""A page in a real browser: what it shows at every step is what the engine computed, by mouse, by keys and on a small screen."""

import functools
import re
import shutil
import time

import page_files as pages
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.commands.page import CONTROLS, demonstration
from tinygrad_rnn.engine.arrays import norm
from tinygrad_rnn.replay.worked_rule import worked
from tinygrad_rnn.viz.style import THEMES, Brush, number

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome on this machine")

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
MARKUP = """
JSON.stringify(['graph', 'weights', 'chart', 'heads', 'told', 'count'].map(function told(part) {
  const el = typeof part === 'string' ? document.getElementById(part) : part;
  if (el.nodeType === Node.TEXT_NODE) return el.data;
  const attributes = [...el.attributes].map((a) => `${a.name}=${a.value}`).sort();
  return [el.tagName, attributes, [...el.childNodes].map((child) => told(child))];
}))
"""
LOOKS = """
(ids) => Object.fromEntries(ids.filter((id) => document.querySelector(`[data-box="${id}"]`)).map((id) => {
  look(id);
  const [names, values] = ['dt', 'dd'].map((kind) => [...document.querySelectorAll(`#inspector ${kind}`)].map((e) => e.innerText));
  return [id, Object.fromEntries(names.map((name, k) => [name, values[k]]))];
}))
"""
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def demo(folder):
    path = folder / "demo.html"
    path.write_text(demonstration(0), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser):
    """Open a page; at the end of the test nothing may have been said on the console, refused, or asked for but the page itself."""
    contexts, said, requests = [], [], []

    def open_page(path, fragment="", viewport=WIDE, **settings):
        context = browser.new_context(viewport=viewport, **settings)
        contexts.append(context)
        context.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('refused ' + e.violatedDirective))"
        )
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: requests.append(request.url) if not request.url.startswith("data:") else None)
        page.goto(path.as_uri() + fragment)
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert len(requests) == len(contexts)


@functools.cache
def small(cell="LSTM", T=3):
    return tg.draw(pages.loss_of(cell, T), detail="op")


@pytest.fixture
def own(folder):
    return small().save(folder / "own.html")


def until(page, expression, seconds=30):
    """Wait for what `expression` says. Playwright's own `wait_for_function` wants to evaluate text, which the page forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(10)


def step(page):
    return int(page.input_value("#step"))


def to(page, k):
    page.evaluate("(k) => { const s = document.getElementById('step'); s.value = k; s.dispatchEvent(new Event('input')); }", k)
    assert step(page) == k


def picture(page):
    """Everything that the reader sees of the run, as one text: Playwright takes a nested list apart element by element."""
    return page.evaluate(MARKUP)


def last(page):
    return int(page.get_attribute("#step", "max"))


def written(x):
    """A number as the page writes it."""
    return number(x).replace("-", "−")


# ---- playing -------------------------------------------------------------------------------------------------------------------


def test_play_runs_to_the_end_and_pauses(opened, own):
    page = opened(own, "#step=0&pace=30")
    assert step(page) == 0
    assert page.locator("#graph [data-level]").count() == 0
    page.click("#play")
    until(page, "document.getElementById('step').value > 5")
    page.click("#play")
    assert page.get_attribute("body", "data-playing") is None
    paused = step(page)
    page.wait_for_timeout(120)
    assert step(page) == paused
    page.click("#play")
    until(page, "document.getElementById('last').disabled && !document.body.dataset.playing")
    assert step(page) == last(page)
    page.click("#play")  # from the end it starts again
    until(page, "document.getElementById('step').value < 20")


def test_keys_step_and_jump(opened, own):
    page = opened(own, "#step=0")
    page.locator("body").press("ArrowRight")
    page.locator("body").press("ArrowRight")
    assert step(page) == 2
    page.locator("body").press("ArrowLeft")
    assert step(page) == 1
    page.locator("body").press("End")
    assert step(page) == last(page)
    page.locator("body").press("Home")
    assert step(page) == 0
    page.locator("body").press(" ")
    assert page.get_attribute("body", "data-playing") is not None
    page.locator("body").press(" ")
    assert page.get_attribute("body", "data-playing") is None


def test_forward_and_back_give_the_same_page(opened, own):
    page = opened(own, "#step=0")
    seen = []
    for k in range(last(page) + 1):
        to(page, k)
        seen.append(picture(page))
    assert len(set(seen)) == len(seen)
    for k in [*range(last(page), -1, -1), last(page) // 2, last(page) // 3]:
        to(page, k)
        assert picture(page) == seen[k], k


def test_the_state_of_a_step_is_the_fold_of_the_events_before_it(opened, own):
    """Of every node, at several steps: the number in the inspector, and how many uses have reported, told by the engine alone."""
    view = small().view
    messages = [(None, view.graph.root, view.graph.root.grad)]
    for event in tg.backward_steps(pages.loss_of("LSTM", 3)):
        messages += [(event.node, m.parent, m.so_far) for m in event.sent]
    page = opened(own, "#step=0&detail=op")
    assert last(page) == len(messages)
    for k in (1, len(messages) // 3, len(messages) // 2, len(messages)):
        to(page, k)
        have = {}
        for _, parent, so_far in messages[:k]:
            have[parent.id] = norm(so_far)
        looks = page.evaluate(LOOKS, [r.id for r in view.graph if r.grad is not None])
        assert len(looks) > 50
        for id, lines in looks.items():
            r = view.graph[int(id)]
            assert lines["gradient now"] == (written(have[r.id]) if r.id in have else "not reached yet"), r
            assert lines["in the end"] == written(r.grad_norm)
            assert lines["shape"] == ("×".join(map(str, r.shape)) or "()")
        uses = sum(m[1].name == "Wh" for m in messages)
        reported = sum(m[1].name == "Wh" for m in messages[:k])
        wh = page.locator(".weight", has_text="Wh")
        assert wh.get_attribute("title") == f"{reported} of {uses} uses reported"
        assert wh.locator("small").inner_text().endswith(written(have[view.graph.find("Wh").id]) if reported else "–")


def test_colours_are_those_of_the_picture(opened, own):
    drawing = small()
    brush = Brush(drawing._brush.scale, THEMES["light"])
    page = opened(own, "#detail=op", reduced_motion="reduce")
    for box in drawing.view.boxes:
        fill = page.evaluate(f"getComputedStyle(document.querySelector('[data-box=\"{box.id}\"] > rect')).fill")
        found = [int(part) for part in re.findall(r"\d+", fill)]
        wanted = [int(brush.fill(box.strength)[k : k + 2], 16) for k in (1, 3, 5)]
        assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 6, box  # the page has 49 shades


def test_a_sentence_says_what_happened_and_does_not_flood_listeners(opened, own):
    page = opened(own, "#step=0")
    page.click("#on")
    page.click("#on")
    assert page.inner_text("#told") == page.inner_text("#live")
    assert re.fullmatch(r"‘Σ’ sends \S+ to \S+.*", page.inner_text("#told"))
    page.evaluate(
        "window.heard = 0; new MutationObserver(() => { window.heard += 1; }).observe(document.getElementById('live'), {childList: true})"
    )
    page.select_option("#pace", "30")
    page.click("#play")
    until(page, "document.getElementById('last').disabled")
    assert page.evaluate("window.heard") < last(page) / 4


def test_at_the_end_it_says_what_came_of_it(opened, own):
    graph = small().view.graph
    last_c, first_c = (written(graph.find("c", t=t).grad_norm) for t in (3, 1))
    page = opened(own)
    assert page.inner_text("#told").startswith(
        f"Everything has been sent: the gradient has norm {last_c} for c at t=3 and {first_c} for c at t=1."
    )


def test_hidden_steps_are_marked_in_the_chart(opened, folder):
    page = opened(tg.draw(pages.loss_of("RNN", 30), detail="cell").save(folder / "long.html"))
    assert page.locator("#chart text.gap").text_content() == "t = 3 to 28, hidden above"
    band = page.locator("#chart rect.gap").bounding_box()
    inside = [x for x in middles(page, "#chart circle") if band["x"] < x < band["x"] + band["width"]]
    assert len(inside) == 26
    page = opened(tg.draw(pages.loss_of("RNN", 3), detail="cell").save(folder / "short.html"))
    assert page.locator("#chart .gap").count() == 0


# ---- the inspector -------------------------------------------------------------------------------------------------------------


def test_hover_focus_and_tap_inspect_a_node(opened, own):
    page = opened(own, "#detail=op")
    h = small().view.graph.find("h", t=2)
    page.locator(f'[data-box="{h.id}"]').hover()
    assert page.inner_text("#inspector h2") == "h at t=2"
    assert "h = " in page.inner_text("#inspector .formula")
    page.mouse.move(5, 5)
    assert page.inner_text("#inspector h2") != "h at t=2"
    page.locator(f'[data-box="{h.id}"]').focus()
    assert page.inner_text("#inspector h2") == "h at t=2"
    page.keyboard.press("Enter")
    page.locator("#play").focus()
    assert page.inner_text("#inspector h2") == "h at t=2"
    page.keyboard.press("Escape")
    assert page.inner_text("#inspector h2") != "h at t=2"


def test_the_inspector_works_out_an_entry_of_what_is_sent(opened, own):
    graph = small().view.graph
    c = graph.find("c", t=2)
    product = graph[c.parents[0]]
    one = worked(graph, product, 1)
    factors = re.fullmatch(r"(\S+) \* (\S+)", one.text).groups()
    page = opened(own, "#step=0&detail=op")
    page.evaluate(f"choose({product.id})")
    assert page.locator("#inspector .worked").count() == 0  # nothing has been sent yet
    to(page, last(page))
    said = f"largest entry {list(one.entry)}: {factors[0]} × {factors[1]} = {one.result:.3g}".replace("-", "−")
    assert page.locator("#inspector .worked").nth(1).inner_text() == said


def test_the_inspector_says_why_a_node_still_waits(opened, own):
    page = opened(own, "#step=0&detail=op")
    graph = small().view.graph
    c = graph.find("c", t=2)
    page.evaluate(f"choose({c.id})")
    assert page.inner_text(".status") == "2 uses, none has reported yet."
    children = {use.child for use in graph.uses(c)}
    first = next(k for k in range(last(page)) if page.evaluate(f"run.flow.parent[{k}] === {c.id}"))
    to(page, first + 1)
    assert page.inner_text(".status") == "2 uses, 1 has reported: it waits for 1 more."
    assert page.locator("#inspector li.soft", has_text="waits").count() == 1
    assert len(children) == 2
    to(page, last(page))
    assert page.inner_text(".status") == "2 uses, all reported; it has passed its gradient on."


def test_arrows_walk_through_the_nodes_in_the_backward_order(opened, own):
    page = opened(own, "#detail=op")
    page.locator("#graph [tabindex='0']").focus()
    assert page.inner_text("#inspector h2") == "‘Σ’"
    names = []
    for _ in range(4):
        page.keyboard.press("ArrowDown")
        names.append(page.inner_text("#inspector h2"))
    assert len(set(names)) > 2
    page.keyboard.press("ArrowUp")
    assert page.inner_text("#inspector h2") == names[-2]


# ---- predict first -------------------------------------------------------------------------------------------------------------


def test_predict_first_asks_and_tells_why(opened, own):
    page = opened(own, "#step=1&detail=op&predict=1")
    order = [event.node for event in tg.backward_steps(pages.loss_of("LSTM", 3)) if event.sent]
    page.click("#play")
    page.wait_for_selector("#told.asks")
    at = step(page)
    assert at == 2
    wrong = small().view.graph.find("h", t=1)
    page.locator(f'[data-box="{wrong.id}"]').press("Enter")
    assert page.get_attribute("#told", "class") == "wrong"
    assert "0 of" in page.inner_text("#told")
    assert page.inner_text("#score") == "0 of 1 right"
    assert step(page) == at
    page.locator(f'[data-box="{order[1].id}"]').press("Enter")
    assert page.get_attribute("#told", "class") == "right"
    assert step(page) == at + len([s for s in order[1].parents if small().view.graph[s].grad is not None])
    page.click("#play")
    page.wait_for_selector("#told.asks")
    page.locator(f'[data-box="{order[2].id}"]').click()
    assert page.inner_text("#score") == "1 of 2 right"


def test_play_at_a_question_does_not_ask_it_anew(opened, own):
    page = opened(own, "#step=1&detail=op&predict=1")
    order = [event.node for event in tg.backward_steps(pages.loss_of("LSTM", 3)) if event.sent]
    page.click("#play")
    page.wait_for_selector("#told.asks")
    page.locator(f'[data-box="{small().view.graph.find("h", t=1).id}"]').press(" ")  # wrong
    page.click("#play")
    assert page.get_attribute("#told", "class") == "asks"
    page.locator(f'[data-box="{order[1].id}"]').press(" ")
    assert page.inner_text("#score") == "0 of 1 right"
    assert page.get_attribute("body", "data-playing") is None  # space on a node chooses it


# ---- settings ------------------------------------------------------------------------------------------------------------------


def test_every_control_changes_the_run(opened, demo):
    page = opened(demo)
    seen = {}
    for control in CONTROLS:
        for value, _ in control.choices:
            only = {key: wanted[0] for key, wanted in (control.only or {}).items()}
            page.evaluate(f"change({{values: {only | {control.key: value}!r}}})")
            until(page, f"state.values[{control.key!r}] === {value!r} && run && runKey(state.values)")
            numbers = page.evaluate("JSON.stringify([run.flow.names.length, run.numbers.have])")
            assert numbers not in seen.setdefault(control.key, []), (control.key, value)
            seen[control.key].append(numbers)
    assert {key: len(found) for key, found in seen.items()} == {c.key: len(c.choices) for c in CONTROLS}


def test_controls_answer_to_the_mouse_and_the_keys(opened, demo):
    page = opened(demo)
    page.get_by_text("GRU", exact=True).first.click()
    until(page, "run.weights.some((w) => w.label === 'bh')")
    assert page.locator("#controls", has_text="Forget bias").get_by_role("slider").count() == 1  # of the LSTM alone
    page.get_by_role("slider", name="Spectral radius").press("ArrowRight")
    until(page, "state.values.radius === '1'")
    page.get_by_role("radio", name="16").press(" ")
    until(page, "run.flow.steps.includes(16)")
    page.get_by_role("radio", name="cell").check(force=True)
    until(page, "state.detail === 'cell'")
    assert page.locator("#graph [data-box]").count() == 16 * 2 + 2


def test_a_column_opens_and_closes(opened, demo):
    page = opened(demo, "#cell=lstm&steps=8&detail=cell")
    closed = page.locator("#graph [data-box]").count()
    page.get_by_role("button", name="t = 3: open").click()
    until(page, "state.open === 3")
    assert page.locator("#graph [data-box]").count() == closed - 1 + 17
    assert page.get_by_role("button", name="t = 3: close").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="t = 5: open").press("Enter")
    until(page, "state.open === 5")
    assert page.locator("#graph [data-box]").count() == closed - 1 + 17
    page.get_by_role("button", name="t = 5: close").click()
    until(page, "state.open === null")
    assert page.locator("#graph [data-box]").count() == closed


def test_a_link_restores_the_exact_state(opened, demo):
    fragment = "#cell=gru&steps=4&radius=1.3&detail=cell&step=41&open=2&theme=dark&predict=1&pace=600"
    page = opened(demo, fragment)
    assert step(page) == 41
    page.click("#on")
    until(page, "location.hash.includes('step=42')")
    link = page.evaluate("location.hash")
    again = opened(demo, link)
    assert picture(again) == picture(page)
    assert again.evaluate("[state, document.documentElement.dataset.theme]") == page.evaluate(
        "[state, document.documentElement.dataset.theme]"
    )
    page.evaluate("location.hash = '#cell=rnn&steps=8&step=3'")
    until(page, "run && run.weights.length === 4 && document.getElementById('step').value === '3'")
    assert page.evaluate("runKey(state.values)").startswith("rnn")


def test_another_address_while_it_plays_stops_it(opened, demo):
    page = opened(demo, "#cell=lstm&steps=16&step=0&pace=30")
    page.click("#play")
    for fragment in ("#cell=gru&steps=16&step=7", "#cell=rnn&steps=4"):
        page.evaluate(f"location.hash = '{fragment}'")
        page.wait_for_timeout(60)
    until(page, "run.weights.length === 4 && document.getElementById('step').value === document.getElementById('step').max")
    assert page.get_attribute("body", "data-playing") is None
    assert page.evaluate("runKey(state.values)").startswith("rnn")


@pytest.mark.parametrize(
    "fragment",
    [
        "#",
        "#step=99999",
        "#cell=xyz&detail=no&open=77&theme=1&step=-4",
        "#%E0%A4%A",
        "#<script>",
        "#__proto__=1&steps=constructor",
    ],
)
def test_a_bad_fragment_is_ignored(opened, demo, fragment):
    page = opened(demo, fragment)
    assert step(page) == last(page)
    assert page.evaluate("runKey(state.values)") == "lstm 8 0.9 1"


# ---- looks ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", ["4", "16"])
@pytest.mark.parametrize("detail", ["op", "gate", "cell"])
def test_a_small_screen_scrolls_the_graph_in_its_box_alone(opened, demo, detail, steps):
    page = opened(demo, f"#cell=lstm&steps={steps}&detail={detail}&step=30", NARROW)
    for folded in (True, False):
        page.evaluate(f"document.getElementById('settings').open = {str(not folded).lower()}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("getComputedStyle(document.getElementById('scroll')).overflowX") == "auto"
    assert page.evaluate("document.querySelector('#graph svg').getBoundingClientRect().width") > 390
    for name in ("first", "back", "play", "on", "last", "step", "predict", "theme"):
        box = page.locator(f"#{name}").bounding_box()
        assert 0 <= box["x"] <= 390 - box["width"], name


def test_a_page_adapts_when_its_window_is_resized(opened, demo):
    page = opened(demo, "#steps=4&detail=cell&cell=rnn")
    wide = page.locator("#graph svg").bounding_box()["width"]
    page.set_viewport_size(NARROW)
    until(page, "document.querySelector('#graph svg').getBoundingClientRect().width < " + str(wide))
    assert page.locator("#graph svg").bounding_box()["width"] > 390  # not smaller than can be read
    page.set_viewport_size(WIDE)
    until(page, "document.querySelector('#graph svg').getBoundingClientRect().width > " + str(wide - 1))


@pytest.mark.parametrize("steps", ["4", "8", "16"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_words_on_boxes_never_shrink_below_what_can_be_read(opened, demo, cell, steps):
    page = opened(demo, f"#cell={cell}&steps={steps}&detail=op")
    high = page.evaluate(
        "[...document.querySelectorAll('#graph [data-box] > text')].map((t) => t.getBoundingClientRect().height)"
    )
    assert min(high) > 9


def middles(page, selector):
    """The middle of each of these elements, from left to right."""
    boxes = [element.bounding_box() for element in page.locator(selector).all()]
    return sorted(box["x"] + box["width"] / 2 for box in boxes)


def test_the_chart_shows_both_states_of_an_lstm(opened, own):
    page = opened(own)
    graph = small().view.graph
    sizes = {written(graph.find(name, t=t).grad_norm) for name in "hc" for t in (1, 2, 3)}
    assert {*page.locator("#chart .value").all_text_contents()} == sizes
    assert page.locator("#axis").text_content().endswith("‖∂L/∂c‖ and ‖∂L/∂h‖ at each step")


def test_a_box_waits_only_while_what_leaves_it_does(opened, demo):
    page = opened(demo, "#cell=lstm&steps=4&detail=gate&step=40")
    for k in range(20, 60):
        to(page, k)
        said, told = page.evaluate(
            "[[...document.querySelectorAll('[data-waits]')].map((el) => Number(el.dataset.box)).sort(),"
            " mounted.order.filter((id) => { const [got, all] = reports(id); return got > 0 && got < all; }).sort()]"
        )
        assert said == told, k


def test_the_live_edge_points_to_who_receives(opened, own):
    page = opened(own, "#detail=op&step=10")
    live = page.locator("#graph [data-edge][data-live] > path").all()
    assert [part.evaluate("el => getComputedStyle(el).visibility") for part in live] == ["visible", "hidden"]
    assert live[0].evaluate("el => getComputedStyle(el).markerStart") == 'url("#against")'
    assert page.locator("marker#against").count() == 1


def test_every_id_is_there_once(opened, own):
    page = opened(own, "#detail=op")
    assert page.evaluate("[...document.querySelectorAll('[id]')].map((el) => el.id).length") == page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map((el) => el.id)).size"
    )


def test_the_chart_is_aligned_with_the_columns(opened, demo):
    page = opened(demo, "#cell=gru&steps=8&detail=gate")
    dots = middles(page, "#chart circle")
    assert len(dots) == 8
    assert dots == pytest.approx(middles(page, "#heads button"), abs=1.5)


def test_it_follows_the_sweep(opened, demo):
    page = opened(demo, "#cell=lstm&steps=16&detail=gate&step=0", reduced_motion="reduce")
    room = page.locator("#scroll").bounding_box()
    places = set()
    for k in range(2, last(page), 25):
        to(page, k)
        box = page.locator("#graph [data-live=from]").bounding_box()
        assert room["x"] <= box["x"] <= room["x"] + room["width"] - box["width"], k
        places.add(page.evaluate("document.getElementById('scroll').scrollLeft"))
    assert len(places) > 3


@pytest.mark.parametrize(
    ("scheme", "setting", "found"), [("dark", "auto", "dark"), ("light", "auto", "light"), ("light", "dark", "dark")]
)
def test_dark_mode(opened, own, scheme, setting, found):
    page = opened(own, f"#theme={setting}", color_scheme=scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == found
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    wanted = THEMES[found].paper
    assert [int(v) for v in re.findall(r"\d+", paper)] == [int(wanted[k : k + 2], 16) for k in (1, 3, 5)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_serious_fault_of_accessibility(opened, demo, scheme, viewport):
    page = opened(demo, "#cell=lstm&steps=4&detail=gate&step=60", viewport, color_scheme=scheme, reduced_motion="reduce")
    page.evaluate("choose(mounted.order[5])")
    page.evaluate("document.getElementById('settings').open = true")
    page.wait_for_timeout(50)
    # axe is run inside the page by the browser's own tools, which no policy of the page concerns
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found if v["impact"] in ("serious", "critical")] == []


# ---- safety --------------------------------------------------------------------------------------------------------------------


def test_hostile_names_stay_words(opened, folder):
    path = tg.draw(pages.hostile(), detail="op", title="".join(pages.HOSTILE)).save(folder / "hostile.html")
    page = opened(path, "#step=0")
    for k in range(last(page) + 1):
        to(page, k)
    for id in page.evaluate("mounted.order"):
        page.evaluate(f"look({id})")
    page.wait_for_timeout(50)
    assert page.evaluate("typeof window.pwned") == "undefined"
    assert page.locator("img, #graph script").count() == 0
    assert page.locator(".weight b").inner_text() == "</script><s…"


def test_a_graph_of_numbers_writes_each_derivative_in_its_turn(opened, folder):
    drawing = tg.draw(pages.expression())
    page = opened(drawing.save(folder / "expression.html"), "#step=0")
    assert "∂" not in page.text_content("#graph")
    to(page, last(page))
    graph = drawing.view.graph
    for r in graph:
        if r.grad is not None:
            assert f"∂ {written(r.grad.item())}" in page.locator(f'[data-box="{r.id}"]').text_content()


def test_pictures_that_are_compared_are_chosen(opened, folder):
    path = tg.draw.compare([small("RNN"), small("GRU")]).save(folder / "compared.html")
    page = opened(path)
    page.get_by_label("Picture").select_option("1")
    until(page, "run.weights.some((w) => w.label === 'bh')")
