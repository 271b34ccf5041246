// The line at the foot of the rail: whether every copy is where it should be.

import { call } from "./api.js";
import { tablets } from "./dom.js";
import { _ } from "./gettext.js";

const EVERY_MS = 30_000;

export function start() {
  look();
  setInterval(() => document.visibilityState === "visible" && look(), EVERY_MS);
}

// Looks now: what has just come may not have all its copies.
export async function look() {
  const line = document.getElementById("safety");
  try {
    const cluster = await call("GET", "/api/v1/cluster");
    const safe = cluster.health === "healthy" && cluster.under_replicated === 0 && cluster.lost === 0;
    line.hidden = !safe;
    line.replaceChildren(tablets(["full", "full", "full"]), _("All your files have 3 copies"));
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    line.hidden = true; // what was not checked is not said
  }
}
