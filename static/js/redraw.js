// Draws a place anew from what the server sends of it, under the hands of whoever is there: the focus stays on the
// control that does the same, else goes to the first one; what is unfolded and how far it is scrolled stay too.

const controls = (place) => [...place.querySelectorAll("a, button:enabled, input:enabled, summary, [tabindex]")];
const deed = (one) => [one.tagName, one.dataset.deed, one.dataset.name].join("|");
const describe = (one) => one.id || [deed(one), one.parentElement.dataset.about, one.getAttribute("aria-label") ?? one.textContent].join("|");
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
