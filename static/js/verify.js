// "Verify now": has the nodes read every copy of the shown file again, and changes the map as news arrives.

import { call } from "./api.js";
import { _ } from "./gettext.js";

const STEPS = 40;
const PIECE_BYTES = 4 * 2 ** 20;
const MOST_BYTES = 2 ** 30; // the server looks at no more in one request
const LOOKS = { stored: "1", corrupt: "bad", missing: "none", pending: "half" };

// Returns how many copies were asked for and how many proved good; or null when the map is not on show any more.
export async function verify(section) {
  const url = `/api/v1/entries/${section.dataset.id}`;
  const known = (await call("GET", `${url}/manifest`)).chunks.map(({ replicas }) => new Map(replicas.map((one) => [one.node, one])));
  const drawn = (element, nodes) => strip(element, new Set(nodes), known, Number(section.dataset.piecesACell));
  const strips = [...section.querySelectorAll(".strip")].map((element) => drawn(element, [element.dataset.node]));
  const zones = [...section.querySelectorAll(".zone")].map((zone) => drawn(zone.querySelector("summary"), [...zone.querySelectorAll(".strip")].map((element) => element.dataset.node)));
  const length = Math.min(MOST_BYTES, Math.ceil(section.dataset.size / STEPS / PIECE_BYTES) * PIECE_BYTES);
  let place = 0;
  for (let offset = 0; offset !== null; ) {
    const answer = await call("POST", `${url}/verify`, { offset, length });
    if (!section.isConnected) return null;
    for (const { replicas } of answer.chunks) {
      for (const one of [...strips, ...zones]) one.take(place, replicas.filter(({ node }) => one.nodes.has(node)));
      place += 1;
    }
    offset = answer.next_offset;
  }
  const sum = (figure) => strips.reduce((all, one) => all + one[figure], 0);
  return { asked: sum("asked"), good: sum("good") };
}

// The pieces of one node, or of a zone's: each is dimmed until it has been read.
function strip(element, nodes, known, piecesACell) {
  const [fact, cells] = [element.querySelector(".strip-head span"), [...element.querySelectorAll('[role="img"] use')]];
  const had = (place, node) => known[place]?.get(node)?.state === "stored";
  const has = (place) => [...nodes].some((node) => had(place, node));
  const asked = known.filter((_, place) => has(place)).length;
  const worst = new Map(); // cell → the look of its worst piece so far
  const one = { nodes, asked, good: 0, take };
  for (const [place] of known.entries()) if (has(place)) cells[Math.floor(place / piecesACell)]?.classList.add("unread");

  function take(place, replicas) {
    const now = replicas.find(({ state }) => state === "stored") ?? replicas[0];
    const isRead = now && had(place, now.node) && now.verified_at !== known[place].get(now.node).verified_at;
    if (isRead && now.state === "stored") one.good += 1;
    if (asked) fact.textContent = _("checking now, %(good)s of %(asked)s", { good: one.good, asked });
    const at = Math.floor(place / piecesACell);
    if (isRead && (now.state !== "stored" || !worst.has(at))) worst.set(at, LOOKS[now.state]);
    if (place + 1 < known.length && Math.floor((place + 1) / piecesACell) === at) return; // the cell's next piece comes
    cells[at]?.classList.remove("unread");
    if (worst.has(at)) cells[at]?.setAttribute("href", `#p-${worst.get(at)}`);
  }
  return one;
}
