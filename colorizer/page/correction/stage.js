// The photo: a touch chooses a place, a drawn line an outline, arrow keys move the cross.
const frame = find('.frame');
const MOVED = 6;               // pixels from which a touch is a drag
const CORNERS = 60;            // of an outline: more are not seen
let drawing = false;           // whether touches draw an outline
let corners = [];              // of an outline that is not closed yet
let cursor = { x: 0.5, y: 0.5 };
let pressed = null;            // what the pointer that is down does

let showing = 0;
async function show(value) {
  if (value.width) frame.style.setProperty('--ratio', value.width / value.height);
  const mine = ++showing, next = new Image();
  next.src = value.picture.url;
  await next.decode().catch(() => null);  // so that there is no moment without a photo
  if (mine === showing) find('.photo').src = value.picture.url;
}

const clamp = share => Math.min(1, Math.max(0, share));
function placeOf(event) {
  const box = frame.getBoundingClientRect();
  const round = share => Math.round(clamp(share) * 1e4) / 1e4;
  return { x: round((event.clientX - box.left) / box.width), y: round((event.clientY - box.top) / box.height) };
}

function setTool(outline) {
  drawing = outline; corners = [];
  frame.classList.toggle('drawing', drawing);
  draw();
}

// Douglas and Peucker: the corner farthest from the line between two others is kept if it is far enough.
function simplified(line, tolerance) {
  if (line.length < 3) return line;
  const [first, last] = [line[0], line[line.length - 1]];
  const [dx, dy] = [last[0] - first[0], last[1] - first[1]], length = Math.hypot(dx, dy);
  let farthest = 0, most = -1;
  line.forEach(([x, y], index) => {
    const distance = length
      ? Math.abs(dx * (y - first[1]) - dy * (x - first[0])) / length
      : Math.hypot(x - first[0], y - first[1]);
    if (index && index < line.length - 1 && distance > most) { most = distance; farthest = index; }
  });
  if (most <= tolerance) return [first, last];
  return [...simplified(line.slice(0, farthest + 1), tolerance).slice(0, -1),
          ...simplified(line.slice(farthest), tolerance)];
}

function closeOutline() {
  let outline = corners, tolerance = 0.002;
  while (outline.length > CORNERS) { outline = simplified(corners, tolerance); tolerance *= 1.5; }
  corners = [];
  if (outline.length < 3) { complain('An outline needs three corners or more.'); draw(); return; }
  look({ outline });
  setTool(false);
}

function corner(place) {
  corners = [...corners, [place.x, place.y]];
  say(`Corner ${corners.length} set.`);
  draw();
}

function markAt(event) {
  const mark = event.target.closest && event.target.closest('.mark');
  return mark ? Number(mark.dataset.index) : null;
}

frame.addEventListener('pointerdown', event => {
  if (event.button || !photo) return;
  const place = placeOf(event), index = drawing ? null : markAt(event);
  pressed = { place, index, x: event.clientX, y: event.clientY, moved: false, before: corners };
  if (drawing || index !== null) frame.setPointerCapture(event.pointerId);
});
frame.addEventListener('pointermove', event => {
  if (!pressed) return;
  pressed.moved = pressed.moved || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > MOVED;
  if (!pressed.moved) return;
  const place = placeOf(event);
  if (drawing) {
    if (!pressed.line) pressed.line = corners.length ? corners : [[pressed.place.x, pressed.place.y]];
    corners = pressed.line = [...pressed.line, [place.x, place.y]];
    drawStage();
  } else if (pressed.index !== null) {
    const mark = find('.marks').children[pressed.index];
    mark.style.left = place.x * 100 + '%'; mark.style.top = place.y * 100 + '%';
    pressed.to = place;
  }
});
frame.addEventListener('pointerup', event => {
  if (!pressed) return;
  const { place, index, moved, to } = pressed;
  pressed = null;
  if (drawing) {
    cursor = placeOf(event);
    if (moved) closeOutline(); else corner(place);
  } else if (index !== null && moved && to) {
    // A correction that is moved out of its outline reaches as far as the thing goes.
    const { outline, ...hint } = hints[index];
    selected = index; draft = null;
    change(hints.map((old, other) => other === index ? { ...hint, ...to } : old));
  } else if (index !== null) {
    select(index);
  } else if (!moved) {
    cursor = place;
    look(place);
  }
});
frame.addEventListener('pointercancel', () => {
  if (pressed && drawing) corners = pressed.before;
  pressed = null; draw();
});

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
frame.addEventListener('keydown', event => {
  const arrow = ARROWS[event.key];
  if (arrow) {
    const share = event.shiftKey ? 0.05 : 0.01;
    const moved = (at, by) => Math.round(clamp(at + by * share) * 1e4) / 1e4;
    cursor = { x: moved(cursor.x, arrow[0]), y: moved(cursor.y, arrow[1]) };
    if (drawing) drawStage(); else look({ ...cursor });
  } else if (event.key === 'Enter' || event.key === ' ') {
    if (!drawing) look({ ...cursor }); else corner(cursor);
  } else if (event.key === 'Escape') {
    corners = []; draft = null; selected = null; draw();
  } else return;
  event.preventDefault();
});

function pathOf(outline, closed) {
  return outline.map(([x, y], index) => `${index ? 'L' : 'M'}${x} ${y}`).join('') + (closed ? 'Z' : '');
}

function drawStage() {
  const lines = hints.map((hint, index) => index === selected && hint.outline).filter(Boolean)
    .map(outline => pathOf(outline, true));
  if (draft && draft.outline) lines.push(pathOf(draft.outline, true));
  if (corners.length) lines.push(pathOf(corners, false));
  fill(find('.lines'), lines.flatMap(line => [['', line], ['dash', line]]),
    () => document.createElementNS('http://www.w3.org/2000/svg', 'path'),
    (path, [kind, line]) => { path.setAttribute('class', kind); path.setAttribute('d', line); });
  fill(find('.marks'), hints,
    () => { const mark = document.createElement('div'); mark.append(document.createElement('span')); return mark; },
    (mark, hint, index) => {
      mark.className = index === selected ? 'mark on' : 'mark';
      mark.dataset.index = index;
      mark.style.left = hint.x * 100 + '%'; mark.style.top = hint.y * 100 + '%';
      const correction = answer.corrections[index];
      mark.firstChild.textContent = index + 1;
      mark.firstChild.style.background = correction ? correction.hex : 'transparent';
    });
  const cross = find('.cross');
  const at = drawing ? cursor : draft && !draft.outline ? draft : null;
  cross.hidden = !at;
  cross.classList.toggle('busy', waiting);
  if (at) { cross.style.left = at.x * 100 + '%'; cross.style.top = at.y * 100 + '%'; }
  const reach = find('.reach'), url = (draft || selected !== null) && !drawing ? answer.reach : null;
  reach.classList.toggle('on', !!url);
  if (url) reach.style.backgroundImage = `url(${url})`;
}
