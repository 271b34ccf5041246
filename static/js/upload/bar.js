// The segmented bar: 44 segments, filled as bytes arrive; the last ones in flight are softer.

import { draw } from "../dom.js";

const SEGMENTS = 44;
const IN_FLIGHT = 2;

export function bar() {
  const rects = Array.from({ length: SEGMENTS }, (_, place) => draw("rect", { x: place * 6, y: 0, width: 4, height: 6, rx: 1 }));
  return draw("svg", { class: "bar", viewBox: `0 0 ${SEGMENTS * 6 - 2} 6`, preserveAspectRatio: "none", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, ...rects);
}

export function fill(element, part, label, flying) {
  const full = Math.floor(part * SEGMENTS);
  element.setAttribute("aria-valuenow", Math.floor(part * 100));
  element.setAttribute("aria-label", label);
  for (const [place, rect] of [...element.children].entries()) {
    const soft = flying && place >= full - IN_FLIGHT && place < full;
    rect.setAttribute("class", place >= full ? "" : soft ? "flying" : "sent");
  }
}
