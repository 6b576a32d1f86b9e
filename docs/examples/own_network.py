"""A network of one's own: batch normalization, dropout, a schedule, and augmentation."""

from fastcnn import Sequential, Trainer, layers, load_mnist, optim, schedules
from fastcnn.training.augment import Augmentation

PICTURES, EPOCHS, BATCH_SIZE, VALIDATION = 3_000, 1, 100, 500

(x_train, t_train), (x_test, t_test) = load_mnist(normalize=False)
x_train, t_train = x_train[:PICTURES], t_train[:PICTURES]

network = Sequential(
    [
        layers.Conv2d(8, 3, padding=1), layers.BatchNorm2d(), layers.ReLU(), layers.MaxPool2d(2),
        layers.Conv2d(16, 3, padding=1), layers.BatchNorm2d(), layers.ReLU(), layers.MaxPool2d(2),
        layers.Flatten(), layers.Dropout(0.2), layers.Affine(10),
    ],
    input_shape=(1, 28, 28),
    seed=0,
    name="my network",
)  # fmt: skip
print(network.summary())

steps = EPOCHS * -(-(PICTURES - VALIDATION) // BATCH_SIZE)
trainer = Trainer(network, optim.AdamW(0.004, weight_decay=0.05), label_smoothing=0.03, augmentation=Augmentation())
trainer.fit(
    x_train,
    t_train,
    epochs=EPOCHS,
    batch_size=BATCH_SIZE,
    schedule=schedules.OneCycle(0.004, steps),
    validation=VALIDATION,
    checkpoint="own.checkpoint.safetensors",  # `resume=` goes on from it
)
print(f"{(network.forward(x_test).argmax(axis=1) == t_test).mean():.1%} of the test pictures right")
network.save("own.safetensors")
