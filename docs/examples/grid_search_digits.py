"""A grid search over width and learning rate on scikit-learn's digits, next to its own MLP, which gets as much time."""

import time
import warnings

try:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV, train_test_split
    from sklearn.neural_network import MLPClassifier
except ImportError:
    raise SystemExit("this example needs scikit-learn; install it with `pip install 'fastcnn[sklearn]'`") from None

from fastcnn.sklearn import CNNClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=1 / 3, random_state=0, stratify=y)
warnings.simplefilter("ignore")  # an MLP that is stopped early warns
rates = [0.001, 0.003]


def searched(estimator, **grid) -> float:
    """Search, print the best, and return the seconds that it took."""
    start, work = time.perf_counter(), time.process_time()
    search = GridSearchCV(estimator, grid, cv=2).fit(X_train, y_train)
    seconds, work = time.perf_counter() - start, time.process_time() - work
    print(
        f"{type(estimator).__name__:<14} {search.score(X_test, y_test):.2%} of the test digits after {seconds:.1f} s, "
        f"with {work:.1f} s of processor time: {search.best_params_}"
    )
    return seconds


CNNClassifier(image_shape=(8, 8), epochs=1).fit(X_train, y_train)  # compiles the kernels, or reads their cache
allowed = searched(CNNClassifier(image_shape=(8, 8), random_state=0), width=[16, 32], learning_rate=rates)
grid = {"hidden_layer_sizes": [(100,), (256, 128)], "learning_rate_init": rates}
epochs = 25  # it never stops before them, so that more of them take longer
while searched(MLPClassifier(max_iter=epochs, n_iter_no_change=epochs, random_state=0), **grid) < allowed:
    epochs *= 2
