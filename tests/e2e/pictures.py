"""Files to look at: painted landscapes, a paper, notes, a table, a program. The same ones every time."""

import io
import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIZE = (1600, 1067)
Colour = tuple[int, int, int]


def landscape(seed: int, sky: tuple[Colour, Colour], hills: tuple[Colour, Colour]) -> bytes:
    """Paint ranges of hills under a sky; colours go from the first to the second."""
    width, height = SIZE
    chance = random.Random(seed)
    picture = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(picture)
    for y in range(height):
        draw.line([(0, y), (width, y)], fill=_between(*sky, y / height))
    sun = Image.new("RGB", SIZE)
    at = (chance.uniform(0.55, 0.85) * width, chance.uniform(0.2, 0.42) * height)
    ImageDraw.Draw(sun).ellipse([at[0] - 200, at[1] - 200, at[0] + 200, at[1] + 200], fill=(90, 80, 60))
    glow = sun.filter(ImageFilter.GaussianBlur(120))
    picture = Image.merge(
        "RGB", [ImageChops.add(one, other) for one, other in zip(picture.split(), glow.split(), strict=True)]
    )
    draw = ImageDraw.Draw(picture)
    for depth in range(5):
        part = depth / 4
        waves = [(chance.uniform(0.4, 3.2), chance.uniform(0, 6.3), chance.uniform(12, 46)) for _ in range(5)]
        base = height * (0.5 + 0.11 * depth)
        line = [
            (x, base + sum(math.sin(x / width * 6.3 * speed + phase) * size for speed, phase, size in waves))
            for x in range(0, width + 8, 8)
        ]
        draw.polygon([(0, height), *line, (width, height)], fill=_between(*hills, part))
    return saved(picture, "JPEG")


def paper(title: str) -> bytes:
    """Make a PDF of two pages."""
    pages = []
    for number in (1, 2):
        page = Image.new("RGB", (1240, 1754), "white")
        draw = ImageDraw.Draw(page)
        draw.text((120, 120), title, fill=(22, 32, 28), font_size=64)
        draw.text((120, 220), f"Page {number} of 2", fill=(98, 110, 104), font_size=32)
        for line in range(24):
            draw.rectangle(
                [120, 340 + line * 52, 1120 - (line * 97) % 420, 356 + line * 52], fill=(227, 230, 224)
            )
        pages.append(page)
    target = io.BytesIO()
    pages[0].save(target, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    return target.getvalue()


def saved(picture: Image.Image, form: str) -> bytes:
    target = io.BytesIO()
    picture.save(target, form, quality=88)
    return target.getvalue()


def _between(first: Colour, second: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(first, second, strict=True))
    return red, green, blue


NOTES = """# Packing list

Everything for the hut, **two nights**:

- sleeping bags
- the small stove, gas is *there*
- maps: `alps-12.gpx`

> The last bus down leaves at 18:40.

## Who brings what

1. Bread and cheese
2. The first-aid kit
"""
TABLE = 'What,Who,Paid\nHut,Marie,240.00\nTrain,Jonas,188.40\n"Bread, cheese",Lena,36.20\n'
PROGRAM = '''"""Rename photos by the day they were taken."""
from pathlib import Path


def rename_all(folder: Path) -> int:
    count = 0
    for photo in sorted(folder.glob("*.jpg")):
        day = photo.stat().st_mtime  # seconds
        photo.rename(folder / f"{day:.0f}.jpg")
        count += 1
    return count
'''
PICTURES = {
    "Dunes, last light.jpg": (3, ((120, 170, 205), (240, 205, 160)), ((222, 172, 110), (150, 74, 38))),
    "Lake at noon 2.jpg": (5, ((108, 160, 205), (214, 228, 232)), ((142, 178, 184), (38, 78, 66))),
    "Lake at noon 10.jpg": (8, ((128, 178, 214), (224, 236, 236)), ((150, 182, 190), (44, 92, 74))),
    "Meadow.jpg": (13, ((92, 158, 220), (220, 236, 244)), ((150, 190, 150), (62, 122, 40))),
    "Milky way.jpg": (21, ((8, 12, 34), (42, 54, 104)), ((30, 38, 66), (6, 9, 18))),
    "Ridge at dawn.jpg": (34, ((86, 118, 166), (252, 220, 176)), ((184, 158, 172), (22, 50, 46))),
    "Sea at dusk.jpg": (55, ((50, 62, 92), (250, 190, 138)), ((130, 108, 122), (26, 36, 48))),
    "Snow line.jpg": (89, ((62, 118, 190), (206, 226, 242)), ((236, 242, 248), (106, 132, 158))),
}


def files() -> dict[str, bytes]:
    """Return every file by its name."""
    painted = {name: landscape(*how) for name, how in PICTURES.items()}
    return painted | {
        "Hut booking.pdf": paper("Hut booking"),
        "Packing list.md": NOTES.encode(),
        "Budget 2026.csv": TABLE.encode(),
        "rename_photos.py": PROGRAM.encode(),
        "Slide archive 1978.zip": random.Random(1).randbytes(41_000_000),
    }
