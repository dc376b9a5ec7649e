#!/usr/bin/python3
"""The notebook's model as PyTorch (Debian: python3-torch) exports it.

Usage: onnx_torch.py FILE.onnx"""
import sys

import torch
from torch import nn

MODEL = nn.Sequential(
    nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(32), nn.MaxPool2d(2), nn.Dropout(0.25),
    nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(64), nn.MaxPool2d(2), nn.Dropout(0.25),
    nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10), nn.Softmax(1)).eval()

torch.onnx.export(MODEL, torch.zeros(1, 1, 28, 28), sys.argv[1], opset_version=16, input_names=["x"], output_names=["y"],
                  dynamic_axes={"x": {0: "N"}, "y": {0: "N"}})
print(torch.__version__)
