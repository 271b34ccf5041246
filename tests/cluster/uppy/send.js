// Uploads a file by Uppy's tus plugin, in pieces and in parts at once, or one after the other.
import { readFileSync } from "node:fs";
import Uppy from "@uppy/core";
import Tus from "@uppy/tus";

const [endpoint, token, path, name, parts] = process.argv.slice(2);
const uppy = new Uppy();
uppy.use(Tus, {
  endpoint,
  parallelUploads: Number(parts),
  chunkSize: 3 * 1024 * 1024,
  retryDelays: null,
  headers: { Authorization: `Token ${token}` },
  allowedMetaFields: ["filename"],
});
uppy.addFile({ name, type: "application/octet-stream", data: readFileSync(path), meta: { filename: name } });
const { successful, failed } = await uppy.upload();
for (const file of failed) console.error(String(file.error));
for (const file of successful) console.log(file.uploadURL);
process.exitCode = failed.length;
