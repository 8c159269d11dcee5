// The corrections of one photo: the list, its history, and what the page says about them.
const find = selector => element.querySelector(selector);
const editor = find('.editor'), workspace = element.closest('.workspace') || document.body;
const LEAST_MS = 150;          // between two messages: the page answers about as many a second
const PATIENCE_MS = 20000;     // after which an answer is given up
const REACH = 2.5;             // of a touch: whoever sees the result wants the whole thing, and can take it back
let photo = null;              // the session whose corrections these are
let photoName = null;          // and its photo, which stays the same in other detail
let hints = [], past = [], future = [], lastChange = null;
let confirmed = [];            // the list that the page accepted last
let selected = null;           // index of the correction in hand
let draft = null;              // or a place without colour yet: {x, y}, or {outline}
let answer = { corrections: [], place: null, reach: null };
let other = null;              // another picture, whose colours are offered
let seen = '';                 // the place whose swatches are there
let finishing = false;         // the visitor is finished, but the last change has no answer yet
let number = 0, waiting = false, again = false, sentAt = 0, patience = null, sent = [];

const plain = hint => { const { label, ...rest } = hint; return rest; };
const same = (one, two) => JSON.stringify(one.map(plain)) === JSON.stringify(two.map(plain));

function say(words) { find('.status').textContent = words; }
function complain(words) { find('.problem').textContent = words || ''; }

// One message at a time: while it is on its way, further changes wait and go together.
function send() {
  if (waiting) { again = true; draw(); return; }
  waiting = true; again = false;
  const wait = Math.max(10, sentAt + LEAST_MS - performance.now());
  setTimeout(() => {
    sentAt = performance.now();
    sent = hints;
    const place = JSON.stringify([draft || (selected !== null && hints[selected]), other && other.palette],
      (key, value) => ['color', 'ab', 'keep', 'label', 'reach'].includes(key) ? undefined : value);
    const message = { number: ++number, hints: hints.map(plain), selected, draft, look: place !== seen };
    if (other) message.offered = other.palette;
    seen = place;
    trigger('edit', message);
    patience = setTimeout(() => failed('The page did not answer.'), PATIENCE_MS);
  }, wait);
  draw();
}

function answered() {
  clearTimeout(patience);
  waiting = false;
  if (again) send(); else if (finishing) finish();
}

function failed(words) {
  if (!waiting) return;
  again = false;
  seen = '';
  if (typeof words === 'string') complain(words);
  if (!same(hints, confirmed)) { hints = confirmed; selected = null; draft = null; }
  answered();
  draw();
}

// A change of the list. Those with the same `kind`, such as the moves of one slider, are undone together.
function change(list, kind = null) {
  if (kind === null || kind !== lastChange) past.push(hints);
  lastChange = kind;
  hints = list; future = [];
  complain('');
  send();
}

function look(place) {
  draft = place.outline ? place : { ...place, reach: REACH };
  if (place.outline) answer.place = null;  // where in it the hint is to be, the page says
  selected = null; lastChange = null;
  complain('');
  send();
}
function select(index) { selected = index; draft = null; lastChange = null; complain(''); send(); }

function step(from, to, words) {
  if (!from.length) return;
  to.push(hints);
  hints = from.pop(); selected = null; draft = null; lastChange = null;
  complain('');
  say(words);
  send();
}
const undo = () => step(past, future, 'Undone.');
const redo = () => step(future, past, 'Done again.');

// Gives a colour to the place in hand: {ab} or {color}, or {keep: true} to leave it as it is.
function paint(color, label, kind = null) {
  if (selected !== null) {
    const { x, y, outline, reach } = hints[selected];
    const hint = { x, y, ...color, label };
    if (outline) hint.outline = outline;
    if (reach) hint.reach = reach;
    change(hints.map((old, index) => index === selected ? hint : old), kind);
  } else if (draft && answer.place) {
    const { x, y } = draft.outline ? answer.place : draft;
    const hint = { x, y, ...color, label };
    if (draft.outline) hint.outline = draft.outline; else hint.reach = REACH;
    selected = hints.length; draft = null;
    change([...hints, hint], kind);
  }
  say(`Correction ${selected + 1}: ${label}.`);
}

function remove(index) {
  selected = null; draft = null;
  say(`Correction ${index + 1} removed.`);
  change(hints.filter((_, other) => other !== index));
}

function receive() {
  const value = props.value;
  if (!value) { photo = null; finishing = false; leave(); return; }
  if (value.hints && (value.photo !== photo || ![confirmed, sent, hints].some(list => same(value.hints, list)))) {
    // Another photo, or the same one with other detail, which keeps its corrections.
    photo = value.photo;
    if (value.photo_name !== photoName || !same(value.hints, hints)) {
      hints = value.hints; past = []; future = []; other = null; corners = [];
    }
    photoName = value.photo_name;
    confirmed = sent = hints; selected = null; draft = null; lastChange = null;
    answer = { corrections: [], place: null, reach: null };
    seen = '';
    complain('');
  } else if (value.hints && answer.place && (draft || selected !== null)) {
    seen = '';  // in another strength or tone, other colours are predicted there
    send();
  }
  if (value.number !== undefined && value.number !== number) return;  // an answer that was given up
  if (value.photo !== photo) { answered(); return; }
  if (value.reference) { takeReference(value.reference); return; }
  if (value.picture) show(value);
  if (value.error) { failed(value.error); return; }
  if (value.corrections) answer = { place: answer.place, reach: null, ...value };
  if (value.number !== undefined) {
    confirmed = sent;
    if (value.place && !again && selected === null) say(`A place that is ${value.place.light}. Choose its colour.`);
    const advice = selected !== null && answer.corrections[selected] && answer.corrections[selected].advice;
    complain(again ? '' : advice);
    answered();
  }
  draw();
}

function enter() {
  workspace.dataset.mode = 'correct';
  editor.hidden = false;
  draw();
  find('.frame').focus({ preventScroll: true });
  editor.scrollIntoView({ block: 'nearest' });
}

// Before and after are made from what the page knows: not before it has answered the last change.
function finish() {
  finishing = waiting;
  if (!waiting) trigger('done');
}

function leave() {
  delete workspace.dataset.mode;
  editor.hidden = true;
  selected = null; draft = null; corners = [];
}
