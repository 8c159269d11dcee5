"""The page's look: one theme, light and dark, from fonts that every machine has."""

import gradio as gr

CSS = """
.gradio-container { width: 100%; max-width: 1180px !important; margin: 0 auto !important;
  overflow: clip !important; /* not hidden: within that, nothing stays in view while the rest is scrolled */ }
/* Not among those for small screens: Gradio puts a prefix before these, with which it matches nothing. */
.gradio-container > .main { padding: 16px clamp(10px, 3vw, 32px) !important; }
.small { font-size: .88em; }
.hidden-file { display: none !important; }
/* With Gradio's border of no width, Chromium draws it in a green of its own. */
:is(#progress, #film-progress) progress { width: 100%; border: revert; accent-color: var(--color-accent); }
#progress ul { margin: 0 0 .5em; padding-left: 1.2em; }
:is(#notes, #progress, #film-progress) { overflow-wrap: anywhere; } /* names of files may be long */
#examples .caption-label, #gallery .caption-label {
  inset: auto 0 0 0; max-width: 100%; padding: 2px 0; font-size: 11px; text-align: center;
  opacity: 1 !important; /* Gradio makes it pale just when somebody points at it */ }
#examples .caption-label { white-space: normal; line-height: 1.2; overflow-wrap: anywhere; }
/* Gradio keeps so much room for the size that short names are cut off. */
:is(#files, #film-file) .download { width: auto; min-width: 0; padding-left: 0; padding-right: 0; }
#examples .grid-wrap, #gallery .grid-wrap { padding: 0; }
#examples .grid-container { grid-template-columns: repeat(4, minmax(0, 1fr)); }
#gallery .grid-container { grid-template-columns: repeat(auto-fill, minmax(120px, 1fr)); }
/* Gradio puts a button into this button, which screen readers cannot tell apart; dropping still works. */
#files .icon-button:has(.upload-container), #film-file .icon-button:has(.upload-container) { display: none; }
:is(#before-after, #batch-before-after, #correction, #notes, #progress, #film-progress, #film-player)
  .html-container { padding: 0; }
#notes:not(:has(p)) { display: none; }
#notes p { margin: 0; }
.tab-container button.selected { color: var(--link-text-color) !important; }
/* Gradio leaves the dot between two links where it hides the first of them, on small screens. */
footer .show-api ~ .divider { display: none; }
footer .show-api { margin-right: 1em; }
@media (max-width: 480px) {
  #card :is(th, td) { padding: 4px; font-size: 11px; overflow-wrap: normal; word-break: normal; }
}
/* Gradio's thumb is white on a white page. */
input[type=range]::-webkit-slider-thumb { border: 2px solid var(--color-accent); }
input[type=range]::-moz-range-thumb { border: 2px solid var(--color-accent); }
#warming p { min-height: 1.5em; margin: 0; }
/* Of Gradio's settings those that need routes which this page does not serve: video, installed app. */
.banner-wrap:has(.beta-tag), .banner-wrap:has(p > code) { display: none !important; }
/* Correcting a colour: only what belongs to it is shown, and the photo has the whole width. */
.workspace[data-mode="correct"] :is(#before-after, #correct-open, #negative-offer, #options),
.workspace[data-mode="correct"] :is(.small, .result-pictures),
.workspace[data-mode="correct"] > .column:first-child,
.workspace:not([data-mode="correct"]) :is(#correction, #reference) { display: none !important; }
@media (max-width: 640px) {
  .workspace { flex-direction: column; }
  .workspace > .column { display: contents; } /* so that the result comes before the examples */
  .workspace .last { order: 1; }
  .tab-container button { padding-left: 6px !important; padding-right: 6px !important; }
}
"""
# Gradio names its empty pictures by an aria-label without a role, which screen readers must ignore.
SCRIPT = """() => {
  const name = () => document.querySelectorAll('.empty[aria-label]:not([role])').forEach(
    empty => empty.setAttribute('role', 'img'));
  new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
  name();
}"""


def theme() -> gr.themes.Base:
    """Rust on stone; every text has a contrast of at least 4.5 to its ground."""
    return gr.themes.Default(
        primary_hue="orange", neutral_hue="stone", font=["system-ui", "sans-serif"], font_mono=["monospace"]
    ).set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_primary_text_color="white",
        slider_color="*primary_700",
        slider_color_dark="*primary_600",
        color_accent="*primary_700",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        link_text_color_hover="*primary_800",
        link_text_color_hover_dark="*primary_200",
        link_text_color_active="*primary_800",
        link_text_color_active_dark="*primary_200",
        link_text_color_visited="*primary_700",
        link_text_color_visited_dark="*primary_300",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        input_placeholder_color="*neutral_600",
        input_placeholder_color_dark="*neutral_300",
    )
