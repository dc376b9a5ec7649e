"""Layers of Keras that libcnn lacks, with the nearest thing."""

from __future__ import annotations

_NEAREST: dict[str, str] = {
    "Conv2D; a depthwise one of C channels is Conv2D(C, size, groups=C)":
        "DepthwiseConv2D SeparableConv2D Conv1D Conv3D DepthwiseConv1D SeparableConv1D Conv1DTranspose Conv2DTranspose "
        "Conv3DTranspose UpSampling1D UpSampling2D UpSampling3D",
    "BatchNormalization":
        "LayerNormalization GroupNormalization UnitNormalization RMSNormalization SpectralNormalization",
    "Dropout":
        "SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise AlphaDropout",
    "kernel_regularizer": "ActivityRegularization",
    "LeakyReLU": "PReLU ThresholdedReLU",
    "MaxPooling2D": "MaxPooling1D MaxPooling3D MaxPool1D MaxPool3D",
    "AveragePooling2D": "AveragePooling1D AveragePooling3D AvgPool1D AvgPool3D",
    "GlobalAveragePooling2D":
        "GlobalAveragePooling1D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool3D",
    "GlobalMaxPooling2D": "GlobalMaxPooling1D GlobalMaxPooling3D GlobalMaxPool1D GlobalMaxPool3D",
    "Add":
        "Concatenate Average Multiply Maximum Minimum Subtract Dot concatenate average multiply maximum minimum "
        "subtract dot",
    "Flatten; or numpy.reshape of the data": "Reshape Permute RepeatVector",
    "Conv2D(padding='same')": "ZeroPadding1D ZeroPadding2D ZeroPadding3D",
    "a slice of the data": "Cropping1D Cropping2D Cropping3D",
    "arrays changed before fit; ImageDataGenerator standardises images":
        "Rescaling Normalization Resizing CenterCrop CategoryEncoding",
    "keras.preprocessing.image.ImageDataGenerator":
        "RandomFlip RandomRotation RandomZoom RandomTranslation RandomBrightness RandomContrast RandomCrop RandomShear",
    "none: libcnn is for images":
        "LSTM GRU SimpleRNN RNN LSTMCell GRUCell Bidirectional TimeDistributed ConvLSTM2D Embedding Masking",
    "the nearest of Conv2D, MaxPooling2D and Dropout, or arrays changed before fit":
        "AdaptiveAveragePooling2D AdaptiveMaxPooling2D SeparableConvolution2D Convolution2DTranspose RandomErasing CutMix MixUp "
        "RandAugment AugMix AutoContrast Equalization Solarization RandomInvert RandomGrayscale RandomPerspective RandomSharpness "
        "RandomHue RandomSaturation RandomPosterization RandomGaussianBlur RandomElasticTransform RandomColorJitter "
        "RandomColorDegeneration",
    "arrays of numbers: texts and tables are turned into them before fit":
        "TextVectorization StringLookup IntegerLookup Hashing HashedCrossing Discretization",
    "Dense": "Attention AdditiveAttention MultiHeadAttention GroupQueryAttention EinsumDense",
    "a layer of one's own, in C (docs/adding-a-layer.md)": "Lambda Identity Wrapper",
}
NEAREST: dict[str, str] = {name: nearest for nearest, names in _NEAREST.items() for name in names.split()}
