"""What Keras has beside these modules, and the library has not, with the nearest thing."""

from __future__ import annotations

from typing import Any

from ._arguments import refuse

_NEAREST: dict[str, dict[str, str]] = {
    "activations": {
        "relu": "relu6 selu celu exponential glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh log_sigmoid mish soft_shrink "
                "softsign sparse_plus sparse_sigmoid squareplus tanh_shrink threshold",
        "softmax": "log_softmax sparsemax",
        "activations.get": "deserialize",
    },
    "initializers": {
        "GlorotUniform, HeNormal, LecunNormal and the rest of them": "VarianceScaling variance_scaling",
        "Orthogonal": "Identity IdentityInitializer OrthogonalInitializer identity STFT STFTInitializer stft",
        "initializers.get": "deserialize",
    },
    "regularizers": {"L1, L2, L1L2": "OrthogonalRegularizer orthogonal_regularizer", "regularizers.get": "deserialize"},
    "backend": {
        "float32, which all is": "set_floatx set_epsilon is_float_dtype is_int_dtype result_type standardize_dtype",
        "channels_last, which all is": "set_image_data_format",
        "clear_session": "get_uid is_keras_tensor name_scope",
        "NumPy":
            "abs all any arange argmax argmin batch_dot batch_flatten batch_get_value batch_normalization batch_set_value bias_add "
            "cast cast_to_floatx clip concatenate constant conv1d conv2d conv2d_transpose conv3d cos count_params cumprod cumsum "
            "depthwise_conv2d dot dropout dtype elu equal eval exp expand_dims eye flatten foldl foldr gather gradients greater "
            "greater_equal hard_sigmoid in_top_k int_shape is_sparse l2_normalize less less_equal log map_fn max maximum mean min "
            "minimum moving_average_update ndim not_equal one_hot ones ones_like permute_dimensions pool2d pool3d pow prod "
            "random_bernoulli random_normal random_normal_variable random_uniform random_uniform_variable relu repeat "
            "repeat_elements reshape resize_images resize_volumes reverse rnn round separable_conv2d shape sigmoid sign sin "
            "softmax softplus softsign spatial_2d_padding spatial_3d_padding sqrt square squeeze stack std stop_gradient sum "
            "switch tanh temporal_padding tile to_dense transpose truncated_normal update update_add update_sub var variable zeros "
            "zeros_like",
        "the function of the same name in losses":
            "binary_crossentropy binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy "
            "sparse_categorical_crossentropy",
        "none: libcnn is for images": "ctc_batch_cost ctc_decode ctc_label_dense_to_sparse",
    },
    "callbacks": {
        "a Callback of one's own with on_epoch_end": "RemoteMonitor OrbaxCheckpoint",
        "use_ema of the optimizers, which fit ends with": "SwapEMAWeights",
        "a list": "CallbackList",
    },
    "losses": {
        "CategoricalCrossentropy, with class_weight or sample_weight in fit":
            "CategoricalFocalCrossentropy BinaryFocalCrossentropy categorical_focal_crossentropy "
            "binary_focal_crossentropy CategoricalGeneralizedCrossEntropy categorical_generalized_cross_entropy",
        "BinaryCrossentropy": "Dice Tversky dice tversky",
        "a loss of one's own, in C (cnn_loss_type_register)": "CTC ctc Circle circle",
        "losses.get": "deserialize serialize",
        "the word 'sum_over_batch_size', 'sum' or 'mean_with_sample_weight'": "Reduction",
        "the function of the same meaning with its whole name, as mean_squared_error":
            "KLD MAE MAPE MSE MSLE kld kullback_leibler_divergence logcosh",
    },
    "metrics": {
        "cnn.metrics.classification_report": "Precision Recall F1Score FBetaScore PrecisionAtRecall RecallAtPrecision",
        "cnn.metrics.confusion_matrix":
            "TruePositives TrueNegatives FalsePositives FalseNegatives IoU BinaryIoU MeanIoU OneHotIoU OneHotMeanIoU",
        "CategoricalAccuracy, BinaryAccuracy, SparseCategoricalAccuracy, or for compile the word 'accuracy'": "Accuracy",
        "predict, and the figure by NumPy":
            "AUC SensitivityAtSpecificity SpecificityAtSensitivity LogCoshError R2Score PearsonCorrelation "
            "ConcordanceCorrelation Mean Sum MeanMetricWrapper concordance_correlation pearson_correlation",
        "the class of the same name, called with arrays, or its name in compile":
            "binary_accuracy categorical_accuracy sparse_categorical_accuracy top_k_categorical_accuracy "
            "sparse_top_k_categorical_accuracy",
        "the function of the same name in losses":
            "binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy mean_squared_error "
            "mean_absolute_error mean_absolute_percentage_error mean_squared_logarithmic_error categorical_hinge hinge "
            "squared_hinge huber kl_divergence log_cosh poisson binary_focal_crossentropy categorical_focal_crossentropy KLD MAE "
            "MAPE MSE MSLE kld kullback_leibler_divergence logcosh mae mape mse msle",
        "metrics.get": "deserialize serialize",
    },
    "optimizers": {"Adam": "Adafactor Muon", "Adam; all is float32": "LossScaleOptimizer",
                   "Adam, or AdamW": "MultiOptimizer OptimizerMap ScheduleFreeAdamW",
                   "optimizers.get and get_config": "deserialize serialize", "the optimizers themselves": "legacy"},
    "schedules": {"from_config and get_config of the schedules": "deserialize serialize"},
    "models": {
        "save_weights and load_weights of the model": "save_weights load_weights",
        "load_model and model.get_weights": "KerasFileEditor",
        "layers, losses and metrics of one's own in C (docs/adding-a-layer.md)":
            "register_keras_serializable custom_object_scope CustomObjectScope get_custom_objects get_registered_name "
            "get_registered_object deserialize_keras_object serialize_keras_object",
    },
    "utils": {
        "matplotlib.image, or a reader of images":
            "load_img save_img array_to_img img_to_array image_dataset_from_directory",
        "numpy.load, or datasets.mnist.load_data": "get_file",
        "model.summary or plot_model": "model_to_dot",
        "the bar that fit and evaluate draw": "Progbar",
        "layers, losses and metrics of one's own in C (docs/adding-a-layer.md)":
            "register_keras_serializable custom_object_scope CustomObjectScope get_custom_objects get_registered_name "
            "get_registered_object deserialize_keras_object serialize_keras_object",
        "arrays, or a generator of batches":
            "text_dataset_from_directory audio_dataset_from_directory timeseries_dataset_from_array pad_sequences FeatureSpace",
        "verbose of fit": "enable_interactive_logging disable_interactive_logging is_interactive_logging_enabled",
        "float32, which all is": "standardize_dtype",
        "isinstance(x, keras.KerasTensor)": "is_keras_tensor",
        "model.inputs": "get_source_inputs",
        "a dict": "Config",
        "none: images have classes here": "bounding_boxes",
        "the names of utils themselves": "legacy",
        "the parts of arrays, by NumPy": "split_dataset pack_x_y_sample_weight unpack_x_y_sample_weight",
    },
    "datasets": {
        "datasets.mnist, whose load_data reads files of that form (Fashion-MNIST has it too): load_data(path=...)":
            "fashion_mnist cifar10 cifar100 imdb reuters boston_housing california_housing",
    },
    "config": {
        "cnn.Context(threads=...)": "set_visible_devices experimental threading",
        "float32, which all is": "set_floatx set_epsilon set_dtype_policy dtype_policy",
        "channels_last, which all is": "set_image_data_format",
        "errors as they are: libcnn's are one sentence":
            "disable_traceback_filtering enable_traceback_filtering is_traceback_filtering_enabled",
        "load_model, whose files hold no code": "enable_unsafe_deserialization",
        "libcnn itself": "is_nnx_enabled set_backend enable_flash_attention disable_flash_attention is_flash_attention_enabled",
        "epochs and steps_per_epoch of fit": "set_max_epochs set_max_steps_per_epoch max_epochs max_steps_per_epoch",
        "verbose of fit": "enable_interactive_logging disable_interactive_logging is_interactive_logging_enabled",
    },
    "random": {"numpy.random": "normal uniform randint shuffle truncated_normal SeedGenerator categorical dropout beta binomial gamma"},
    "preprocessing": {
        "arrays, or a generator of batches": "image_dataset_from_directory text_dataset_from_directory timeseries_dataset_from_array",
        "none: libcnn is for images": "sequence text",
    },
    "image": {"matplotlib.image, or a reader of images": "load_img save_img array_to_img img_to_array smart_resize",
              "ImageDataGenerator.apply_transform":
                  "apply_affine_transform apply_brightness_shift apply_channel_shift random_brightness random_channel_shift "
                  "random_rotation random_shear random_shift random_zoom",
              "ImageDataGenerator.flow": "DirectoryIterator DataFrameIterator Iterator image_dataset_from_directory"},
}


def missing(module: str, name: str) -> Any:
    """What a module's `__getattr__` does: refuse what Keras has, with the nearest thing; else there is no such name."""
    short = module.rpartition(".")[2]
    for nearest, names in _NEAREST[short].items():
        if name in names.split():
            refuse(f"{short}.{name} is not in libcnn; the nearest is {nearest}")
    raise AttributeError(f"module '{module}' has no attribute '{name}'")
