"""Train the paper's network on a part of MNIST, save it, and load it again."""

from fastcnn import Trainer, load_mnist, load_network, optim, paper_network

PICTURES = 6_000  # of 60,000; take all of them for 99 %

(x_train, t_train), (x_test, t_test) = load_mnist(normalize=False)  # uint8, (N, 1, 28, 28)

network = paper_network(seed=0)
print(network.summary())

trainer = Trainer(network, optim.Adam(0.001))
history = trainer.fit(x_train[:PICTURES], t_train[:PICTURES], epochs=1, validation=1_000, seed=0)
print(f"{history.images_per_second:,.0f} pictures a second, {history.validation_accuracy:.1%} of the set aside right")

network.save("mine.safetensors")
again = load_network("mine.safetensors")
probabilities = again.predict_proba(x_test)
print(f"{(probabilities.argmax(axis=1) == t_test).mean():.1%} of the test pictures right")
