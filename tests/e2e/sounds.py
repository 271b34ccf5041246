"""A sound to listen to: a WAV of one tone."""

import io
import math
import struct
import wave

SAMPLES_A_SECOND = 8000


def tone(*, seconds: int) -> bytes:
    """Make a tone of 440 Hz, 16 kB a second."""
    target = io.BytesIO()
    with wave.open(target, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLES_A_SECOND)
        heights = (
            round(8000 * math.sin(6.2832 * 440 * at / SAMPLES_A_SECOND))
            for at in range(seconds * SAMPLES_A_SECOND)
        )
        sound.writeframes(b"".join(struct.pack("<h", height) for height in heights))
    return target.getvalue()
