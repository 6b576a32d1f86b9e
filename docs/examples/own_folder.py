"""A folder of RGB pictures of three sizes: draw it, train on it as the command line does, and ask for one picture."""

from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

from fastcnn.__main__ import main
from fastcnn.recognition.picture_classifier import PictureClassifier

SIZES = (28, 24), (32, 32), (24, 30)  # width and height
COUNTS = {"train": 90, "test": 30}  # of each class

random = Random(0)
for part, count in COUNTS.items():
    for shape in ("disc", "square", "stripes"):
        folder = Path("shapes") / part / shape
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            width, height = SIZES[number % 3]
            picture = Image.new("RGB", (width, height), tuple(random.randint(150, 255) for _ in range(3)))
            draw, ink = ImageDraw.Draw(picture), tuple(random.randint(0, 100) for _ in range(3))
            side = random.randint(10, 18)
            x, y = random.randint(1, width - side - 1), random.randint(1, height - side - 1)
            if shape == "disc":
                draw.ellipse((x, y, x + side, y + side), fill=ink)
            elif shape == "square":
                draw.rectangle((x, y, x + side, y + side), fill=ink)
            else:
                for line in range(y, y + side, 4):
                    draw.line((x, line, x + side, line), fill=ink, width=2)
            picture.save(folder / f"{number}.png")

main(["train", "--data", "shapes", "--epochs", "10", "--out", "shapes.safetensors", "--overwrite"])
answer = PictureClassifier("shapes.safetensors").classify(Image.open("shapes/test/disc/0.png"))
print(f"a disc was taken for a {answer.label}, {answer.confidence:.0%} sure")
