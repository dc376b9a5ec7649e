"""The contenders: one entry each. What is tried of each, and how it is started; a new contender is a new entry.

title, label: its name in the table before it has said its versions, and what stands behind them afterwards.
environment: the folder of the virtual environment, "debian" for the system's Python, "cnn" for libcnn itself, "package" for its Python
             package from this tree.
axes:        how the process is started. The first choice of each axis is where the search begins, then one axis after another is
             tried; a choice holds environment variables, and worker options under "options".
tasks:       task to the lists of request options, of which all combinations are tried in the first process."""
import itertools
import pathlib

TASKS = {"train": "Training on arrays in memory", "augment": "Training on the augmenting generator",
         "infer": "Inference, batch 128", "single": "Inference, one image"}


def product(**lists):
    return [dict(zip(lists, values)) for values in itertools.product(*lists.values())]


KEPT = str(1 << 30)
ALLOCATORS = {
    "glibc keeping pages": {"MALLOC_MMAP_THRESHOLD_": KEPT, "MALLOC_TRIM_THRESHOLD_": KEPT, "MALLOC_MMAP_MAX_": "0"},
    "glibc": {},
    "jemalloc": {"LD_PRELOAD": "{jemalloc}", "MALLOC_CONF": "dirty_decay_ms:-1,muzzy_decay_ms:-1"},
    "tcmalloc": {"LD_PRELOAD": "{tcmalloc}", "TCMALLOC_RELEASE_RATE": "0"},
}
AS_IT_COMES = {"as it comes": {}}
# Left to itself OpenBLAS may take a new CPU for an old one; the serial build would leave dense layers to one thread.
OPENBLAS = {"OpenBLAS with OpenMP, core type set": {"OPENBLAS_CORETYPE": "{core}", "LD_LIBRARY_PATH": "{openblas}"},
            "the system's OpenBLAS, core type set": {"OPENBLAS_CORETYPE": "{core}"}}
CAPABILITY = {"widest capability": {"ATEN_CPU_CAPABILITY": "{capability}"}, "capability as found": {}}
POOLS = {"one pool": {"options": {"inter": 1}}, "two inter-op threads": {"options": {"inter": 2}}}
LAYOUTS = ["last", "first"]


def keras(title, label, which, name, tuned):
    tasks = {"train": [{}], "augment": [{}]}
    if tuned:
        execution = product(execution=["1", "16"])
        tasks = {"train": execution, "augment": execution + [{"workers": "2"}], "infer": [{}], "single": [{}]}
    axes = {"allocator": ALLOCATORS, "pools": POOLS} if tuned else {"allocator": AS_IT_COMES, "pools": {
        "": {"options": {"inter": 0}}}}
    return {"name": name, "title": title, "label": label, "environment": "tensorflow", "script": "worker_tensorflow.py",
            "options": {"keras": which}, "axes": axes, "tasks": tasks}


CONTENDERS = [
    {"name": "libcnn", "title": "libcnn", "environment": "cnn", "axes": {"": AS_IT_COMES},
     "tasks": {task: [{}] for task in TASKS}},
    {"name": "python", "title": "libcnn through Python, cnn.keras", "label": "cnn.keras", "environment": "package",
     "script": "worker_python.py", "axes": {"": {"as it comes": {"LIBCNN": "{libcnn}", "PYTHONPATH": "{package}"}}},
     "tasks": {task: [{}] for task in TASKS}},
    keras("Keras 3 on TensorFlow, as it comes", "as it comes", "keras", "keras-plain", False),
    keras("Keras 3 on TensorFlow, tuned", "tuned", "keras", "keras", True),
    keras("tf_keras on TensorFlow, as it comes", "as it comes", "tf_keras", "tf_keras-plain", False),
    keras("tf_keras on TensorFlow, tuned", "tuned", "tf_keras", "tf_keras", True),
    {"name": "tensorflow", "title": "TensorFlow, bare tf.function", "label": "bare tf.function",
     "environment": "tensorflow",
     "script": "worker_tensorflow.py", "options": {"bare": True, "inter": 1},
     "axes": {"layers": {"layers of tf_keras": {"options": {"keras": "tf_keras"}}, "layers of Keras 3": {"options": {
         "keras": "keras"}}}, "allocator": ALLOCATORS, "pools": POOLS},
     "tasks": {task: product(jit=["0", "1"]) for task in ("train", "infer", "single")}},
    {"name": "torch-debian", "title": "PyTorch of Debian", "label": "Debian's package", "environment": "debian", "script": "worker_torch.py",
     "axes": {"blas": OPENBLAS, "allocator": ALLOCATORS, "capability": CAPABILITY},
     "tasks": {"train": product(layout=LAYOUTS, adam=["foreach", "single"]),
               "infer": product(layout=LAYOUTS, form=["eager", "traced", "mkldnn"]),
               "single": product(layout=LAYOUTS, form=["eager", "traced", "mkldnn"])}},
    {"name": "torch", "title": "PyTorch, eager or traced", "label": "eager or traced", "environment": "torch", "script": "worker_torch.py",
     "axes": {"allocator": ALLOCATORS, "capability": CAPABILITY},
     "tasks": {"train": product(layout=LAYOUTS, adam=["fused", "foreach", "single"]),
               "infer": product(layout=LAYOUTS, form=["eager", "traced", "mkldnn"]),
               "single": product(layout=LAYOUTS, form=["eager", "traced", "mkldnn"])}},
    {"name": "torch-compile", "title": "PyTorch, torch.compile", "label": "torch.compile", "environment": "torch", "script": "worker_torch.py",
     "axes": {"allocator": ALLOCATORS},
     "tasks": {"train": product(layout=LAYOUTS, adam=["fused"], form=["compile"]),
               "infer": product(layout=LAYOUTS, form=["compile", "frozen"]),
               "single": product(layout=LAYOUTS, form=["compile", "frozen"])}},
    {"name": "onnxruntime", "title": "ONNX Runtime, NCHW model", "label": "NCHW model", "environment": "onnxruntime",
     "script": "worker_onnxruntime.py", "axes": {"allocator": ALLOCATORS},
     "tasks": {"infer": product(spin=["1", "0"], binding=["0", "1"]), "single": product(spin=["1", "0"], binding=["0", "1"])}},
]

FOLDER = pathlib.Path(__file__).resolve().parent
