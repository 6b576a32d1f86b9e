"""A table as Kaggle gives MNIST, `label,pixel0,…,pixel783`: write one, train on it, and read a picture that is new."""

import csv

from PIL import Image

from fastcnn import load_mnist
from fastcnn.__main__ import main

ROWS = 2_000  # of Kaggle's 42,000

(images, labels), (test_images, test_labels) = load_mnist(normalize=False)
with open("train.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["label", *(f"pixel{number}" for number in range(28 * 28))])
    table.writerows([label, *image.ravel()] for label, image in zip(labels[:ROWS], images[:ROWS], strict=True))

options = ["--network", "paper", "--epochs", "5", "--augment", "--json", "result.json"]
main(["train", "--data", "train.csv", *options, "--out", "table.safetensors", "--overwrite"])

Image.fromarray(test_images[0, 0]).save("new.png")
print(f"new.png is a {test_labels[0]}; the network says:")
main(["predict", "new.png", "--model", "table.safetensors"])
