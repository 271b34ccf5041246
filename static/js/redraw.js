// Draws a place anew from what the server sends of it, under the hands of whoever is there: the focus stays on the
// control that does the same, else on the one in its stead; what is unfolded and how far it is scrolled stay too.

const controls = (place) => [...place.querySelectorAll("a, button, input, summary, [tabindex]")];
const describe = (one) => one.id || [one.dataset.deed, one.dataset.name, one.parentElement.dataset.about, one.getAttribute("aria-label") ?? one.textContent].join("|");
const folds = (place) => [...place.querySelectorAll("details")].map((fold, at) => [fold.dataset.about ?? at, fold]);

// What is still to be done to what is fresh before it is looked at is done by `dress`.
export function redraw(place, fresh, dress) {
  const { scrollTop } = place;
  const at = controls(place).indexOf(document.activeElement);
  const said = at < 0 ? null : describe(document.activeElement);
  const unfolded = new Set(folds(place).filter(([, fold]) => fold.open).map(([key]) => key));
  place.replaceChildren(fresh);
  for (const [key, fold] of folds(place)) fold.open = unfolded.has(key);
  dress();
  place.scrollTop = scrollTop;
  if (said === null) return;
  const now = controls(place);
  const nearest = [now[at], ...now].filter(Boolean);
  [...nearest.filter((one) => describe(one) === said), ...nearest].find((one) => one.checkVisibility())?.focus({ preventScroll: true });
}
