"""Before and after under one slider that mouse, finger and keyboard can move.

Gradio's own ImageSlider knows neither keyboard nor screen reader, so here a plain range input lies,
invisible, over the two pictures: the browser gives it all of that by itself.
"""

from pathlib import Path

import gradio as gr

from colorizer.page.session import Session, write_preview

TEMPLATE = """
<div class="empty">@EMPTY@</div>
<div class="frame" hidden>
  <img class="grey" alt="The photo in grey">
  <img class="color" alt="The photo in predicted colours">
  <div class="line"><span>&#8596;</span></div>
  <input type="range" min="0" max="100" value="50" step="1" aria-label="Before and after: the part in grey">
</div>
"""
STYLE = """
& { height: min(460px, 100vw); display: grid; place-items: center; border-radius: 12px; overflow: hidden;
    background: var(--background-fill-secondary); border: 1px solid var(--border-color-primary); }
.empty { color: var(--body-text-color-subdued); padding: 1em; text-align: center; }
.frame { position: relative; height: 100%; max-width: 100%; --cut: 50%; align-self: center; }
.frame[hidden], .empty[hidden] { display: none; }
.frame img { position: absolute; inset: 0; width: 100%; height: 100%; max-width: none; margin: 0; }
.frame .color { clip-path: inset(0 0 0 var(--cut)); }
.line { position: absolute; top: 0; bottom: 0; left: var(--cut); width: 2px; margin-left: -1px;
        background: white; box-shadow: 0 0 4px #0009; pointer-events: none; }
.line span { position: absolute; top: 50%; left: 50%; transform: translate(-50%, -50%); font-size: 18px;
             width: 38px; height: 38px; line-height: 36px; text-align: center; border-radius: 50%;
             background: white; color: #222; box-shadow: 0 0 4px #0009; }
input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize;
        touch-action: pan-y; appearance: none; }
input::-webkit-slider-thumb { appearance: none; width: 1px; height: 460px; }
input::-moz-range-thumb { width: 1px; height: 460px; border: 0; }
.frame:has(input:focus-visible) .line span { outline: 3px solid var(--color-accent); }
"""
SCRIPT = """
const find = selector => element.querySelector(selector);
let cut = 50;
function move() { const frame = find('.frame'); if (frame) frame.style.setProperty('--cut', cut + '%'); }
element.addEventListener('input', event => { cut = event.target.value; move(); });
let shown = null;
function fill() {
  const pair = props.value, frame = find('.frame');
  if (!frame) return;
  frame.hidden = !pair;
  find('.empty').hidden = !!pair;
  if (!pair) { shown = null; return; }
  if (shown !== pair.name) { shown = pair.name; cut = 50; }
  frame.style.aspectRatio = pair.width + ' / ' + pair.height;
  frame.style.height = 'auto';
  frame.style.width = 'min(100%, ' + (element.clientHeight * pair.width / pair.height) + 'px)';
  find('.grey').src = pair.grey.url; find('.color').src = pair.color.url;
  find('input').value = cut; move();
}
watch('value', fill);
fill();
"""


def compare(elem_id: str, empty: str) -> gr.HTML:
    """The component; its value is what `pair_of` makes, or None for the words `empty`."""
    return gr.HTML(
        None,
        html_template=TEMPLATE.replace("@EMPTY@", empty),
        css_template=STYLE,
        js_on_load=SCRIPT,
        apply_default_css=False,
        padding=False,
        elem_id=elem_id,
    )


def pair_of(session: Session, strength: float, folder: str | Path) -> dict:
    """The component's value for a photo's preview, its pictures written into `folder`.

    Its `name` is the photo's, so that the line goes back to the middle for another photo alone.
    """
    grey, colored = session.grey(), session.preview.render(strength)
    files = {
        key: gr.FileData(path=write_preview(image, folder, name)).model_dump()
        for key, image, name in (("grey", grey, "grey"), ("color", colored, "colour"))
    }
    width, height = colored.size
    return {**files, "width": width, "height": height, "name": session.photo_name}
