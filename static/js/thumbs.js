// Small pictures in rows and cards: asked for when they come into view; drawing the first takes a moment.

const AHEAD = "500px 0px";
const AT_ONCE = 6;
const AGAIN_MS = [900, 1500, 3000, 6000, 12_000];
const waiting = [];
let loading = 0;
const seen = new IntersectionObserver((found) => {
  for (const one of found) {
    if (!one.isIntersecting) continue;
    seen.unobserve(one.target);
    waiting.push(one.target);
  }
  fill();
}, { rootMargin: AHEAD });

export function watch(within) {
  for (const row of within.querySelectorAll(".row[data-thumb]")) seen.observe(row);
}

function fill() {
  while (loading < AT_ONCE && waiting.length) load(waiting.shift());
}

export async function load(row, tries = 0) {
  if (!row.isConnected) {
    seen.observe(row); // it may come back
    return;
  }
  const picture = new Image();
  picture.alt = "";
  picture.src = row.dataset.thumb + (tries ? `&try=${tries}` : "");
  loading += 1;
  try {
    await picture.decode();
    (row.querySelector(".c-thumb") ?? row).replaceChildren(picture);
  } catch {
    if (tries < AGAIN_MS.length) setTimeout(load, AGAIN_MS[tries], row, tries + 1); // it is being drawn
  } finally {
    loading -= 1;
    fill();
  }
}
