"""Pictures of data, training and predictions, drawn by matplotlib.

Every function takes data (arrays, a History, a Report ...; nothing else of this package is needed), `ax=None` and a
`style`, and returns the Axes or the Figure. None calls show(), chooses a backend or changes rcParams. Figures are made
through pyplot, so that notebooks show them; where a cell ends in a call that returns a Figure, a semicolon after it
keeps the notebook from showing it twice. matplotlib is imported when something is drawn.

    import cnn.plot
    figure = cnn.plot.training_history(history)
    figure.savefig('history.png', dpi=300, bbox_inches='tight')
"""
from __future__ import annotations

from .activations import activation_maps
from .calibration import reliability
from .classes import class_distribution
from .confusion import confusion_matrix
from .diagram import model_diagram, save_diagram
from .embedding import embedding
from .grid import augmentation, sample_images
from .history import training_history
from .kernels import first_layer_kernels
from .predictions import misclassified, probabilities, sample_predictions
from .saliency import saliency

__all__ = ['activation_maps', 'augmentation', 'class_distribution', 'confusion_matrix', 'embedding',
           'first_layer_kernels', 'misclassified', 'model_diagram', 'probabilities', 'reliability', 'saliency',
           'sample_images', 'sample_predictions', 'save_diagram', 'training_history']
