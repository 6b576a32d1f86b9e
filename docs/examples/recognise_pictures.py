"""Recognise pictures of any size, and see what is refused."""

from PIL import Image, ImageDraw

from fastcnn import Recognizer, load_mnist

_, (x_test, t_test) = load_mnist(normalize=False)
scan = Image.fromarray(255 - x_test[0, 0]).resize((300, 300))  # dark ink on light paper, any size

drawn = Image.new("L", (280, 280))  # light ink on dark paper
ImageDraw.Draw(drawn).line([(60, 60), (190, 60), (110, 220)], fill=255, width=14)

star = Image.new("L", (280, 280))
ImageDraw.Draw(star).line([(140, 30), (205, 235), (30, 105), (250, 105), (75, 235), (140, 30)], fill=255, width=10)

recognizer = Recognizer()  # or the name of another network, or a weights file
for name, result in zip(("scan", "drawn", "star"), recognizer.recognize_many([scan, drawn, star]), strict=True):
    if result.digit is None:
        print(f"{name}: no digit (digit score {result.digit_score:.2f})")
    else:
        doubt = f", perhaps {result.alternative}" if result.unsure else ""
        print(f"{name}: {result.digit}, confidence {result.confidence:.1%}{doubt}")
