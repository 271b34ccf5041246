"""Resumable uploads."""

import base64

from tests.dfsclient.service.state import Problem, Upload
from tests.dfsclient.service.wire import BASE, Wire


class Uploads(Wire):
    def create_upload(self) -> None:
        pairs = [pair.split(" ") for pair in self.headers["Upload-Metadata"].split(",")]
        metadata = {key: base64.b64decode(value).decode() for key, value in pairs}
        concat = self.headers.get("Upload-Concat", "")
        with self.service.lock:
            upload = self.made_of(concat)
            if upload is None and concat.startswith("final;"):
                upload = self.joined(concat, metadata)
            elif upload is None:
                upload = Upload(int(self.headers["Upload-Length"]), metadata, concat=concat)
                self.service.uploads[str(next(self.service.ids))] = upload
        self.finish_if_whole(upload)
        number = next(number for number, one in self.service.uploads.items() if one is upload)
        headers = {"Location": f"http://elsewhere.invalid{BASE}/uploads/{number}"}
        self.reply(201, b"", {**headers, **entry_header(upload)})

    def made_of(self, concat: str) -> Upload | None:
        """The file that parts became already."""
        finals = (one for one in self.service.uploads.values() if one.concat.startswith("final;"))
        return next((one for one in finals if one.concat == concat), None)

    def joined(self, concat: str, metadata: dict[str, str]) -> Upload:
        numbers = [address.rpartition("/")[2] for address in concat.removeprefix("final;").split()]
        parts = [self.upload(number) for number in numbers]
        if any(len(part.data) != part.length for part in parts):
            raise Problem(409, "part_unfinished")
        data = bytearray().join(part.data for part in parts)
        whole = Upload(len(data), metadata, data, concat=concat)
        self.finish_if_whole(whole)
        for number in numbers:
            del self.service.uploads[number]
        self.service.uploads[str(next(self.service.ids))] = whole
        return whole

    def ask_upload(self, number: str) -> None:
        upload = self.upload(number)
        headers = {"Upload-Offset": str(len(upload.data)), "Upload-Length": str(upload.length)}
        self.reply(200, b"", {**headers, "Cache-Control": "no-store", **entry_header(upload)})

    def fill_upload(self, number: str) -> None:
        upload = self.upload(number)
        if int(self.headers["Upload-Offset"]) != len(upload.data):
            self.read_body()
            raise Problem(409, "offset_mismatch", "These are not the next bytes of the upload.")
        self.read_body(into=upload.data)
        self.finish_if_whole(upload)
        self.reply(204, b"", {"Upload-Offset": str(len(upload.data)), **entry_header(upload)})

    def end_upload(self, number: str) -> None:
        self.upload(number)
        del self.service.uploads[number]
        self.reply(204)

    def upload(self, number: str) -> Upload:
        if self.headers.get("Tus-Resumable") != "1.0.0":
            raise Problem(412, "unsupported_tus_version")
        if number not in self.service.uploads:
            raise Problem(404, "not_found", "You have no such upload.")
        return self.service.uploads[number]

    def finish_if_whole(self, upload: Upload) -> None:
        is_whole = len(upload.data) == upload.length and upload.concat != "partial"
        if is_whole and upload.entry is None:
            asked = upload.metadata
            with self.service.lock:
                upload.entry = self.service.commit(
                    asked["parent"], asked["filename"], bytes(upload.data), asked.get("on_conflict", "fail")
                ).id


def entry_header(upload: Upload) -> dict[str, str]:
    return {"Dfs-Entry": upload.entry} if upload.entry else {}


ROUTES = (
    ("POST", "/uploads", "create_upload"),
    ("HEAD", "/uploads/([^/]+)", "ask_upload"),
    ("PATCH", "/uploads/([^/]+)", "fill_upload"),
    ("DELETE", "/uploads/([^/]+)", "end_upload"),
)
