"""What Keras has beside these modules, and the library has not, with the nearest thing."""

from __future__ import annotations

from typing import Any

from ._arguments import refuse

_NEAREST: dict[str, dict[str, str]] = {
    "callbacks": {
        "a Callback of one's own with on_epoch_end": "RemoteMonitor OrbaxCheckpoint",
        "use_ema of the optimizers, which fit ends with": "SwapEMAWeights",
        "a list": "CallbackList",
    },
    "losses": {
        "CategoricalCrossentropy, with class_weight or sample_weight in fit":
            "CategoricalFocalCrossentropy BinaryFocalCrossentropy categorical_focal_crossentropy "
            "binary_focal_crossentropy CategoricalGeneralizedCrossEntropy",
        "BinaryCrossentropy": "Dice Tversky dice tversky",
        "a loss of one's own, in C (cnn_loss_type_register)": "CTC ctc Circle circle",
    },
    "metrics": {
        "cnn.metrics.classification_report": "Precision Recall F1Score FBetaScore PrecisionAtRecall RecallAtPrecision",
        "cnn.metrics.confusion_matrix":
            "TruePositives TrueNegatives FalsePositives FalseNegatives IoU BinaryIoU MeanIoU OneHotIoU OneHotMeanIoU",
        "CategoricalAccuracy, BinaryAccuracy, SparseCategoricalAccuracy, or for compile the word 'accuracy'": "Accuracy",
        "predict, and the figure by NumPy":
            "AUC SensitivityAtSpecificity SpecificityAtSensitivity LogCoshError R2Score PearsonCorrelation "
            "ConcordanceCorrelation Mean Sum MeanMetricWrapper",
    },
    "optimizers": {"Adam": "Adafactor Muon", "Adam; all is float32": "LossScaleOptimizer"},
    "schedules": {},
    "utils": {
        "matplotlib.image, or a reader of images":
            "load_img save_img array_to_img img_to_array image_dataset_from_directory",
        "numpy.load, or datasets.mnist.load_data": "get_file",
        "model.summary or plot_model": "model_to_dot",
        "generators with len and [], which fit takes": "PyDataset Sequence",
        "the parts of arrays, by NumPy": "split_dataset pack_x_y_sample_weight unpack_x_y_sample_weight",
    },
    "datasets": {
        "datasets.mnist, whose load_data reads files of that form (Fashion-MNIST has it too): load_data(path=...)":
            "fashion_mnist cifar10 cifar100 imdb reuters boston_housing california_housing",
    },
    "config": {"cnn.Context(threads=...)": "set_visible_devices experimental threading"},
    "random": {"numpy.random": "normal uniform randint shuffle truncated_normal SeedGenerator categorical dropout"},
    "image": {"matplotlib.image, or a reader of images": "load_img save_img array_to_img img_to_array",
              "ImageDataGenerator.flow": "DirectoryIterator DataFrameIterator Iterator image_dataset_from_directory"},
}


def missing(module: str, name: str) -> Any:
    """What a module's `__getattr__` does: refuse what Keras has, with the nearest thing; else there is no such name."""
    short = module.rpartition(".")[2]
    for nearest, names in _NEAREST[short].items():
        if name in names.split():
            refuse(f"{short}.{name} is not in libcnn; the nearest is {nearest}")
    raise AttributeError(f"module '{module}' has no attribute '{name}'")
