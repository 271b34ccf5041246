// Draws a place anew from what the server sends of it, under the hands of whoever is there: the focus stays on the
// control that does the same, else goes to the first one; what is unfolded and how far it is scrolled stay too.

const controls = (place) => [...place.querySelectorAll("a, button:enabled, input:enabled, summary, [tabindex]")];
const deed = (one) => [one.tagName, one.dataset.deed, one.dataset.name].join("|");
const describe = (one) => one.id || one.dataset.id || [deed(one), one.parentElement?.dataset.about, one.getAttribute("aria-label") ?? one.textContent].join("|");
const folds = (place) => [...place.querySelectorAll("details")].map((fold, at) => [fold.dataset.about ?? at, fold]);

// What is still to be done to what is fresh before it is looked at is done by `dress`.
export function redraw(place, fresh, dress) {
  const { scrollTop } = place;
  const focused = document.activeElement;
  const at = controls(place).indexOf(focused);
  const [said, did] = at < 0 ? [] : [describe(focused), deed(focused)];
  const unfolded = new Set(folds(place).filter(([, fold]) => fold.open).map(([key]) => key));
  place.replaceChildren(fresh);
  for (const [key, fold] of folds(place)) fold.open = unfolded.has(key);
  dress();
  place.scrollTop = scrollTop;
  if (at < 0) return;
  const now = controls(place);
  const fitting = [
    ...[now[at], ...now].filter((one) => one && describe(one) === said),
    ...[now[at]].filter((one) => one && deed(one) === did), // its words may be figures that have changed
    ...now,
  ];
  fitting.find((one) => one.checkVisibility())?.focus({ preventScroll: true });
}

// Gives the focus back to what something was opened from, unless it is elsewhere by now: to what stands there since, if
// that was drawn anew meanwhile, or else to the row that Tab leads to.
export function giveBack(opener) {
  if (!opener || (document.activeElement !== document.body && document.activeElement.checkVisibility())) return;
  const said = describe(opener);
  const now = opener.isConnected ? opener : controls(document).find((one) => describe(one) === said && one.checkVisibility());
  (now ?? document.querySelector('#list .row[tabindex="0"]'))?.focus({ preventScroll: true });
}
