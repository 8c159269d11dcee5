// The controls: swatches, sliders, the list of corrections.
const HUES = ['pink', 'pink', 'pink', 'red', 'red', 'orange', 'orange', 'yellow-orange', 'yellow-orange', 'yellow',
  'yellow', 'yellow-green', 'yellow-green', 'green', 'green', 'green', 'green', 'blue-green', 'blue-green',
  'turquoise', 'turquoise', 'turquoise', 'sky blue', 'sky blue', 'sky blue', 'sky blue', 'sky blue', 'blue', 'blue',
  'blue', 'blue', 'violet', 'purple', 'purple', 'magenta', 'magenta'];
const KINDS = ['likely', 'offered', 'plain', 'things'];
const HEX = /^#?([0-9a-f]{6})$/i;

// Makes a container hold one child for each item, and keeps those that are there: focus stays where it is.
function fill(container, items, make, update) {
  while (container.children.length > items.length) container.lastChild.remove();
  while (container.children.length < items.length) container.append(make());
  items.forEach((item, index) => update(container.children[index], item, index));
}

function button(className) {
  const made = document.createElement('button');
  made.type = 'button'; made.className = className;
  return made;
}
function span(className) { const made = document.createElement('span'); made.className = className; return made; }

function drawSwatches() {
  const place = answer.place || {}, inHand = selected !== null ? hints[selected] : null;
  for (const kind of KINDS) {
    const bare = kind === 'likely' || kind === 'offered';
    fill(find('.group.' + kind), place[kind] || [], () => {
      const made = button(bare ? 'swatch bare' : 'swatch');
      made.append(span('chip'), span('name'));
      return made;
    }, (made, { name, ab, hex }, index) => {
      if (bare && !index && kind === 'likely') made.classList.remove('bare');
      made.firstChild.style.background = hex;
      made.lastChild.textContent = name;
      made.title = name;
      made.setAttribute('aria-label', name);
      made.setAttribute('aria-pressed', !!(inHand && inHand.ab && inHand.ab[0] === ab[0] && inHand.ab[1] === ab[1]));
      made.onclick = () => paint({ ab }, name);
    });
  }
  const hues = place.hues || [];
  if (!hues.length) return;
  find('.hue').style.background = `linear-gradient(to right, ${hues.map(hue => hue.hex).join()})`;
  find('.vivid').style.background = `linear-gradient(to right, ${place.light === 'light' ? '#bbb' : '#777'}, ${hues[find('.hue').value].hex})`;
  find('.hue').setAttribute('aria-valuetext', HUES[find('.hue').value]);
}

function slide() {
  const hue = Number(find('.hue').value), share = find('.vivid').value / 100, { ab } = answer.place.hues[hue];
  paint({ ab: ab.map(part => Math.round(part * share * 100) / 100) }, HUES[hue], 'slide');
}

// Puts sliders and fields where the colour in hand is; of a place without one, where the predicted colour is.
function setSliders() {
  const inHand = selected !== null ? hints[selected] : null;
  const shown = inHand ? answer.corrections[selected] : answer.place && answer.place.likely[0];
  for (const field of shown ? [find('.hex'), find('.any')] : []) {
    if (field !== document.activeElement) field.value = (inHand && inHand.color) || shown.hex;
  }
  if (!inHand || !answer.place || lastChange === 'slide' || !inHand.ab) return;
  const [a, b] = inHand.ab, hues = answer.place.hues;
  const hue = Math.round(Math.atan2(b, a) * 18 / Math.PI + 36) % 36;
  find('.hue').value = hue;
  find('.vivid').value = Math.min(100, Math.hypot(a, b) / Math.max(1, Math.hypot(...hues[hue].ab)) * 100);
}

const usualReach = hint => hint.outline ? 1 : REACH;

function drawList() {
  fill(find('.list'), hints, () => {
    const item = document.createElement('li'), pick = button('pick'), gone = button('gone');
    pick.append(span('chip'), span('words'));
    gone.textContent = 'Remove';
    item.append(pick, gone);
    return item;
  }, (item, hint, index) => {
    const [pick, gone] = item.children, correction = answer.corrections[index];
    const name = hint.keep ? 'left as it is' : hint.label || hint.color || (correction && correction.hex) || 'a colour';
    const words = `${index + 1}. ${name}${hint.outline ? ', only inside the outline' : ''}`;
    pick.firstChild.style.background = correction ? correction.hex : 'transparent';
    pick.lastChild.textContent = words;
    pick.setAttribute('aria-pressed', index === selected);
    pick.setAttribute('aria-label', `Change correction ${words}`);
    pick.onclick = () => select(index);
    gone.setAttribute('aria-label', `Remove correction ${index + 1}`);
    gone.onclick = () => { remove(index); (find('.list .gone') || frame).focus(); };
  });
  find('.none').hidden = hints.length > 0;
  find('.reset').hidden = hints.length < 2;
}

function draw() {
  if (editor.hidden) return;
  const inHand = selected !== null ? hints[selected] : null;
  const choice = find('.choice'), focused = choice.contains(document.activeElement);
  choice.hidden = !answer.place || !(inHand || draft);
  if (focused && choice.hidden) frame.focus({ preventScroll: true });
  find('.question').textContent = inHand ? `Correction ${selected + 1}: which colour?` : 'Which colour should this be?';
  const light = answer.place ? answer.place.light : '';
  find('.note').textContent = light.startsWith('almost')
    ? `This place is ${light}: colours hardly show here. Another part of the thing may do better.` : '';
  find('.keep').hidden = !!(inHand && inHand.keep);
  find('.cancel').textContent = inHand ? 'Remove' : 'Cancel';
  find('.wide').hidden = !inHand || !!inHand.keep;
  if (inHand) find('.far').value = Math.log2((inHand.reach || 1) / usualReach(inHand));
  find('.undo').disabled = !past.length;
  find('.redo').disabled = !future.length;
  find('.point').setAttribute('aria-pressed', !drawing);
  find('.lasso').setAttribute('aria-pressed', drawing);
  find('.close-outline').hidden = corners.length < 3 || !!pressed;
  find('.help').textContent = drawing
    ? 'Draw around the part with finger or mouse, or set corners one by one (arrow keys and Enter) and close the outline.'
    : 'Touch a place whose colour is wrong, or move there with the arrow keys. Its colour spreads as far as the thing goes.';
  find('.other').hidden = !other;
  find('.problem').classList.toggle('above', (inHand || draft || {}).y > .5);  // not over the place in hand
  setSliders(); drawSwatches(); drawList(); drawStage();
}

function takeReference(reference) {
  other = reference;
  const image = new Image(), canvas = find('canvas');
  image.onload = () => {
    canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
    canvas.getContext('2d').drawImage(image, 0, 0);
  };
  image.src = reference.url;
  say('The colours of the other picture are offered.');
  send();
}

const hexOf = channels => '#' + Array.from(channels).slice(0, 3).map(c => c.toString(16).padStart(2, '0')).join('');
find('canvas').onclick = event => {
  if (!draft && selected === null) { complain('First touch the place of your photo that gets the colour.'); return; }
  const canvas = event.target, box = canvas.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width * canvas.width, y = (event.clientY - box.top) / box.height * canvas.height;
  const color = hexOf(canvas.getContext('2d').getImageData(x, y, 1, 1).data);
  paint({ color }, color);
};
find('.match').onclick = () => {
  selected = null; draft = null;
  change(other.hints.map(hint => ({ ...hint, label: 'as in the other picture' })));
  say('The colours of the other picture are used.');
};
find('.hex').onchange = event => {
  const match = HEX.exec(event.target.value.trim());
  if (!match) { complain('A colour looks like #e0701e: six digits from 0 to f.'); return; }
  paint({ color: '#' + match[1].toLowerCase() }, '#' + match[1].toLowerCase());
};
find('.any').oninput = event => {
  find('.hex').value = event.target.value;
  paint({ color: event.target.value }, event.target.value, 'any');
};
if ('EyeDropper' in window) {
  find('.dropper').hidden = matchMedia('(pointer: coarse)').matches;
  find('.dropper').onclick = () => new EyeDropper().open().then(
    ({ sRGBHex }) => paint({ color: sRGBHex.toLowerCase() }, sRGBHex.toLowerCase()), () => {});
}
find('.hue').oninput = find('.vivid').oninput = slide;
find('.far').oninput = event => {
  const reach = hint => Math.round(usualReach(hint) * 2 ** event.target.value * 1000) / 1000;
  change(hints.map((hint, index) => index === selected ? { ...hint, reach: reach(hint) } : hint), 'reach');
};
find('.keep').onclick = () => paint({ keep: true }, 'left as it is');
find('.cancel').onclick = () => {
  if (selected !== null) remove(selected); else { draft = null; draw(); }
  frame.focus();
};
find('.undo').onclick = undo;
find('.redo').onclick = redo;
find('.reset').onclick = () => { selected = null; draft = null; change([]); say('All corrections removed.'); };
find('.point').onclick = () => setTool(false);
find('.lasso').onclick = () => { selected = null; draft = null; setTool(true); };
find('.close-outline').onclick = closeOutline;
find('.finish').onclick = () => { finish(); leave(); document.querySelector('#correct-open').focus(); };
editor.addEventListener('keydown', event => {
  if (!(event.ctrlKey || event.metaKey) || event.target.matches('.hex')) return;
  const key = event.key.toLowerCase();
  if (key === 'z' && !event.shiftKey) undo();
  else if (key === 'y' || key === 'z') redo();
  else return;
  event.preventDefault();
});
editor.addEventListener('open-editor', enter);
editor.addEventListener('edit-failed', () => failed());
watch('value', receive);
receive();
