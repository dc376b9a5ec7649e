"""Layers of Keras that libcnn lacks, with the nearest thing."""

from __future__ import annotations

_NEAREST: dict[str, str] = {
    "Conv2D; a depthwise one of C channels is Conv2D(C, size, groups=C)":
        "DepthwiseConv2D SeparableConv2D Conv1D Conv3D DepthwiseConv1D SeparableConv1D Conv1DTranspose Conv2DTranspose "
        "Conv3DTranspose SeparableConvolution1D Convolution1D Convolution1DTranspose Convolution3D Convolution3DTranspose "
        "UpSampling1D UpSampling2D UpSampling3D",
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
        "RandomFlip RandomRotation RandomZoom RandomTranslation RandomBrightness RandomContrast RandomCrop RandomShear "
        "RandomHeight RandomWidth",
    "none: libcnn is for images":
        "LSTM GRU SimpleRNN RNN LSTMCell GRUCell SimpleRNNCell StackedRNNCells Bidirectional TimeDistributed ConvLSTM1D ConvLSTM2D "
        "ConvLSTM3D Embedding ReversibleEmbedding Masking MelSpectrogram STFTSpectrogram MaxNumBoundingBoxes",
    "the nearest of Conv2D, MaxPooling2D and Dropout, or arrays changed before fit":
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D "
        "AdaptiveMaxPooling3D ContrastLimitedAdaptiveHistogramEqualization Pipeline "
        "SeparableConvolution2D Convolution2DTranspose RandomErasing CutMix MixUp "
        "RandAugment AugMix AutoContrast Equalization Solarization RandomInvert RandomGrayscale RandomPerspective RandomSharpness "
        "RandomHue RandomSaturation RandomPosterization RandomGaussianBlur RandomElasticTransform RandomColorJitter "
        "RandomColorDegeneration",
    "arrays of numbers: texts and tables are turned into them before fit":
        "TextVectorization StringLookup IntegerLookup Hashing HashedCrossing Discretization",
    "Dense": "Attention AdditiveAttention MultiHeadAttention GroupQueryAttention EinsumDense",
    "a layer of one's own, in C (docs/adding-a-layer.md)":
        "Lambda Identity Wrapper FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper",
    "input_shape of the first layer, or Input": "InputSpec",
}
NEAREST: dict[str, str] = {name: nearest for nearest, names in _NEAREST.items() for name in names.split()}
