// Reads what was dropped, folders with all they hold; one that holds nothing comes without a file.

export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ file, folders: [] }));
  return (await Promise.all(entries.map((entry) => walk(entry, [])))).flat();
}

async function walk(entry, folders) {
  if (entry.isFile) return [{ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), folders }];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break; // it gives a hundred at a time
    found.push(...some);
  }
  const below = [...folders, entry.name];
  if (!found.length) return [{ file: null, folders: below }];
  return (await Promise.all(found.map((one) => walk(one, below)))).flat();
}
