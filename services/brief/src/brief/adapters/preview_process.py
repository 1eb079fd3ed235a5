"""The process that turns one file into pictures. A malicious file can harm only this process, not the
service.

    python -m brief.adapters.preview_process application/pdf <file >pages

The process has none of the service's secrets, and ends by itself when it exceeds its memory or its time. For
each page it writes the size as JSON, the picture and a smaller picture. It exits with REFUSED if the file
cannot be shown."""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Iterator
from typing import Final

# Pillow looks among the formats that are imported before it imports the forty others that it knows.
from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401

from optima_kit.typesetting_process import write

REFUSED: Final = 3
"""The exit code for a file that cannot be shown."""
MEMORY_BYTES: Final = 640 * 1024 * 1024
CPU_SECONDS: Final = 60
LONGEST_SIDE: Final = 1600
"""In pixels, like the longest side of the smaller picture below."""
LONGEST_SIDE_OF_THUMBNAIL: Final = 240
MOST_PIXELS: Final = 80_000_000
"""The most pixels of an uploaded picture."""


def pages_of(data: bytes, media_type: str, most: int) -> Iterator[Image.Image]:
    """Yield the first `most` pages as pictures, none larger than LONGEST_SIDE. Passes on all that the
    libraries raise."""
    if media_type == "application/pdf":
        import pypdfium2  # here, since a picture does not need it and it takes longer than the picture

        document = pypdfium2.PdfDocument(data)
        for number in range(min(len(document), most)):
            page = document[number]
            scale = LONGEST_SIDE / max(*page.get_size(), 1.0)
            yield page.render(scale=scale).to_pil().convert("RGB")
            page.close()
        return
    Image.MAX_IMAGE_PIXELS = None  # the size is checked below, before anything is decoded
    picture = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
    if picture.width * picture.height > MOST_PIXELS:
        raise ValueError("too many pixels")
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    yield _on_white(ImageOps.exif_transpose(picture))


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")


def as_webp(picture: Image.Image, quality: int) -> bytes:
    made = io.BytesIO()
    picture.save(made, "WEBP", quality=quality, method=2)  # method 4 takes twice as long for 3 % less
    return made.getvalue()


def main(media_type: str, most: int) -> int:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    data = sys.stdin.buffer.read()
    try:
        for picture in pages_of(data, media_type, most):
            write(sys.stdout.buffer, json.dumps(picture.size).encode())
            write(sys.stdout.buffer, as_webp(picture, 80))
            picture.thumbnail((LONGEST_SIDE_OF_THUMBNAIL, LONGEST_SIDE_OF_THUMBNAIL))
            write(sys.stdout.buffer, as_webp(picture, 70))
    except Exception as error:
        # The libraries may raise any exception for a broken file.
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
