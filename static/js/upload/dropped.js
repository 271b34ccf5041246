// Reads what was dropped, folders with all they hold; one that holds nothing comes without a file.

// Resolves to { items, unread }: the names of what cannot be read, and all the rest.
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const unread = [];
  if (!entries.length) return { items: [...transfer.files].map((file) => ({ file, folders: [] })), unread };
  return { items: (await Promise.all(entries.map((entry) => walk(entry, [], unread)))).flat(), unread };
}

async function walk(entry, folders, unread) {
  const found = [];
  try {
    if (entry.isFile) return [{ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), folders }];
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) break; // it gives a hundred at a time
      found.push(...some);
    }
  } catch {
    unread.push(entry.name);
    if (!found.length) return [];
  }
  const below = [...folders, entry.name];
  if (!found.length) return [{ file: null, folders: below }];
  return (await Promise.all(found.map((one) => walk(one, below, unread)))).flat();
}
