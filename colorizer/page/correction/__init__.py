"""The mode "Correct a colour": touch a place of the result, choose its colour, see it at once.

    mode            the mode as part of a tab: its components, events and handlers
    editor          the component in the browser: photo, cross, swatches and list of corrections
    edit_message    what the browser sends, checked
    swatches        colours to choose from at one place, at that place's own lightness
    reach_outline   the soft line around what a correction reaches
    earlier_result  the corrections that a photo's file holds from before
    endpoint        `/correct`, the same for programs

What a hint is and how its colour spreads is in `colorizer/hints`; here it only meets the visitor.
"""
