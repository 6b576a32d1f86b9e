"""What is kept in the GPU's memory: a network's arrays, the pictures of a training, predictions in progress."""

from fastcnn.kernels.cuda.steps.dataset import TrainingSet, why_not
from fastcnn.kernels.cuda.steps.pipeline import Pipeline
from fastcnn.kernels.cuda.steps.residence import Residence
from fastcnn.kernels.cuda.toolchain.memory import upload

__all__ = ["Pipeline", "Residence", "TrainingSet", "upload", "why_not"]
