// What of a list has come: stretches of rows, each at its place. What lies between them, and below, has not come yet.

const EXPECTED = 200; // more to come where nobody tells how much

export class Held {
  // { from, rows, more, edge } in order: the first begins at 0, two never touch. `more` is the address where it goes
  // on, behind the row `edge`, which may have left since.
  #stretches;
  #count; // of all there are, null where nobody tells
  #folders; // which come first
  #flat = null;

  constructor(rows = [], more = null, { count = null, folders = null } = {}) {
    this.#stretches = [{ from: 0, rows, more, edge: rows.at(-1) }];
    this.#count = count;
    this.#folders = folders;
    this.#settle();
  }

  get rows() {
    return (this.#flat ??= this.#stretches.flatMap((one) => one.rows));
  }

  get isCounted() {
    return this.#count !== null;
  }

  get total() {
    const last = this.#stretches.at(-1);
    return this.#count ?? end(last) + (last.more ? EXPECTED : 0);
  }

  get folders() {
    if (this.#folders !== null) return this.#folders;
    const first = this.rows.findIndex((row) => row.dataset.kind === "file");
    return first < 0 ? this.rows.length : first;
  }

  at(index) {
    const one = this.#stretches.findLast((stretch) => stretch.from <= index);
    return one?.rows[index - one.from];
  }

  indexOf(row) {
    for (const one of this.#stretches) {
      const at = one.rows.indexOf(row);
      if (at >= 0) return one.from + at;
    }
    return -1;
  }

  // The rows of these places that have come, each with its place.
  within(from, to) {
    return this.#stretches.flatMap((one) =>
      one.rows.slice(Math.max(0, from - one.from), Math.max(0, to - one.from)).map((row, at) => [row, Math.max(from, one.from) + at]));
  }

  // The first hole that reaches into these places: { before, from, to, after }, the stretches around it and its part among them.
  hole(from = 0, to = this.total) {
    for (const [place, before] of this.#stretches.entries()) {
      const after = this.#stretches[place + 1] ?? null;
      const [first, last] = [Math.max(from, end(before)), Math.min(to, after?.from ?? this.total)];
      if (first < last) return { before, from: first, to: last, after };
    }
    return null;
  }

  // Every hole between these places.
  *holes(from, to) {
    for (let one = this.hole(from, to); one; one = this.hole(one.after?.from ?? to, to)) yield one;
  }

  // What follows a stretch has come. False: it does not fit what is known, the list has become another one.
  grow(before, fresh, more) {
    const after = this.#stretches[this.#stretches.indexOf(before) + 1];
    const room = after ? after.from - end(before) : Infinity;
    if (after && (fresh.length < room ? !more : !goesOn(after, 0, fresh.slice(room)))) return false;
    before.rows.push(...fresh.slice(0, room));
    [before.more, before.edge] = [more, fresh.at(-1)];
    this.#settle();
    return true;
  }

  // Rows have come that were asked for by their place, in a hole. False as above.
  put(from, fresh, more) {
    const place = this.#stretches.findIndex((one) => one.from > from);
    const after = place < 0 ? null : this.#stretches[place];
    const room = (after?.from ?? this.#count) - from;
    if (after ? fresh.length < room && !more : more ? fresh.length >= room : fresh.length !== room) return false;
    if (after && !goesOn(after, 0, fresh.slice(room))) return false;
    this.#stretches.splice(place < 0 ? this.#stretches.length : place, 0, { from, rows: fresh.slice(0, room), more, edge: fresh.at(-1) });
    this.#settle();
    return true;
  }

  // Takes the others out, and puts what rows become into their places.
  keepOnly(isKept, become = (row) => row) {
    let gone = 0;
    for (const one of this.#stretches) {
      const staying = one.rows.filter(isKept);
      one.from -= gone;
      gone += one.rows.length - staying.length;
      if (this.#folders !== null) this.#folders -= one.rows.filter((row) => row.dataset.kind === "folder" && !isKept(row)).length;
      one.rows = staying.map(become);
    }
    if (this.#count !== null) this.#count -= gone;
    this.#settle();
  }

  // Puts a row into its place. False: it lies where nothing has come yet, and counts there if it is wanted.
  insert(row, comesBefore, counts) {
    for (const [place, one] of this.#stretches.entries()) {
      const found = one.rows.findIndex((other) => comesBefore(row, other));
      const at = found < 0 && (!one.more || comesBefore(row, one.edge)) ? one.rows.length : found;
      if (at < 0) continue;
      const isHere = at > 0 || place === 0;
      if (isHere) one.rows.splice(at, 0, row);
      if (isHere || counts) this.#shift(isHere ? place + 1 : place, row);
      return isHere;
    }
    if (counts) this.#shift(this.#stretches.length, row);
    return false;
  }

  #shift(place, row) {
    for (const one of this.#stretches.slice(place)) one.from += 1;
    if (this.#count !== null) this.#count += 1;
    if (this.#folders !== null && row.dataset.kind === "folder") this.#folders += 1;
    this.#settle();
  }

  // Joins stretches that have come to touch, and believes what has come more than what was counted.
  #settle() {
    this.#flat = null;
    this.#stretches = this.#stretches.filter((one, place) => place === 0 || one.rows.length);
    for (let place = 1; place < this.#stretches.length; ) {
      const [before, after] = [this.#stretches[place - 1], this.#stretches[place]];
      if (end(before) < after.from) place += 1;
      else {
        before.rows.push(...after.rows);
        [before.more, before.edge] = [after.more, after.edge];
        this.#stretches.splice(place, 1);
      }
    }
    const last = this.#stretches.at(-1);
    if (this.#count !== null) this.#count = last.more ? Math.max(this.#count, end(last) + 1) : end(last);
  }
}

const end = (stretch) => stretch.from + stretch.rows.length;

// Are these the rows of a stretch from a place on, as far as both reach?
function goesOn(stretch, at, rows) {
  return rows.every((row, place) => (stretch.rows[at + place]?.dataset.id ?? row.dataset.id) === row.dataset.id);
}
