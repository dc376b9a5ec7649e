"""Make trained.safetensors and predictions.safetensors out of what the MNIST notebook left when it ran under Keras.

    /usr/bin/python3 convert.py best_val_accuracy.h5 predictions.safetensors OUT

The first argument is the file of the notebook's ModelCheckpoint; the second holds its softmax outputs on the 10,000
test images under the name best_val_accuracy_probabilities. Needs h5py, NumPy and libxxhash, and only to make the
two files again.
"""
import ctypes
import json
import os
import struct
import sys

import numpy

# As the model lists its weights: layer by layer, parameters before moving statistics.
LAYERS = [('conv1', ['kernel', 'bias']), ('bn1', ['gamma', 'beta', 'moving_mean', 'moving_variance']),
          ('conv2', ['kernel', 'bias']), ('bn2', ['gamma', 'beta', 'moving_mean', 'moving_variance']),
          ('dense1', ['kernel', 'bias']), ('output', ['kernel', 'bias'])]


class Hash(ctypes.Structure):
    _fields_ = [('low', ctypes.c_uint64), ('high', ctypes.c_uint64)]


def xxh3_128(data):
    function = ctypes.CDLL('libxxhash.so.0').XXH3_128bits
    function.restype = Hash
    function.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    result = function(data, len(data))
    return struct.pack('>QQ', result.high, result.low)


def write(path, form, tensors):
    header = {'__metadata__': {'format': form, 'format_version': '1', 'library': 'convert.py'}}
    end = 0
    for name, array in tensors:
        header[name] = {'dtype': 'F32', 'shape': list(array.shape), 'data_offsets': [end, end + array.nbytes]}
        end += array.nbytes
    header['__checksum__'] = {'dtype': 'U8', 'shape': [16], 'data_offsets': [end, end + 16]}
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-(8 + len(text)) % 64)
    data = struct.pack('<Q', len(text)) + text + b''.join(array.tobytes() for _, array in tensors)
    with open(path, 'wb') as file:
        file.write(data + xxh3_128(data))


def read_tensor(path, name):
    data = open(path, 'rb').read()
    start = 8 + struct.unpack_from('<Q', data)[0]
    entry = json.loads(data[8:start])[name]
    first, last = entry['data_offsets']
    return numpy.frombuffer(data[start + first:start + last], '<f4').reshape(entry['shape'])


def main(model, predictions, out):
    import h5py  # here, so that --help needs none

    with h5py.File(model) as file:
        tensors = [(layer + '/' + name, file['model_weights'][layer]['sequential'][layer][name][()].astype('<f4'))
                   for layer, names in LAYERS for name in names]
    write(os.path.join(out, 'trained.safetensors'), 'libcnn weights', tensors)
    write(os.path.join(out, 'predictions.safetensors'), 'libcnn reference',
          [('predictions', read_tensor(predictions, 'best_val_accuracy_probabilities'))])


if len(sys.argv) != 4:
    print(__doc__.strip())
    sys.exit(0 if '--help' in sys.argv else 2)
main(*sys.argv[1:])
