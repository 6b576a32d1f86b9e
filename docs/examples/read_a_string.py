"""Read several digits in one picture; some of them touch."""

import numpy as np

from fastcnn import Recognizer, load_mnist

_, (x_test, t_test) = load_mnist(normalize=False)
chosen = [0, 2, 1, 3, 4]  # 7, 1, 2, 0, 4

picture = np.zeros((40, 130), np.uint8)
for place, index in enumerate(chosen):
    left = 5 + 20 * place  # the fields of 28 pixels overlap
    field = picture[6:34, left : left + 28]
    np.maximum(field, x_test[index, 0], out=field)

digits = Recognizer().recognize_string(picture)
text = "".join("?" if each.digit is None else str(each.digit) for each in digits)
print(f"written: {''.join(str(t_test[index]) for index in chosen)}, read: {text}")
for each in digits:
    print(f"{each.digit}: {each.confidence:.1%}")
