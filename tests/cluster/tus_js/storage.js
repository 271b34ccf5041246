// A browser's localStorage kept in a file, so that the next process finds what the last one has left.
const { existsSync, readFileSync, writeFileSync } = require("node:fs");

exports.storageIn = (path) => {
  const kept = new Map(existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : []);
  const keep = () => writeFileSync(path, JSON.stringify([...kept]));
  return {
    get length() { return kept.size; },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    setItem(key, value) { kept.set(key, String(value)); keep(); },
    removeItem(key) { kept.delete(key); keep(); },
  };
};
