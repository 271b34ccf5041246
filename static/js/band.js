// The rubber band: pressing beside the rows and pulling selects what the rectangle touches.

import { make } from "./dom.js";
import { list } from "./rows.js";
import { select, selected } from "./selection.js";
import { touching } from "./viewport.js";

const STARTS_AFTER_PX = 6;

export function start() {
  document.addEventListener("pointerdown", (event) => {
    const here = list();
    if (event.button || event.pointerType === "touch" || !here || !event.target.closest("#page")) return;
    if (event.target.closest(".row, a, button, input, .selection-bar, .page-head")) return;
    pull(event, event.ctrlKey || event.metaKey ? selected() : []);
  });
}

function pull(from, kept) {
  const [x, y] = [from.pageX, from.pageY];
  let band = null;
  const move = (event) => {
    if (!band && Math.hypot(event.pageX - x, event.pageY - y) < STARTS_AFTER_PX) return;
    band ??= document.body.appendChild(make("div", { class: "band" }));
    const box = { left: Math.min(x, event.pageX), top: Math.min(y, event.pageY), right: Math.max(x, event.pageX), bottom: Math.max(y, event.pageY) };
    band.style.left = `${box.left}px`;
    band.style.top = `${box.top}px`;
    band.style.width = `${box.right - box.left}px`;
    band.style.height = `${box.bottom - box.top}px`;
    select([...kept, ...touching(box)]);
    event.preventDefault();
  };
  const end = () => {
    document.removeEventListener("pointermove", move);
    if (band) band.remove();
    else if (!kept.length) select([]);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", end, { once: true });
}
