"""A film to look at: a real WebM of VP8 frames (RFC 6386), each a key frame, with cues to seek by (RFC 9559).

A lossy WebP picture is one VP8 key frame in another box (RFC 9649), so Pillow draws the frames.
"""

import io
import random
import struct

from PIL import Image, ImageDraw

SIZE = (480, 270)
LOOP = 20  # frames that are drawn
HEAD, INFO, TRACKS, CUES, SEGMENT, CLUSTER = (
    *(0x1A45DFA3, 0x1549A966, 0x1654AE6B),
    *(0x1C53BB6B, 0x18538067, 0x1F43B675),
)
TRACK, MILLISECONDS = 1, 1_000_000


def film(*, seconds: int, frames_a_second: int = 4, scene: Image.Image | None = None) -> bytes:
    """Make a film of a bar that walks over noise again and again, 250 kB a second; or of a still scene."""
    chance = random.Random(1)
    drawn = [scene] * LOOP if scene else [_bar_on_noise(chance, at / LOOP) for at in range(LOOP)]
    frames = [_frame(picture) for picture in drawn]
    count, shown_ms = seconds * frames_a_second, 1000 // frames_a_second
    clusters = [
        _element(
            CLUSTER,
            _number(0xE7, at * shown_ms),
            _element(0xA3, struct.pack(">BhB", 0x80 | TRACK, 0, 0x80), frames[at % LOOP]),
        )
        for at in range(count)
    ]
    info = _element(
        INFO,
        _number(0x2AD7B1, MILLISECONDS),
        _element(0x4489, struct.pack(">d", seconds * 1000)),
        _element(0x4D80, b"dfsweb"),
        _element(0x5741, b"dfsweb"),
    )
    video = _element(0xE0, _number(0xB0, SIZE[0]), _number(0xBA, SIZE[1]))
    track = [_number(0xD7, TRACK), _number(0x73C5, TRACK), _number(0x83, 1), _element(0x86, b"V_VP8"), video]
    front = info + _element(TRACKS, _element(0xAE, *track))
    places = [0]
    for cluster in clusters[:-1]:
        places.append(places[-1] + len(cluster))
    start = len(front) + len(_cues(places, 0, shown_ms))
    segment = _element(SEGMENT, front, _cues(places, start, shown_ms), *clusters)
    versions = [_number(0x4286, 1), _number(0x42F7, 1), _number(0x42F2, 4), _number(0x42F3, 8)]
    kind = [_element(0x4282, b"webm"), _number(0x4287, 2), _number(0x4285, 2)]
    return _element(HEAD, *versions, *kind) + segment


def _bar_on_noise(chance: random.Random, part: float) -> Image.Image:
    noise = Image.frombytes("L", SIZE, chance.randbytes(SIZE[0] * SIZE[1])).convert("RGB")
    x = round(part * SIZE[0])
    ImageDraw.Draw(noise).rectangle([x, 0, x + 20, SIZE[1]], fill=(99, 210, 182))
    return noise


def _frame(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.resize(SIZE).save(target, "WEBP", quality=60)
    body = target.getvalue()
    at = body.index(b"VP8 ") + 8
    return body[at : at + int.from_bytes(body[at - 4 : at], "little")]


def _cues(places: list[int], start: int, shown_ms: int) -> bytes:
    """Where each moment's cluster lies in the segment; as long, wherever that is."""
    return _element(
        CUES,
        *(
            _element(
                0xBB,
                _number(0xB3, at * shown_ms),
                _element(0xB7, _number(0xF7, TRACK), _number(0xF1, start + place)),
            )
            for at, place in enumerate(places)
        ),
    )


def _element(identity: int, *parts: bytes) -> bytes:
    """An EBML element (RFC 8794), its length always in eight bytes."""
    body = b"".join(parts)
    name = identity.to_bytes((identity.bit_length() + 7) // 8, "big")
    return name + (len(body) | 1 << 56).to_bytes(8, "big") + body


def _number(identity: int, value: int) -> bytes:
    return _element(identity, value.to_bytes(8, "big"))
