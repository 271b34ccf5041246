// Gives tus-js-client the bytes of a file as arrays in memory. A request body that is a slice of a file on disk
// hangs in Safari 26, and says nothing when the file has changed since it was picked; reading it here does.

export const SLICE_BYTES = 16 * 2 ** 20;

export const reader = {
  openFile: async (file) => ({
    size: file.size,
    slice: async (start, end) => ({
      value: new Uint8Array(await file.slice(start, end).arrayBuffer()),
      done: false, // the length is declared, so the client itself knows when all is sent
    }),
    close() {},
  }),
};
