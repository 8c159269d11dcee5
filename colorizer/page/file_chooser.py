"""Lets the browser's file chooser offer all types of photos that the page reads, HEIC above all.

Gradio's picture input asks for `image/*`, and accepts a file only if the browser knows its type to be one.
Many browsers do not know HEIC, what iPhones make, or JPEG 2000: their choosers hide such files, and Gradio
refuses those that are dropped. So the chooser is told the suffixes, and a file with one of them is given its
type.
"""

import json

SUFFIXES = (
    ".heic", ".heif", ".hif", ".avif", ".webp", ".tif", ".tiff", ".jp2", ".j2k", ".jpx", ".mpo", ".jfif",
    ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".dib",
)  # fmt: skip
SCRIPT = """() => {
  const chooser = '#photo input[type=file]', suffixes = @SUFFIXES@;
  const accepted = ['image/*', ...suffixes].join(',');
  const offer = () => document.querySelectorAll(chooser).forEach(
    input => { if (input.accept !== accepted) input.accept = accepted; });
  new MutationObserver(offer).observe(document.body, { childList: true, subtree: true });
  offer();

  const suffix = file => suffixes.find(end => file.name.toLowerCase().endsWith(end));
  const unknown = file => !file.type.startsWith('image/') && suffix(file);
  const known = files => {
    const data = new DataTransfer();
    for (const file of files) data.items.add(
      unknown(file) ? new File([file], file.name, { type: 'image/' + suffix(file).slice(1) }) : file);
    return data;
  };
  document.addEventListener('change', event => {
    if (!event.target.matches(chooser)) return;
    const files = [...event.target.files];
    if (files.some(unknown)) event.target.files = known(files).files;
  }, true);
  document.addEventListener('drop', event => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!event.target.closest('#photo') || !files.some(unknown)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const options = { dataTransfer: known(files), bubbles: true, cancelable: true };
    event.target.dispatchEvent(new DragEvent('drop', options));
  }, true);
}""".replace("@SUFFIXES@", json.dumps(SUFFIXES))
