// Does one thing to many entries by few calls, tells how far it is, and says what could not be done.

import { call } from "./api.js";
import { _ } from "./gettext.js";
import { progress } from "./toast.js";
import { things } from "./words.js";

export const FEW = 200; // are put into their places; for more the list is asked for anew
const SLICE = 200; // seconds of work at the most, so that it is seen to go on
const AGAIN_MS = [500, 2000, 5000]; // after no answer

// Returns of which it was done, and the entries as they are then, both in their order, and in words what was not, or "".
export async function doToAll(operation, chosen, { parent, doing }) {
  const [done, entries, refused] = [[], [], []];
  const far = chosen.length > SLICE ? progress(doing, chosen.length) : null;
  let broken = null;
  try {
    for (let from = 0; from < chosen.length; from += SLICE) {
      const slice = chosen.slice(from, from + SLICE);
      const { results } = await once({ operation, ids: slice.map((one) => one.id), parent });
      const outcomes = new Map(results.map((result) => [result.id, result]));
      for (const one of slice) {
        const { entry, error } = outcomes.get(one.id);
        if (error) {
          refused.push({ one, message: error.detail });
        } else {
          done.push(one);
          entries.push(entry);
        }
      }
      far?.tell(from + slice.length);
    }
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    broken = problem;
  } finally {
    far?.end();
  }
  return { done, entries, trouble: inWords(chosen, done, refused, broken) };
}

// What was done in words, and what was not.
export const told = (words, trouble) => [words, trouble].filter(Boolean).join(" ");

// Under a key it is one transaction, and asked for again without being done twice when no answer came.
async function once(body) {
  const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const ask = () => call("POST", "/api/v1/batch", body, { "Idempotency-Key": key });
  for (const wait of AGAIN_MS) {
    try {
      return await ask();
    } catch (problem) {
      if (problem.status !== 0) throw problem;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  return ask();
}

function inWords(chosen, done, refused, broken) {
  const left = chosen.length - done.length;
  if (!left) return "";
  const { one, message } = refused[0] ?? { one: chosen[done.length], message: broken.message };
  if (left === 1) return _("“%(name)s” stays as it is. %(message)s", { name: one.name, message: broken?.message ?? message });
  if (broken) return _("%(things)s stay as they are. %(message)s", { things: things(left, "item"), message: broken.message });
  return _("%(things)s stay as they are, “%(name)s” among them. %(message)s", { things: things(left, "item"), name: one.name, message });
}
