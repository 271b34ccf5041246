// The line at the foot of the rail: whether every copy is where it should be, and what is so when it is not. For
// staff the badge beside Cluster, too: what its page tells of.

import { call } from "./api.js";
import { tablets } from "./dom.js";
import { _, ngettext } from "./gettext.js";

const EVERY_MS = 30_000;
const SOON_MS = 2500; // while copies are being made, which rarely takes long; then less and less often
let timer = null;

export const start = () => look();

// Looks now: what has just come may not have all its copies.
export async function look(soon = SOON_MS) {
  let [wait, next] = [EVERY_MS, SOON_MS];
  const line = document.getElementById("safety");
  try {
    const cluster = await call("GET", "/api/v1/cluster");
    showNews(cluster);
    const { tone, signs, words } = told(cluster);
    if (signs.includes("half")) [wait, next] = [soon, Math.min(2 * soon, EVERY_MS)];
    line.className = `safety ${tone}`;
    line.replaceChildren(tablets(signs), words);
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    line.className = "safety warn";
    line.replaceChildren(_("The copies were not checked just now"));
  } finally {
    clearTimeout(timer);
    timer = setTimeout(again, wait, next);
  }
  line.hidden = false;
}

function again(soon) {
  if (document.visibilityState === "visible") look(soon);
  else timer = setTimeout(again, EVERY_MS);
}

function showNews({ nodes_away: away, problems }) {
  const count = problems.filter((one) => one.severity !== "notice").length; // a notice calls nobody
  for (const badge of document.querySelectorAll(".cluster-news")) {
    badge.hidden = !away && !count;
    badge.className = `badge cluster-news ${away ? "danger" : "warn"}`;
    badge.textContent = away ? _("%(away)s off", { away }) : ngettext("%(count)s problem", "%(count)s problems", count);
  }
}

function told(cluster) {
  const { copies_wanted: wanted, fewest_in_reach: copies } = cluster;
  const signs = (rest) => Array.from({ length: wanted }, (_one, place) => (place < copies ? "full" : rest));
  if (cluster.lost) return { tone: "danger", signs: Array(wanted).fill("bad"), words: _("Some files are damaged") };
  if (cluster.unavailable) return { tone: "warn", signs: signs("off"), words: _("Some files wait for nodes") };
  const figures = { away: cluster.nodes_away, all: cluster.nodes, copies, wanted };
  if (cluster.out_of_reach && !cluster.nodes_away) return { tone: "warn", signs: signs("off"), words: _("No node was asked lately") };
  if (cluster.out_of_reach && !copies) return { tone: "warn", signs: signs("off"), words: _("%(away)s of %(all)s nodes away: some files may not open", figures) };
  if (cluster.out_of_reach) return { tone: "warn", signs: signs("off"), words: _("%(away)s of %(all)s nodes away: %(copies)s of %(wanted)s copies in reach", figures) };
  if (copies < wanted) return { tone: "warn", signs: signs("half"), words: _("Some files have %(copies)s of %(wanted)s copies", figures) };
  return { tone: "", signs: signs("full"), words: _("All your files have %(wanted)s copies", figures) };
}
